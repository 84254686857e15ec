package gatewayworker

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"
)

// What a page answers with a pong counts as a ping, as its JSON.parse reads it.
func TestPings_text(t *testing.T) {
	for text, want := range map[string]int{
		`{"type":"ping"}`:                                           1,
		" {\"x\":[1],\n\"type\" : \"ping\"} ":                       1,
		`{"type":"order","type":"ping"}`:                            1,
		`{"type":"ping","type":"order"}`:                            0,
		`{"type":"ping","type":["ping"]}`:                           0,
		`{"type":"\u0070ing"}`:                                      1,
		`{"\u0074ype":"ping"}`:                                      1,
		`{"type":"ping","at":"` + strings.Repeat("x", 1<<20) + `"}`: 1,
		`{"type":"ping","at":` + strings.Repeat("[", deepest+1) + strings.Repeat("]", deepest+1) + `}`: 1,
		`{"type":"order","of":{"type":"ping"}}`:                                                        0,
		`{"Type":"ping"}`:                                                                              0,
		`{"type":"ping"} {"type":"ping"}`:                                                              0,
		`{"type":"ping"`:                                                                               0,
		`{type:"ping"}`:                                                                                0,
		`["ping"]`:                                                                                     0,
		`"ping"`:                                                                                       0,
		"it is shipping":                                                                               0,
		"{shop} is shipping":                                                                           0,
		"":                                                                                             0,
	} {
		if n, sure := pingsIn(Push{Data: []byte(text)}); n != want || !sure {
			t.Errorf("%.60q counts as %d pings (sure: %t), want %d", text, n, sure, want)
		}
	}
}

// Nobody knows what a page answers to raw bytes that are not whole frames.
func TestPings_raw(t *testing.T) {
	const ping = `{"type":"ping"}`
	frame := func(first byte, text string) string { return string([]byte{first, byte(len(text))}) + text }
	long := `{"type":"ping","x":"` + strings.Repeat("x", 300) + `"}`
	for _, c := range []struct {
		name, bytes string
		want        int
		sure        bool
	}{
		{"a ping", frame(0x81, ping), 1, true},
		{"two beside another", frame(0x81, ping) + frame(0x81, `{}`) + frame(0x81, ping), 2, true},
		{"a long one", "\x81\x7e" + string([]byte{byte(len(long) >> 8), byte(len(long))}) + long, 1, true},
		{"a longer one", "\x81\x7f\x00\x00\x00\x00\x00\x00" + string([]byte{byte(len(long) >> 8), byte(len(long))}) + long, 1, true},
		{"binary", frame(0x82, ping), 0, true},
		{"WebSocket's own", frame(0x89, ping), 0, true},
		{"nothing", "", 0, true},
		{"half a frame", frame(0x81, ping)[:9], 0, false},
		{"the other half", frame(0x81, ping)[9:], 0, false},
		{"one and a half", frame(0x81, ping) + frame(0x81, ping)[:9], 1, false},
		{"half a header", "\x81", 0, false},
		{"half a long header", "\x81\x7e\x00", 0, false},
		{"longer than there are bytes", "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 0, false},
		{"the first part of a message", frame(0x01, ping[:7]), 0, false},
		{"its last part", frame(0x80, ping[7:]), 0, false},
		{"compressed", frame(0xc1, ping), 0, false},
		{"masked", frame(0x81, ping)[:1] + "\x8f" + ping, 0, false},
	} {
		if n, sure := pingsIn(Push{Data: []byte(c.bytes), Raw: true}); n != c.want || sure != c.sure {
			t.Errorf("%s counts as %d pings (sure: %t), want %d (%t)", c.name, n, sure, c.want, c.sure)
		}
	}
}

// keeper is a page's socket that keeps what it is handed.
type keeper struct {
	Client

	got []Push
}

func (c *keeper) Push(p Push) bool {
	c.got = append(c.got, p)
	return true
}

func (*keeper) Kick() {}

// What goes to many sockets is read once, before it is theirs: each of them would do so
// under its lock, and some MiB take long.
func TestPings_onceForAll(t *testing.T) {
	g := bareGate(t)
	var pages []*keeper
	for range 100 {
		page := &keeper{}
		pages = append(pages, page)
		g.Connect(page, netip.AddrPort{}, httptest.NewRequest(http.MethodGet, "/", nil))
	}
	toAll := text(cmdSendToAll, 0, "", `{"type":"ping","at":"`+strings.Repeat("x", 4<<20)+`"}`)
	lastWord := text(cmdKick, 1, "", "{}")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	g.push(&toAll)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 100<<20 { // 100 times 4 MiB if it is read for each
		t.Errorf("it takes %d bytes", took)
	}
	g.push(&lastWord)
	for i, page := range pages {
		if len(page.got) == 0 || page.got[0].Pings != 1 || !page.got[0].Sure {
			t.Errorf("socket %d is not told that it is handed a ping", i+1)
		}
	}
	if last := pages[0].got[len(pages[0].got)-1]; len(pages[0].got) != 2 || last.Pings != 0 || !last.Sure {
		t.Errorf("of its last word the first socket is told %d pings (sure: %t)", last.Pings, last.Sure)
	}
}
