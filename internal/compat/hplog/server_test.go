package hplog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"haggle/internal/chat"
	"haggle/internal/compat/hplog"
	"haggle/internal/compat/legacy"
	"haggle/internal/media"
	"haggle/internal/store/sqlstore"
	"haggle/internal/testkit"
)

// database starts a MariaDB with the old table in it, as shops have it.
func database(t *testing.T) *testkit.MariaDB {
	t.Helper()
	db, err := testkit.StartMariaDB(t.Context())
	testkit.Need(t, !errors.Is(err, testkit.ErrNoMariaDB), err)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Stop(); err != nil {
			t.Error(err)
		}
	})
	sql(t, db, "SET GLOBAL innodb_flush_log_at_trx_commit = 0; CREATE DATABASE shop") // nothing here has to survive
	return db
}

func sql(t *testing.T, db *testkit.MariaDB, query string) {
	t.Helper()
	cmd := db.Client(t.Context(), "")
	cmd.Args = cmd.Args[:len(cmd.Args)-2] // from standard input: it may be long
	cmd.Args = append(cmd.Args, "--binary-mode", "--max-allowed-packet=64M")
	cmd.Stdin = strings.NewReader("SET NAMES binary; SET sql_mode=''; " + query)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%.200s: %v: %s", query, err, out)
	}
}

// createTable is the table of the contract.
func createTable(name, engine, charset string) string {
	return "USE shop; CREATE TABLE `" + name + "` (" +
		"id int unsigned NOT NULL AUTO_INCREMENT, user_id int unsigned NOT NULL DEFAULT 0, merchant_id varchar(15) NOT NULL DEFAULT '', send_message text, " +
		"send_message_type tinyint NOT NULL DEFAULT 1 COMMENT '1 plain text; 2 link (a, b), 3 it''s a picture', sender tinyint NOT NULL DEFAULT 1, " +
		"send_time int NOT NULL DEFAULT 0, read_status tinyint unsigned NOT NULL DEFAULT 0, acc_isonline tinyint NOT NULL DEFAULT 0, PRIMARY KEY (id)" +
		") ENGINE=" + engine + " AUTO_INCREMENT=157 DEFAULT CHARSET=" + charset + "; "
}

// want is what a row must become, written down when it was made.
type want struct {
	id      int64
	buyer   chat.UID
	shop    chat.UID
	sender  chat.Side
	at      int64
	online  bool
	read    bool
	blocks  string // see describe
	reasons []hplog.Reason
	refused bool
}

// describe writes blocks so that they can be compared: pictures without their names.
func describe(blocks []chat.Block) string {
	parts := make([]string, len(blocks))
	for i, b := range blocks {
		switch b.Type {
		case chat.TextBlock:
			parts[i] = "text:" + b.Text
		case chat.ImageBlock:
			parts[i] = fmt.Sprintf("image:%dx%d", b.Image.Width, b.Image.Height)
		case chat.ProductBlock:
			parts[i] = fmt.Sprintf("product:%s,%s,%d,%s,%s,%s", b.Product.ID, b.Product.Title, b.Product.Amount, b.Product.Image, b.Product.URL, b.Product.Kind)
		case chat.NoticeBlock:
			parts[i] = "notice:" + string(b.Notice.Code) + "," + b.Notice.Detail
		}
	}
	return strings.Join(parts, "|")
}

func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\x00", `\0`).Replace(s) + "'"
}

// mojibake is s encoded once too often.
func mojibake(s string) string {
	out, err := charmap.Windows1252.NewDecoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

// dirty makes rows with every kind of dirt, as SQL and as what must become of them.
type dirty struct {
	rng   *rand.Rand
	rows  []string
	wants []want
	utf8  bool // the column is of three-byte UTF-8; else it takes any bytes
}

func (d *dirty) add(w want, merchant, message string, kind, sender int, at int64) {
	user := strings.TrimPrefix(string(w.buyer), "U_")
	b := func(v bool) int {
		if v {
			return 1
		}
		return 0
	}
	d.rows = append(d.rows, fmt.Sprintf("(%d,%s,%s,%s,%d,%d,%d,%d,%d)",
		w.id, user, quote(merchant), quote(message), kind, sender, at, b(w.read), b(w.online)))
	d.wants = append(d.wants, w)
}

var plainTexts = []string{
	"在吗", `he said "hi"`, `C:\new`, "two\nlines", "007", "it's", "100% %d", "</script><b>", "&lt;not decoded&gt;", "\u2028", "ünï", "x\ty",
}

// one adds the row of an id, of a kind that chance chooses.
func (d *dirty) one(id int64, dirt bool) {
	r := d.rng
	w := want{
		id: id, buyer: chat.UID("U_" + strconv.Itoa(1+r.IntN(500))), shop: chat.UID([]string{"V_1", "V_2", "E_9"}[r.IntN(3)]),
		sender: chat.Side(r.IntN(2)), at: 1_500_000_000 + id*7, online: r.IntN(2) == 0, read: r.IntN(3) == 0,
	}
	sender := int(w.sender) + 1
	text := plainTexts[r.IntN(len(plainTexts))] + " " + strconv.FormatInt(id, 10)
	if w.sender == chat.MerchantSide {
		text = "亲 " + strconv.FormatInt(id, 10) // HTML is a kind of its own
	}
	w.blocks = "text:" + text
	kind := 0
	if dirt {
		kind = r.IntN(24)
	}
	issue := func(reason hplog.Reason) { w.reasons = append(w.reasons, reason) }
	switch kind {
	case 1:
		w.sender, sender = chat.BuyerSide, 1
		w.blocks = "product:77,Mug \"x\",990,/img/a.jpg,,virtual"
		if w.shop == "E_9" {
			w.blocks = strings.Replace(w.blocks, "virtual", "physical", 1)
		}
		d.add(w, string(w.shop), `{"product_id":77,"product_name":"Mug \"x\"","product_image":"[\"./img/a.jpg\"]","product_price":"9.90"}`, 2, sender, w.at)
	case 2:
		issue(hplog.CardBroken)
		w.blocks = `notice:card_broken,|text:{"product_id":77,"produ`
		d.add(w, string(w.shop), `{"product_id":77,"produ`, 2, sender, w.at)
	case 3:
		w.blocks = "image:41x30|image:42x30"
		d.add(w, string(w.shop), `["./upload/chat/a.png","\/upload\/chat\/b.png"]`, 3, sender, w.at)
	case 4:
		issue(hplog.ImageMissing)
		issue(hplog.ImageMissing) // and one that was never saved
		w.blocks = "image:41x30|notice:image_missing,./upload/chat/gone.jpg|notice:image_missing,"
		d.add(w, string(w.shop), `["./upload/chat/a.png","./upload/chat/gone.jpg",""]`, 3, sender, w.at)
	case 5:
		issue(hplog.ImageBroken)
		w.blocks = "notice:image_broken,./upload/chat/shell.php"
		d.add(w, string(w.shop), `["./upload/chat/shell.php"]`, 3, sender, w.at)
	case 6:
		issue(hplog.ImageMissing)
		w.blocks = "notice:image_missing,../../../../etc/passwd"
		d.add(w, string(w.shop), `["../../../../etc/passwd"]`, 3, sender, w.at)
	case 7:
		issue(hplog.ListBroken)
		w.blocks = `notice:list_broken,|text:["./upload`
		d.add(w, string(w.shop), `["./upload`, 3, sender, w.at)
	case 8:
		issue(hplog.UnknownType)
		w.blocks = "notice:unknown_type,9|" + w.blocks
		d.add(w, string(w.shop), text, 9, sender, w.at)
	case 9:
		w.sender, sender = chat.MerchantSide, 2
		w.blocks = "text:see <b>\nthis |image:41x30|text: ok & \"x\""
		d.add(w, string(w.shop), `see &lt;b&gt;<br>this <img hp='Zm9v' src='./upload/chat/a.png'> ok &amp; "x"`, 1, sender, w.at)
	case 10:
		issue(hplog.NoBuyer)
		w.refused, w.buyer = true, "U_0"
		d.add(w, string(w.shop), text, 1, sender, w.at)
	case 11:
		issue(hplog.NoMerchant)
		w.refused = true
		d.add(w, []string{"", "7", "M_7", "V_"}[r.IntN(4)], text, 1, sender, w.at)
	case 12:
		issue(hplog.NoSender)
		w.refused = true
		d.add(w, string(w.shop), text, 1, 0, w.at)
	case 13:
		issue(hplog.NoTime)
		w.at = 0
		d.add(w, string(w.shop), text, 1, sender, 0)
	case 14:
		issue(hplog.Mended)
		w.sender, sender = chat.BuyerSide, 1
		w.blocks = "text:你好 " + strconv.FormatInt(id, 10)
		d.add(w, string(w.shop), mojibake("你好 "+strconv.FormatInt(id, 10)), 1, sender, w.at)
	case 15:
		w.sender, sender = chat.BuyerSide, 1
		w.blocks = "text:"
		issue(hplog.Empty)
		d.add(w, string(w.shop), "", 1, sender, w.at)
	case 16:
		w.sender, sender = chat.BuyerSide, 1
		issue(hplog.BadBytes)
		w.blocks = "text:a\ufffdb|notice:bad_bytes,"
		d.add(w, string(w.shop), "a\x00b", 1, sender, w.at)
	case 17:
		if d.utf8 { // that column cannot hold such bytes
			d.add(w, string(w.shop), text, 1, sender, w.at)
			return
		}
		w.sender, sender = chat.BuyerSide, 1
		issue(hplog.BadBytes)
		w.blocks = "text:cut \ufffd|notice:bad_bytes,"
		d.add(w, string(w.shop), "cut \xe4\xbd", 1, sender, w.at)
	default:
		d.add(w, string(w.shop), text, 1, sender, w.at)
	}
}

// insert is all of it as SQL.
func (d *dirty) insert(table string) string {
	var b strings.Builder
	for chunk := range slices.Chunk(d.rows, 500) {
		fmt.Fprintf(&b, "INSERT INTO `%s` VALUES %s;\n", table, strings.Join(chunk, ","))
	}
	return b.String()
}

// uploads is the old chat's folder.
func uploads(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "upload")
	if err := os.MkdirAll(filepath.Join(dir, "chat"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"a.png": pngPicture(1), "b.png": pngPicture(2), "shell.php": []byte("<?php ?>"),
	} {
		if err := os.WriteFile(filepath.Join(dir, "chat", name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// haggle is the store and the media line that rows go to.
type haggle struct {
	*sqlstore.Store

	media *media.Service
}

type freely struct{}

func (freely) Allow(chat.Action, chat.Actor) error { return nil }

func newHaggle(t *testing.T) haggle {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(dir, "haggle.db"))
	if err != nil {
		t.Fatal(err)
	}
	disk, err := media.OpenDisk(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(disk.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	limits := chat.DefaultLimits()
	return haggle{store, media.NewService(store, disk, freely{}, media.NewLine(limits), limits, slog.New(slog.DiscardHandler))}
}

// bringIn imports a source and returns the report and the issues by row.
func (h haggle) bringIn(t *testing.T, source hplog.Source, dir string, change func(*hplog.Importer)) (hplog.Report, map[int64][]hplog.Reason) {
	t.Helper()
	pictures, err := hplog.OpenUploads(dir, h.media, 20<<20)
	if err != nil {
		t.Fatal(err)
	}
	var issues bytes.Buffer
	m := &hplog.Importer{Source: source, Store: h.Store, Uploads: pictures, Issues: &issues}
	if change != nil {
		change(m)
	}
	report, err := m.Run(t.Context())
	if err := errors.Join(err, pictures.Close()); err != nil {
		t.Fatal(err)
	}
	byRow := make(map[int64][]hplog.Reason)
	for dec := json.NewDecoder(&issues); dec.More(); {
		var i hplog.Issue
		if err := dec.Decode(&i); err != nil {
			t.Fatal(err)
		}
		byRow[i.ID] = append(byRow[i.ID], i.Reason)
	}
	return report, byRow
}

// check compares every row with what must have become of it.
func (h haggle) check(t *testing.T, wants []want, issues map[int64][]hplog.Reason) {
	t.Helper()
	type between struct{ buyer, shop chat.UID }
	next := make(map[between][]want)
	refused := 0
	for _, w := range wants {
		if !slices.Equal(issues[w.id], w.reasons) {
			t.Errorf("row %d is reported as %v, want %v", w.id, issues[w.id], w.reasons)
		}
		if w.refused {
			refused++
			continue
		}
		next[between{w.buyer, w.shop}] = append(next[between{w.buyer, w.shop}], w)
	}
	found := 0
	for b, rows := range next {
		c, err := h.ConversationBetween(t.Context(), b.buyer, b.shop)
		if err != nil {
			t.Fatalf("%s and %s: %v", b.buyer, b.shop, err)
		}
		ms, err := h.MessagesAfter(t.Context(), c.ID, 0, len(rows)+1)
		if err != nil || len(ms) != len(rows) {
			t.Fatalf("%s and %s have %d messages, %v, want %d", b.buyer, b.shop, len(ms), err, len(rows))
		}
		found += len(ms)
		compare(t, c, ms, rows)
	}
	if found+refused != len(wants) {
		t.Errorf("%d stored and %d refused of %d", found, refused, len(wants))
	}
}

func compare(t *testing.T, c chat.Conversation, ms []chat.Message, rows []want) {
	t.Helper()
	var read, last [2]chat.Seq
	at := int64(1)
	for i, w := range rows {
		m := ms[i]
		if w.at > 0 {
			at = w.at
		}
		online := m.RecipientOnline != nil && *m.RecipientOnline
		if got := describe(m.Blocks); m.Sender != c.UIDs[w.sender] || got != w.blocks || m.SentAt.Unix() != at || online != w.online {
			t.Errorf("row %d became %s of %s at %d, online %v, want %s of %s at %d, %v", w.id, got, m.Sender, m.SentAt.Unix(), online, w.blocks, c.UIDs[w.sender], at, w.online)
		}
		last[w.sender] = m.Seq
		if w.read {
			read[w.sender.Other()] = m.Seq
		}
	}
	for side := range read {
		if want := max(read[side], last[side]); c.Sides[side].Read != want {
			t.Errorf("%s: side %d has read up to %d, want %d", c.UIDs, side, c.Sides[side].Read, want)
		}
	}
}

// total checks that of every row it is said what became of it.
func total(t *testing.T, r hplog.Report, want int64) {
	t.Helper()
	if r.Read != want || r.Stored+r.Known+r.Refused != r.Read {
		t.Errorf("read %d, stored %d, known %d, refused %d, want %d in all", r.Read, r.Stored, r.Known, r.Refused, want)
	}
}

// A table of 100,000 rows with every kind of dirt comes in, from the server and from a
// dump of it, and every row becomes what it must.
func TestImport_dirt(t *testing.T) {
	db := database(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, c := range []struct {
		table, engine, charset string
		rows                   int
	}{
		{"hp_chat_log", "MyISAM", "utf8", dirtRows},
		{"log_latin1", "MyISAM", "latin1", dirtRows / 20},
		{"log_utf8mb4", "InnoDB", "utf8mb4", dirtRows / 50},
	} {
		t.Run(c.table, func(t *testing.T) {
			d := &dirty{rng: rand.New(rand.NewPCG(seed, 1)), utf8: c.charset != "latin1"}
			for i := range c.rows {
				d.one(int64(157+i*2), i%10 == 0)
			}
			sql(t, db, createTable(c.table, c.engine, c.charset)+d.insert(c.table))
			source, err := hplog.OpenServer("mysql://root@/shop?socket="+db.Socket, c.table)
			if err != nil {
				t.Fatal(err)
			}
			h := newHaggle(t)
			dir := uploads(t)
			report, issues := h.bringIn(t, source, dir, nil)
			t.Logf("from the server:\n%s", report)
			total(t, report, int64(c.rows))
			h.check(t, d.wants, issues)

			again, listed := h.bringIn(t, source, dir, nil)
			if err := source.Close(); err != nil {
				t.Error(err)
			}
			if again.Stored != 0 || again.Known != report.Stored {
				t.Errorf("a second time: %+v", again)
			}
			if diff := cmp.Diff(issues, listed); diff != "" {
				t.Errorf("what a second run lists (-first +second):\n%s", diff)
			}
			testDump(t, db, c.table, d.wants, dir)
		})
	}
}

// testDump imports what mysqldump writes, with some of its options.
func testDump(t *testing.T, db *testkit.MariaDB, table string, wants []want, dir string) {
	for name, args := range map[string][]string{
		"as it is":         {},
		"complete inserts": {"--complete-insert", "--skip-extended-insert", "--skip-comments"},
		"hexadecimal":      {"--hex-blob", "--compatible=ansi", "--replace"},
	} {
		if name != "as it is" && len(wants) == dirtRows {
			continue
		}
		t.Run(name, func(t *testing.T) {
			// The bytes as they are in the table, whatever it says of them.
			path := filepath.Join(t.TempDir(), "dump.sql")
			cmd := db.Dump(t.Context(), append(args, "--default-character-set=binary", "--result-file="+path, "shop")...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			source, err := hplog.OpenDump(path, table)
			if err != nil {
				t.Fatal(err)
			}
			h := newHaggle(t)
			report, issues := h.bringIn(t, source, dir, nil)
			total(t, report, int64(len(wants)))
			h.check(t, wants, issues)
		})
	}
}

// What goes out is a table again: MariaDB takes it, and what comes in from there is the
// same once more.
func TestExport_roundTrip(t *testing.T) {
	db := database(t)
	d := &dirty{rng: rand.New(rand.NewPCG(1, 1)), utf8: true}
	const rows = dirtRows / 50
	for i := range rows {
		d.one(int64(1+i), i%3 == 0)
	}
	sql(t, db, createTable("hp_chat_log", "MyISAM", "utf8")+d.insert("hp_chat_log"))
	h := newHaggle(t)
	source, err := hplog.OpenServer("mysql://root@/shop?socket="+db.Socket, "hp_chat_log")
	if err != nil {
		t.Fatal(err)
	}
	first, _ := h.bringIn(t, source, "", nil)
	if err := source.Close(); err != nil {
		t.Fatal(err)
	}
	const long = "V_a-merchant-whose-name-is-longer-than-15"
	_, err = h.Append(t.Context(), chat.Append{
		Start: &chat.Start{ID: chat.NewConversationID(), Buyer: "U_9001", Other: long}, Sender: "U_9001", Nonce: "n", Hash: []byte("h"),
		SentAt: time.Now(), Blocks: []chat.Block{{Type: chat.TextBlock, Text: "😀 it's \\ \"new\"\n%"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	done, err := hplog.Export(t.Context(), h.Store, &out, hplog.SQL, false)
	if err != nil || done.Rows != first.Stored+1 {
		t.Fatalf("exported %+v, %v", done, err)
	}
	sql(t, db, "CREATE DATABASE back; USE back; "+out.String())
	back, err := hplog.OpenServer("mysql://root@/back?socket="+db.Socket, "hp_chat_log")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = back.Close() }() // only read
	// Going back, what was said here is added to the table that there is.
	out.Reset()
	if done, err := hplog.Export(t.Context(), h.Store, &out, hplog.SQL, true); err != nil || done.Rows != 1 {
		t.Fatalf("exported %+v, %v", done, err)
	}
	sql(t, db, "USE shop; "+out.String()) // whose columns are too narrow for it
	count, err := db.Client(t.Context(), "SELECT count(*), max(id) < 2000000000 FROM shop.hp_chat_log; SELECT send_message, merchant_id FROM shop.hp_chat_log WHERE user_id = 9001").Output()
	if err != nil || !strings.Contains(string(count), fmt.Sprint(rows+1, "\t1")) || !strings.Contains(string(count), `😀 it's \\ "new"\n%`+"\t"+long) {
		t.Errorf("the old table has %s, %v", count, err)
	}
	twin := newHaggle(t)
	second, _ := twin.bringIn(t, back, "", nil)
	if second.Stored != first.Stored || second.Refused != 1 { // the new one's id is none of the old table's
		t.Errorf("first %+v, second %+v", first, second)
	}
	mine, theirs := everything(t, h.Store), everything(t, twin.Store)
	for id, was := range mine {
		if is := theirs[id]; id < legacy.FirstOwn && is != was {
			t.Errorf("row %d was %s, and is %s", id, was, is)
		}
	}
}

// everything is all messages by number, as far as a table can carry them.
func everything(t *testing.T, s legacy.Store) map[legacy.Num]string {
	t.Helper()
	all := make(map[legacy.Num]string)
	for after := legacy.Num(0); ; {
		page, err := s.Export(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range page {
			after = n.Num
			said := slices.DeleteFunc(slices.Clone(n.Message.Blocks), func(b chat.Block) bool { return b.Type == chat.NoticeBlock && b.Notice.Detail == "" })
			for i := range said { // the table has no price
				if said[i].Product != nil {
					p := *said[i].Product
					p.Amount = 0
					said[i].Product = &p
				}
			}
			text := describe(said)
			if i := strings.Index(text, "notice:unknown_type,9|"); i == 0 {
				text = text[len("notice:unknown_type,9|"):]
			}
			all[n.Num] = fmt.Sprintf("%s to %s: %s at %d, read %v", n.Message.Sender, n.Buyer+n.Merchant, text, n.Message.SentAt.Unix(), n.Read)
		}
		if len(page) < 1000 {
			return all
		}
	}
}

// What was written to the old table after the switch is refused, or comes in late.
func TestImport_delta(t *testing.T) {
	db := database(t)
	row := func(id int, at int64) string { return fmt.Sprintf("(%d,7,'V_1','row %d',1,1,%d,0,0)", id, id, at) }
	sql(t, db, createTable("hp_chat_log", "MyISAM", "utf8")+"INSERT INTO hp_chat_log VALUES "+row(1, 1000)+";")
	h := newHaggle(t)
	source, err := hplog.OpenServer("mysql://root@/shop?socket="+db.Socket, "hp_chat_log")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close() }() // only read
	h.bringIn(t, source, "", nil)
	c, err := h.ConversationBetween(context.WithoutCancel(t.Context()), "U_7", "V_1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Append(t.Context(), chat.Append{
		Conversation: c.ID, Sender: "U_7", Nonce: "n", Hash: []byte("h"), SentAt: time.Unix(3000, 0), Blocks: []chat.Block{{Type: chat.TextBlock, Text: "here"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sql(t, db, "USE shop; INSERT INTO hp_chat_log VALUES "+row(2, 2000)+","+row(3, 4000)+";")
	report, issues := h.bringIn(t, source, "", nil)
	if report.Known != 1 || report.Refused != 1 || report.Stored != 1 || !slices.Equal(issues[2], []hplog.Reason{hplog.OlderThanNew}) {
		t.Errorf("the delta: %+v, %v", report, issues)
	}
	report, issues = h.bringIn(t, source, "", func(m *hplog.Importer) { m.Late = true })
	if report.Known != 2 || report.Late != 1 || !slices.Equal(issues[2], []hplog.Reason{hplog.AddedLater}) {
		t.Errorf("with Late: %+v, %v", report, issues)
	}
	ms, err := h.MessagesAfter(t.Context(), c.ID, 0, 10)
	if err != nil || len(ms) != 4 || describe(ms[3].Blocks) != "notice:added_later,|text:row 2" {
		t.Errorf("there are %+v, %v", ms, err)
	}
}
