package hplog

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
)

const head = "-- MariaDB dump\n/*!40101 SET NAMES utf8 */;\nDROP TABLE IF EXISTS `hp_chat_log`;\nCREATE TABLE `hp_chat_log` (\n" +
	"  `id` int(10) unsigned NOT NULL AUTO_INCREMENT COMMENT 'a; (b), ''c''',\n  `user_id` int NOT NULL,\n  `merchant_id` varchar(15) NOT NULL DEFAULT '',\n" +
	"  `send_message` text,\n  `send_message_type` tinyint,\n  `sender` tinyint,\n  `send_time` int,\n  `read_status` tinyint,\n  `acc_isonline` tinyint,\n" +
	"  PRIMARY KEY (`id`)\n) ENGINE=MyISAM;\nLOCK TABLES `hp_chat_log` WRITE;\n"

func TestParseDump(t *testing.T) {
	row := Row{ID: 157, User: 7, Merchant: []byte("V_1"), Message: []byte("hi"), Type: 1, Sender: 2, Time: 1500000000, Read: 1}
	said := func(text string) Row {
		r := row
		r.Message = []byte(text)
		return r
	}
	for _, c := range []struct {
		name, sql string
		want      []Row
		err       bool
	}{
		{name: "one row", sql: head + "INSERT INTO `hp_chat_log` VALUES (157,7,'V_1','hi',1,2,1500000000,1,0);\n", want: []Row{row}},
		{name: "two rows, blanks", sql: head + "INSERT INTO `hp_chat_log` VALUES\n(157,7,'V_1','hi',1,2,1500000000,1,0),\n ( 157 , 7 , 'V_1' , 'hi' , 1,2,1500000000,1,0 ) ;", want: []Row{row, row}},
		{name: "escapes", sql: head + `INSERT INTO hp_chat_log VALUES (157,7,'V_1','\'\"\\\n\r\t\0\Z\b\%\_\x''"',1,2,1500000000,1,0);`, want: []Row{said("'\"\\\n\r\t\x00\x1a\b\\%\\_x'\"")}},
		{name: "SQL in a text", sql: head + `INSERT INTO hp_chat_log VALUES (157,7,'V_1','); DROP TABLE x; -- /* (1,',1,2,1500000000,1,0);`, want: []Row{said("); DROP TABLE x; -- /* (1,")}},
		{name: "columns named", sql: "INSERT IGNORE INTO `shop`.`hp_chat_log` (`send_message`, `id`, sender, extra) VALUES ('hi',157,2,'x');", want: []Row{{ID: 157, Sender: 2, Message: []byte("hi")}}},
		{name: "hexadecimal and NULL", sql: head + "REPLACE INTO `hp_chat_log` VALUES (157,7,_binary 'V_1',0x6869,1,2,1500000000,1,NULL),(157,7,x'565F31',_binary 0x6869,1,2,1500000000,1,0);", want: []Row{row, row}},
		{name: "other tables", sql: "CREATE TABLE `o` (`a` text DEFAULT 'x;y');INSERT INTO `o` VALUES ('INSERT INTO `hp_chat_log` VALUES (1)');\n" + head + "INSERT INTO `hp_chat_log` VALUES (157,7,'V_1','hi',1,2,1500000000,1,0);INSERT INTO `o` VALUES (';');", want: []Row{row}},
		{name: "nothing in it", sql: head + "UNLOCK TABLES;\n-- Dump completed"},
		{name: "an empty file", sql: ""},
		{name: "cut off", sql: head + "INSERT INTO `hp_chat_log` VALUES (157,7,'V_1','h", err: true},
		{name: "cut off between rows", sql: head + "INSERT INTO `hp_chat_log` VALUES (157,7,'V_1','hi',1,2,1500000000,1,0),", want: []Row{row}, err: true},
		{name: "cut off in what the table is", sql: "CREATE TABLE `hp_chat_log` (\n  `id` int,\n", err: true},
		{name: "too few values", sql: head + "INSERT INTO `hp_chat_log` VALUES (157,7);", err: true},
		{name: "a text for a number", sql: head + "INSERT INTO `hp_chat_log` VALUES ('x',7,'V_1','hi',1,2,1500000000,1,0);", err: true},
		{name: "no columns known", sql: "INSERT INTO `hp_chat_log` VALUES (157,7,'V_1','hi',1,2,1500000000,1,0);", err: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []Row
			err := parseDump(strings.NewReader(c.sql), "hp_chat_log", func(r *Row) error { got = append(got, *r); return nil })
			if (err != nil) != c.err {
				t.Errorf("error %v, want one: %v", err, c.err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// A dump of a table in which rows were deleted has them in any order, and may be
// packed.
func TestOpenDump(t *testing.T) {
	var sql bytes.Buffer
	z := gzip.NewWriter(&sql)
	_, err := z.Write([]byte(head + "INSERT INTO `hp_chat_log` VALUES (9,7,'V_1','c',1,1,3,0,0),(2,7,'V_1','a',1,1,1,0,0),(5,7,'V_1','b',1,1,2,0,0);"))
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dump.sql.gz")
	if err := os.WriteFile(path, sql.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := OpenDump(path, "hp_chat_log")
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	if err := d.Rows(t.Context(), func(r *Row) error { ids = append(ids, r.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Total(t.Context()); err != nil || n != 3 || !cmp.Equal(ids, []int64{2, 5, 9}) {
		t.Errorf("%d rows, %v: %v", n, err, ids)
	}
	if _, err := OpenDump(path, "x`; DROP TABLE y"); chat.AsError(err).Code != "invalid_table" {
		t.Errorf("a table of any name: %v", err)
	}
}

// A password must not come out with an error.
func TestOpenServer_addressIsASecret(t *testing.T) {
	for _, address := range []string{"mysql://u:hunter2@/db", "mysql://u:hunter2@host:x/db", "mysql://u:hunter2@host", "postgres://u:hunter2@host/db", "mysql://u:hunter2@host/db?allowAllFiles=true"} {
		_, err := OpenServer(address, "hp_chat_log")
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Whatever a file holds, it is read or refused.
func FuzzParseDump(f *testing.F) {
	f.Add(head + `INSERT INTO hp_chat_log VALUES (157,7,_binary 'V_1','a\'b''c',1,2,0x31,NULL,0),(1,2,3,4,5,6,7,8,9);`)
	f.Add("CREATE TABLE IF NOT EXISTS `hp_chat_log` (`id` int, KEY (`id`)); INSERT INTO hp_chat_log (id) VALUES (1) ON DUPLICATE KEY UPDATE id=2;")
	f.Fuzz(func(t *testing.T, sql string) {
		n := 0
		err := parseDump(strings.NewReader(sql), "hp_chat_log", func(*Row) error { n++; return nil })
		if err != nil && n > len(sql) {
			t.Errorf("%d rows of %d bytes", n, len(sql))
		}
	})
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		in             string
		want           string
		mended, broken bool
	}{
		{"发货", "发货", false, false},
		{"å\u008f‘è´§", "发货", true, false},
		{"plain", "plain", false, false},
		{"é", "é", false, false},
		{"price: £5", "price: £5", false, false},
		{"a\xff", "a\ufffd", false, true},
		{"a\x00b", "a\ufffdb", false, true},
	} {
		if got, mended, broken := decode([]byte(c.in)); got != c.want || mended != c.mended || broken != c.broken {
			t.Errorf("%q is read as %q, %v, %v, want %q, %v, %v", c.in, got, mended, broken, c.want, c.mended, c.broken)
		}
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"http://shop/a.jpg": "http://shop/a.jpg", "./img/a.jpg": "/img/a.jpg", "img/a.jpg": "/img/a.jpg", "/a": "/a", "": "",
		"javascript:alert(1)": "", "data:text/html,x": "", "//evil/x": "", "a b": "", `a"b`: "", "http:///x": "",
	} {
		if got := address(in); got != want {
			t.Errorf("address(%q) = %q, want %q", in, got, want)
		}
	}
}
