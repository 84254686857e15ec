package gatewayworker

import (
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
)

// The recordings are of PHP's GatewayClient talking to a real Gateway, whose socket
// number 1 is bound to U_7. They build on each other. Beside it there is another here, in g2,
// which gets what is for all but the first.
func TestRecorded(t *testing.T) {
	w := newWorld(t, nil)
	_, page := w.open()
	_, another := w.open()
	w.gate.table.join(2, "g2")
	p := w.php()
	for _, c := range []struct {
		name, packet string
		reply        string   // the answer, after its length
		pushed       []string // what reaches the page
		beside       []string // what reaches the other
	}{
		{"bindUid", "0000001f0c0000000000000000000000000000000101000000000003555f37", "", nil, nil},
		{"isUidOnline", "0000001f0f0000000000000000000000000000000001000000000003555f37", "a:1:{i:0;i:1;}", nil, nil},
		{"isUidsOnline", "0000002910000000000000000000000000000000000100000000000d5b22555f37222c22565f39225d", `a:2:{s:3:"U_7";a:1:{i:0;i:1;}s:3:"V_9";a:0:{}}`, nil, nil},
		{"sendToUid", "000000370e00000000000000000000000000000000010000000000075b22555f37225d7b2274797065223a22726563657074696f6e227d", "", []string{`{"type":"reception"}`}, nil},
		{"sendToClient", "0000002105000000000000000000000000000000010100000000000068656c6c6f", "", []string{"hello"}, nil},
		{"isOnline", "0000001c0b0000000000000000000000000000000101000000000000", "i:1;", nil, nil},
		{"joinGroup", "0000001e1400000000000000000000000000000001010000000000026731", "", nil, nil},
		{"sendToGroup", "0000003d16000000000000000000000000000000000100000000001f" + asHex(`{"group":["g1"],"exclude":null}gm`), "", []string{"gm"}, nil},
		{"sendToGroup, raw, but one", "0000004516000000000000000000000000000000000300000000 0027" + asHex(`{"group":["g1","g2"],"exclude":{"1":1}}gm`), "", nil, []string{"raw:gm"}},
		{"setSession", "00000042cc0000000000000000000000000000000101000000000026" + asHex(`a:2:{s:4:"name";s:2:"Li";s:1:"n";i:3;}`), "", nil, nil},
		{"updateSession", "0000002e090000000000000000000000000000000101000000000012" + asHex(`a:1:{s:1:"n";i:4;}`), "", nil, nil},
		{"getSession", "0000001ccb0000000000000000000000000000000101000000000000", `a:2:{s:4:"name";s:2:"Li";s:1:"n";i:4;}`, nil, nil},
		{"getUidByClientId", "0000005019000000000000000000000000000000000100000000 0034" + asHex(`{"fields":["uid"],"where":{"connection_id":{"1":1}}}`), `a:1:{i:1;a:1:{s:3:"uid";s:3:"U_7";}}`, nil, nil},
		{"sendToAll", "0000001f060000000000000000000000000000000001000000000000616c6c", "", []string{"all"}, []string{"all"}},
		{"sendToAll, to a list", "00000037060000000000000000000000000000000001000000000017" + asHex(`{"connections":{"1":1}}some`), "", []string{"some"}, nil},
		{"sendToAll, but one", "00000032060000000000000000000000000000000001000000000013" + asHex(`{"exclude":{"1":1}}not`), "", nil, []string{"not"}},
		{"closeClient", "0000001f070000000000000000000000000000000101000000000000627965", "", []string{"bye", "<kicked>"}, nil},
	} {
		p.write(fromHex(t, c.packet))
		if c.reply != "" {
			if got := p.reply(); got != c.reply {
				t.Errorf("%s is answered %s, want %s", c.name, got, c.reply)
			}
		}
		p.settle()
		if got := page.take(t, 0); !slices.Equal(got, c.pushed) {
			t.Errorf("%s pushed %q, want %q", c.name, got, c.pushed)
		}
		if got := another.take(t, 0); !slices.Equal(got, c.beside) {
			t.Errorf("%s pushed %q to the other, want %q", c.name, got, c.beside)
		}
	}
}

func TestRecorded_destroy(t *testing.T) {
	w := newWorld(t, nil)
	_, page := w.open()
	p := w.php()
	p.write(fromHex(t, "0000001c080000000000000000000000000000000101000000000000"))
	p.settle()
	if got := page.take(t, 0); !slices.Equal(got, []string{"<destroyed>"}) {
		t.Errorf("destoryClient: the page got %q", got)
	}
}

func TestRecorded_unbound(t *testing.T) {
	w := newWorld(t, nil)
	w.open()
	p := w.php()
	p.write(fromHex(t, "0000005019000000000000000000000000000000000100000000 0034"+asHex(`{"fields":["uid"],"where":{"connection_id":{"1":1}}}`)))
	if got, want := p.reply(), `a:1:{i:1;a:1:{s:3:"uid";N;}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// With a secret each packet of PHP's comes behind one that says it, in one write.
func TestRecorded_secret(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Secret = "s3cret" })
	w.open()
	p := w.php()
	p.write(fromHex(t, "00000033ca00000000000000000000000000000000010000000000007b227365637265745f6b6579223a22733363726574227d"+
		"0000001c0b0000000000000000000000000000000101000000000000"))
	if got := p.reply(); got != "i:1;" {
		t.Errorf("isOnline is answered %s", got)
	}
}

// What a worker is told, to the byte.
func TestRecorded_worker(t *testing.T) {
	w := newWorld(t, nil)
	worker := w.php()
	worker.write(fromHex(t, "00000044c8"+"0000000000000000000000000000000001000000000000"+asHex(`{"worker_key": "BW:0", "secret_key": ""}`)))
	worker.settle()
	c, _ := w.open()
	read := func() string {
		m := worker.event()
		return hex.EncodeToString(m.append(nil))
	}
	if got, want := read(), "0000001c017f000001364c7f0000018f1e000000010147ce00000000"; got != want {
		t.Errorf("ON_CONNECT is %s, want %s", got, want)
	}
	if m := worker.event(); m.command != cmdOnWebSocketConnect || m.flag != 0 {
		t.Errorf("then came %d, flag %d", m.command, m.flag)
	}
	c.Message([]byte(`{"type":"handshake","role":"user"}`))
	if got, want := read(), "0000003e037f000001364c7f0000018f1e000000010147ce000000007b2274797065223a2268616e647368616b65222c22726f6c65223a2275736572227d"; got != want {
		t.Errorf("ON_MESSAGE is %s, want %s", got, want)
	}
	if got := c.ID(); got != "7f000001364c00000001" {
		t.Errorf("client_id is %s", got)
	}
}

func asHex(s string) string { return hex.EncodeToString([]byte(s)) }

func fromHex(t testing.TB, s string) []byte {
	t.Helper()
	var b []byte
	if _, err := fmt.Sscanf(removeBlanks(s), "%x", &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func removeBlanks(s string) string {
	return string(slices.DeleteFunc([]byte(s), func(c byte) bool { return c == ' ' }))
}
