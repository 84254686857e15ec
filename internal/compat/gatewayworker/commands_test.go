package gatewayworker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Three sockets: 1 and 2 are U_7's, 3 is V_1's; 1 is in g1 and 7, 3 in g1.
func threeSockets(t *testing.T, w *world) (pages [3]*fakePage, p *php) {
	t.Helper()
	for i := range pages {
		_, pages[i] = w.open()
	}
	p = w.php()
	for _, m := range []packet{
		text(cmdBindUID, 1, "U_7", ""), text(cmdBindUID, 2, "U_7", ""), text(cmdBindUID, 3, "V_1", ""),
		text(cmdJoinGroup, 1, "g1", ""), text(cmdJoinGroup, 1, "7", ""), text(cmdJoinGroup, 3, "g1", ""),
		text(cmdSetSession, 3, `a:1:{s:1:"n";i:3;}`, ""),
	} {
		p.say(m)
	}
	return pages, p
}

func TestQuestions(t *testing.T) {
	w := newWorld(t, nil)
	_, p := threeSockets(t, w)
	for _, c := range []struct {
		m    packet
		want string
	}{
		{text(cmdGetClientIDByUID, 0, "U_7", ""), "a:2:{i:0;i:1;i:1;i:2;}"},
		{text(cmdGetClientIDByUID, 0, "nobody", ""), "a:0:{}"},
		{text(cmdBatchGetClientIDByUID, 0, `["V_1",5,"V_1"]`, ""), `a:2:{s:3:"V_1";a:1:{i:0;i:3;}i:5;a:0:{}}`},
		{text(cmdIsOnline, 3, "", ""), "i:1;"},
		{text(cmdIsOnline, 4, "", ""), "i:0;"},
		{text(cmdGetAllClientSessions, 0, "", ""), `a:3:{i:1;s:0:"";i:2;s:0:"";i:3;s:18:"a:1:{s:1:"n";i:3;}";}`},
		{text(cmdGetClientSessionsByGroup, 0, "g1", ""), `a:2:{i:1;s:0:"";i:3;s:18:"a:1:{s:1:"n";i:3;}";}`},
		{text(cmdGetClientCountByGroup, 0, "", ""), "i:3;"},
		{text(cmdGetClientCountByGroup, 0, "g1", ""), "i:2;"},
		{text(cmdBatchGetClientCount, 0, `["g1","7","x",null]`, ""), `a:4:{s:2:"g1";i:2;i:7;i:1;s:1:"x";i:0;s:0:"";i:0;}`},
		{text(cmdGetGroupIDList, 0, "", ""), `a:2:{i:0;i:7;i:1;s:2:"g1";}`},
		{text(cmdGetSessionByClientID, 1, "", ""), "a:0:{}"},
		{text(cmdGetSessionByClientID, 9, "", ""), "N;"},
		{text(cmdSelect, 0, `{"fields":["uid","groups","session"],"where":[]}`, ""), `a:3:{` +
			`i:1;a:3:{s:3:"uid";s:3:"U_7";s:6:"groups";a:2:{i:7;s:1:"7";s:2:"g1";s:2:"g1";}s:7:"session";s:0:"";}` +
			`i:2;a:3:{s:3:"uid";s:3:"U_7";s:6:"groups";N;s:7:"session";s:0:"";}` +
			`i:3;a:3:{s:3:"uid";s:3:"V_1";s:6:"groups";a:1:{s:2:"g1";s:2:"g1";}s:7:"session";s:18:"a:1:{s:1:"n";i:3;}";}}`},
		{
			text(cmdSelect, 0, `{"fields":["uid"],"where":{"groups":["g1"],"uid":["V_1"],"connection_id":{"2":2}}}`, ""),
			`a:3:{i:1;a:1:{s:3:"uid";s:3:"U_7";}i:2;a:1:{s:3:"uid";s:3:"U_7";}i:3;a:1:{s:3:"uid";s:3:"V_1";}}`,
		},
		{text(cmdSelect, 0, `{"fields":["uid"],"where":{"groups":["none"]}}`, ""), "a:0:{}"},
		{text(cmdSelect, 0, `{"fields":["uid"],"where":{"groups":["7"],"uid":[]}}`, ""), `a:1:{i:1;a:1:{s:3:"uid";s:3:"U_7";}}`},
		{text(cmdSelect, 0, `{"fields":["uid","uid"],"where":{"connection_id":{"3":3}}}`, ""), `a:1:{i:3;a:1:{s:3:"uid";s:3:"V_1";}}`},
		{text(cmdSelect, 0, `nonsense`, ""), "a:0:{}"},
		{text(cmdBatchGetClientIDByUID, 0, `["V_1",null,true]`, ""), `a:3:{s:3:"V_1";a:1:{i:0;i:3;}s:0:"";a:0:{}i:1;a:0:{}}`},
		{text(cmdBatchGetClientIDByUID, 0, `nonsense`, ""), "a:0:{}"},
	} {
		if got := p.ask(c.m); got != c.want {
			t.Errorf("command %d %s is answered\n%s, want\n%s", c.m.command, c.m.ext, got, c.want)
		}
	}
}

func TestPushes(t *testing.T) {
	w := newWorld(t, nil)
	pages, p := threeSockets(t, w)
	for _, c := range []struct {
		name string
		m    packet
		want [3]string // what reaches each page
	}{
		{"to a uid", text(cmdSendToUID, 0, `["U_7"]`, "a"), [3]string{"a", "a", ""}},
		{"to two", text(cmdSendToUID, 0, `["U_7","V_1"]`, "a"), [3]string{"a", "a", "a"}},
		{"to one beside PHP's null", text(cmdSendToUID, 0, `[null,"V_1",false]`, "a"), [3]string{"", "", "a"}},
		{"to nobody", text(cmdSendToUID, 0, `["x"]`, "a"), [3]string{}},
		{"to all", text(cmdSendToAll, 0, "", "a"), [3]string{"a", "a", "a"}},
		{"to an empty list", text(cmdSendToAll, 0, `{"connections":[]}`, "a"), [3]string{}},
		{"to a list", text(cmdSendToAll, 0, `{"connections":{"1":1,"3":3,"9":9}}`, "a"), [3]string{"a", "", "a"}},
		{"to all but one", text(cmdSendToAll, 0, `{"exclude":{"2":2}}`, "a"), [3]string{"a", "", "a"}},
		{"to no JSON", text(cmdSendToAll, 0, `{`, "a"), [3]string{}},
		{"to a group", text(cmdSendToGroup, 0, `{"group":["g1"],"exclude":null}`, "a"), [3]string{"a", "", "a"}},
		{"to groups, twice to who is in both", text(cmdSendToGroup, 0, `{"group":["g1",7],"exclude":null}`, "a"), [3]string{"a a", "", "a"}},
		{"to a group but one", text(cmdSendToGroup, 0, `{"group":["g1"],"exclude":{"1":1}}`, "a"), [3]string{"", "", "a"}},
		{"to a socket that is gone", text(cmdSendToOne, 9, "", "a"), [3]string{}},
		{"raw", packet{command: cmdSendToOne, connection: 1, flag: flagScalar | flagRaw, body: []byte("\x81\x01a")}, [3]string{"raw:\x81\x01a"}},
		{"an array", packet{command: cmdSendToOne, connection: 1, body: []byte(`a:1:{s:1:"t";s:1:"/";}`)}, [3]string{`{"t":"\/"}`}},
		{"PHP's null", packet{command: cmdSendToOne, connection: 1, body: []byte("N;")}, [3]string{}},
		{"an object", packet{command: cmdSendToOne, connection: 1, body: []byte(`O:1:"A":0:{}`)}, [3]string{}},
		{"what is not UTF-8", text(cmdSendToOne, 1, "", "\xff"), [3]string{}},
		{"close without a word", packet{command: cmdKick, connection: 2, body: []byte("N;")}, [3]string{"", "<kicked>"}},
	} {
		p.say(c.m)
		p.settle()
		for i, page := range pages {
			if got := strings.Join(page.take(t, 0), " "); got != c.want[i] {
				t.Errorf("%s: page %d got %q, want %q", c.name, i+1, got, c.want[i])
			}
		}
	}
}

// Sessions of the native protocol hear what is pushed to their uid, as JSON.
func TestNative(t *testing.T) {
	w := newWorld(t, nil)
	p := w.php()
	for _, c := range []struct {
		m    packet
		want []string
	}{
		{text(cmdSendToUID, 0, `["U_7","V_1"]`, ` {"order":1} `), []string{`U_7 {"order":1}`, `V_1 {"order":1}`}},
		{text(cmdSendToUID, 0, `["U_7"]`, `hello "you"`), []string{`U_7 "hello \"you\""`}},
		{text(cmdSendToUID, 0, `["U_7"]`, `{"a":1,"a":2}`), []string{`U_7 "{\"a\":1,\"a\":2}"`}},
		{text(cmdSendToUID, 0, `["not a uid", 5]`, `{}`), nil},
		{text(cmdSendToUID, 0, `["U_7"]`, strings.Repeat("x", 17<<10)), nil},
		{text(cmdSendToUID, 0, `["U_7"]`, "\xff"), nil},
		{packet{command: cmdSendToUID, flag: flagScalar | flagRaw, ext: []byte(`["U_7"]`), body: []byte("\x81\x01a")}, nil},
		{text(cmdSendToAll, 0, "", "a"), nil},
	} {
		p.say(c.m)
		p.settle()
		if got := w.natives(); !slices.Equal(got, c.want) {
			t.Errorf("%s to %s: sessions hear %q, want %q", c.m.body[:min(20, len(c.m.body))], c.m.ext, got, c.want)
		}
	}
}

func TestBind(t *testing.T) {
	w := newWorld(t, nil)
	c, _ := w.open()
	p := w.php()
	who := func() string {
		return p.ask(text(cmdSelect, 0, `{"fields":["uid"],"where":[]}`, ""))
	}
	c.Bind("U_7")
	if got := who(); got != `a:1:{i:1;a:1:{s:3:"uid";s:3:"U_7";}}` {
		t.Errorf("bound: %s", got)
	}
	for _, refused := range []string{"", "0", strings.Repeat("x", maxName+1)} {
		p.say(text(cmdBindUID, 1, refused, ""))
	}
	p.say(text(cmdBindUID, 99, "U_8", ""))
	if got := who(); got != `a:1:{i:1;a:1:{s:3:"uid";s:3:"U_7";}}` {
		t.Errorf("after what is refused: %s", got)
	}
	p.say(text(cmdBindUID, 1, "U_8", ""))
	if got := p.ask(text(cmdBatchGetClientIDByUID, 0, `["U_7","U_8"]`, "")); got != `a:2:{s:3:"U_7";a:0:{}s:3:"U_8";a:1:{i:0;i:1;}}` {
		t.Errorf("bound anew: %s", got)
	}
	p.say(text(cmdUnbindUID, 1, "whatever", ""))
	if got := who(); got != `a:1:{i:1;a:1:{s:3:"uid";N;}}` {
		t.Errorf("unbound: %s", got)
	}
}

func TestGroups(t *testing.T) {
	w := newWorld(t, nil)
	_, p := threeSockets(t, w)
	p.say(text(cmdLeaveGroup, 1, "g1", ""))
	p.say(text(cmdLeaveGroup, 1, "never there", ""))
	if got := p.ask(text(cmdBatchGetClientCount, 0, `["g1","7"]`, "")); got != `a:2:{s:2:"g1";i:1;i:7;i:1;}` {
		t.Errorf("after one has left: %s", got)
	}
	p.say(text(cmdUngroup, 0, "g1", ""))
	if got := p.ask(text(cmdGetGroupIDList, 0, "", "")); got != "a:1:{i:0;i:7;}" {
		t.Errorf("after g1 is dissolved: %s", got)
	}
	for i := range maxGroups + 10 {
		p.say(text(cmdJoinGroup, 2, fmt.Sprintf("group %d", i), ""))
	}
	p.settle()
	if n := len(w.gate.table.groupNames()) - 1; n != maxGroups {
		t.Errorf("a socket is in %d groups, want %d at the most", n, maxGroups)
	}
	if !strings.Contains(w.logs.String(), errGroups.Error()) {
		t.Errorf("the log does not say so: %s", w.logs)
	}
}

func TestSessions(t *testing.T) {
	w := newWorld(t, nil)
	c, _ := w.open()
	p := w.php()
	large := fmt.Sprintf(`a:1:{i:0;s:%d:"%s";}`, maxSession, strings.Repeat("x", maxSession))
	for _, step := range []struct {
		name string
		m    packet
		want string
	}{
		{"one is set by an update", text(cmdUpdateSession, 1, `a:1:{s:1:"a";i:1;}`, ""), `a:1:{s:1:"a";i:1;}`},
		{"one is changed", text(cmdUpdateSession, 1, `a:2:{s:1:"a";i:2;s:1:"b";N;}`, ""), `a:2:{s:1:"a";i:2;s:1:"b";N;}`},
		{"nothing is changed", text(cmdUpdateSession, 1, ``, ""), `a:2:{s:1:"a";i:2;s:1:"b";N;}`},
		{"an object", text(cmdSetSession, 1, `a:1:{i:0;O:1:"A":0:{}}`, ""), `a:2:{s:1:"a";i:2;s:1:"b";N;}`},
		{"no array", text(cmdSetSession, 1, `i:1;`, ""), `a:2:{s:1:"a";i:2;s:1:"b";N;}`},
		{"too large", text(cmdSetSession, 1, large, ""), `a:2:{s:1:"a";i:2;s:1:"b";N;}`},
		{"none", text(cmdSetSession, 1, "", ""), `a:0:{}`},
		{"of a socket that is gone", text(cmdSetSession, 9, `a:0:{}`, ""), `a:0:{}`},
	} {
		p.say(step.m)
		if got := p.ask(text(cmdGetSessionByClientID, 1, "", "")); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	p.say(text(cmdSetSession, 1, `a:1:{s:1:"a";i:1;}`, ""))
	p.settle()
	c.Close()
	c.Close()
	if n := w.gate.table.sessions; n != 0 {
		t.Errorf("%d bytes of sessions are left of no socket", n)
	}
	if got := p.ask(text(cmdGetSessionByClientID, 1, "", "")); got != "N;" {
		t.Errorf("the session of a socket that is gone: %s", got)
	}
}

// Sessions of 64 KiB are read and merged while pages come and go.
func TestSessions_holdUpNobody(t *testing.T) {
	table := newTable()
	c := new(Conn)
	table.add(c)
	if err := table.setSession(c.number, func(old []byte) ([]byte, error) {
		if !table.mu.TryLock() {
			t.Error("the table is locked while a session is changed")
			return old, nil
		}
		table.mu.Unlock()
		return old, nil
	}); err != nil {
		t.Error(err)
	}
}

// Nothing is lost of what two change in one session at once.
func TestSessions_changedAtOnce(t *testing.T) {
	g := bareGate(t)
	c := g.Connect(newFakePage(), netip.AddrPort{}, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	var all sync.WaitGroup
	const each = 100
	for side := range 2 {
		all.Go(func() {
			for i := range each {
				m := text(cmdUpdateSession, c.number, fmt.Sprintf("a:1:{i:%d;i:1;}", 2*i+side), "")
				g.change(&m)
			}
		})
	}
	all.Wait()
	session, err := readSession(c.session)
	if err != nil || session.Len() != 2*each {
		t.Errorf("the session is %.200s, %v, want %d values", c.session, err, 2*each)
	}
	if g.table.sessions != len(c.session) {
		t.Errorf("the sessions count %d bytes, and have %d", g.table.sessions, len(c.session))
	}
}

// The session of a socket that ends meanwhile is nobody's, and counts no more.
func TestSessions_endMeanwhile(t *testing.T) {
	table := newTable()
	c := new(Conn)
	table.add(c)
	err := table.setSession(c.number, func([]byte) ([]byte, error) {
		table.remove(c)
		return []byte("a:0:{}"), nil
	})
	if err != nil || table.sessions != 0 {
		t.Errorf("%v, and %d bytes count of no socket", err, table.sessions)
	}
}

// A page that does not read loses what is pushed, and its socket stays.
func TestPush_slowPage(t *testing.T) {
	w := newWorld(t, nil)
	_, page := w.open()
	page.full = true
	p := w.php()
	p.say(text(cmdSendToOne, 1, "", "a"))
	p.settle()
	if got := page.take(t, 0); got != nil {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(w.logs.String(), "what is more is dropped") {
		t.Errorf("the log does not say so: %s", w.logs)
	}
}

// Numbers go round past those in use.
func TestTable_numbers(t *testing.T) {
	w := newWorld(t, nil)
	w.open()
	w.gate.table.last = 1<<32 - 2
	var got []string
	for range 3 {
		c, _ := w.open()
		got = append(got, string(c.ID()))
	}
	if want := []string{"7f000001364cffffffff", "7f000001364c00000002", "7f000001364c00000003"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A packet has room for millions of names. Naming a group again and again makes no list
// of so many times its members.
func TestMemory_groupNamedAgain(t *testing.T) {
	w := newWorld(t, nil)
	for range 500 {
		c, _ := w.open()
		w.gate.table.join(c.number, "g")
	}
	ext := []byte(`{"group":[` + strings.Repeat(`"g",`, 19_999) + `"g"]}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	conns, err := w.gate.members(ext)
	if err != nil {
		t.Fatal(err)
	}
	for range conns {
		break
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 40<<20 { // 10,000,000 pointers are 80 MB
		t.Errorf("%d bytes of a packet took %d bytes", len(ext), took)
	}
}

// Nor is room made for as many names as there is room for in a packet. Who asks is
// answered, and the log says why it is nothing.
func TestMemory_manyNames(t *testing.T) {
	w := newWorld(t, nil)
	w.open()
	p := w.php()
	many := strings.Repeat(`1,`, 100_000) + "1"
	for command, c := range map[byte]struct{ ext, want string }{
		cmdBatchGetClientIDByUID: {"[" + many + "]", "a:0:{}"},
		cmdBatchGetClientCount:   {"[" + many + "]", "a:0:{}"},
		cmdSelect:                {`{"fields":["uid"],"where":{"connection_id":[` + many + `]}}`, "a:0:{}"},
	} {
		if got := p.ask(text(command, 0, c.ext, "")); got != c.want {
			t.Errorf("command %d is answered %.40s, want %s", command, got, c.want)
		}
	}
	if !strings.Contains(w.logs.String(), errListed.Error()) {
		t.Errorf("the log does not say so: %s", w.logs)
	}
	var list names
	if err := json.Unmarshal([]byte("["+strings.Repeat("1,", 99_999)+"1]"), &list); err != nil || len(list) != 100_000 {
		t.Errorf("%d names are read, %v", len(list), err)
	}
}

// hoarder is a page that reads nothing: what is pushed to it waits.
type hoarder struct{ waiting []Push }

func (h *hoarder) Push(p Push) bool {
	h.waiting = append(h.waiting, p)
	return true
}

func (h *hoarder) Kick()    {}
func (h *hoarder) Destroy() {}

// What waits for a page that does not read is counted by its bytes. The uids that it was
// sent to waited with it, and were counted by nobody.
func TestMemory_whatAPushWasSentWith(t *testing.T) {
	uids := `["U_7"` + strings.Repeat(`,"U_12345"`, 10_000) + `]`
	for name, m := range map[string]packet{
		"a text":   {flag: flagScalar, body: []byte("hello")},
		"an array": {body: []byte(`a:1:{i:0;s:5:"hello";}`)},
	} {
		t.Run(name, func(t *testing.T) {
			g, page := bareGate(t), new(hoarder)
			c := g.Connect(page, netip.AddrPort{}, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
			c.Bind("U_7")
			m.command, m.ext = cmdSendToUID, []byte(uids)
			sent := m.append(nil)
			before := heapNow()
			const pushes = 20
			for range pushes {
				m, err := readPacket(bufio.NewReader(bytes.NewReader(sent)), maxPacket)
				if err != nil {
					t.Fatal(err)
				}
				g.push(&m)
			}
			if held := heapNow() - before; held > heapSlack {
				t.Errorf("%d pushes of %d bytes hold %d bytes", len(page.waiting), len(page.waiting[0].Data), held)
			}
			runtime.KeepAlive(page)
		})
	}
}

// heapNow is how much memory is in use.
func heapNow() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first has put aside in pools
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Nor is room made for what is inside of arrays and no name.
func TestMemory_nested(t *testing.T) {
	for _, data := range []string{
		`[[` + strings.Repeat("1,", 4<<20) + `1]]`,
		`[{"a":[` + strings.Repeat("1,", 4<<20) + `1]}]`,
	} {
		var before, after runtime.MemStats
		var list names
		runtime.ReadMemStats(&before)
		err := list.UnmarshalJSON([]byte(data))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; err == nil || took > 40<<20 {
			t.Errorf("%.20s…: it takes %d bytes, %v", data, took, err)
		}
	}
}

// Nor are fields that there are not told of each socket.
func TestMemory_manyFields(t *testing.T) {
	w := newWorld(t, nil)
	for range 50 {
		w.open()
	}
	var fields []string
	for i := range 5_000 {
		fields = append(fields, fmt.Sprintf(`"%d"`, i))
	}
	p := w.php()
	if got := p.ask(text(cmdSelect, 0, `{"fields":[`+strings.Join(fields, ",")+`],"where":[]}`, "")); len(got) > 64<<10 {
		t.Errorf("they are answered in %d bytes", len(got))
	}
	if !strings.Contains(w.logs.String(), errFields.Error()) {
		t.Error("the log does not say so")
	}
}

// As many as there may be are taken, of each array, whatever the names have in them.
func TestArrays_full(t *testing.T) {
	w := newWorld(t, nil)
	c, page := w.open()
	c.Bind("U_7")
	p := w.php()
	p.say(text(cmdJoinGroup, 1, "a,b", ""))
	groups := strings.Repeat(`"c,d",`, 99_999) + `"a,b"`
	ids := strings.Repeat("9,", 99_999) + "9"
	keys := strings.Repeat(`"9":[1,2],`, 99_999) + `"9":0`
	p.say(text(cmdSendToGroup, 0, `{"group":[`+groups+`],"exclude":{`+keys+`}}`, "hello"))
	p.say(text(cmdSendToGroup, 0, `{"group":[`+groups+`,"a,b"],"exclude":null}`, "too many groups"))
	p.say(text(cmdSendToGroup, 0, `{"group":"a,b","exclude":{`+keys+`,"8":0}}`, "too many exclusions"))
	where := `{"groups":[` + groups + `],"uid":[` + groups + `],"connection_id":[` + ids + `]}`
	if got, want := p.ask(text(cmdSelect, 0, `{"fields":["uid"],"where":`+where+`}`, "")), `a:1:{i:1;a:1:{s:3:"uid";s:3:"U_7";}}`; got != want {
		t.Errorf("SELECT is answered %.80s, want %s", got, want)
	}
	if got := page.take(t, 1); !slices.Equal(got, []string{"hello"}) {
		t.Errorf("%q came, want hello alone", got)
	}
}

// What PHP sends for the names of an array, and what it may.
func TestArrays_names(t *testing.T) {
	for data, want := range map[string][]string{
		`null`: nil, `[]`: nil, `{}`: nil,
		`"a"`: {"a"}, `7`: {"7"}, `true`: {"1"},
		`["a", 7, -1.50, null, true, false]`: {"a", "7", "-1.50", "", "1", "0"},
		`{"2":"a,b","1":"\u674e\ud800"}`:     {"a,b", "李\ufffd"},
		"[\"\xff\"]":                         {"\ufffd"},
	} {
		var list names
		if err := json.Unmarshal([]byte(data), &list); err != nil || !slices.Equal(list, want) {
			t.Errorf("%s is read as %q, %v, want %q", data, list, err, want)
		}
	}
	for _, data := range []string{`[["a"]]`, `[{}]`, `{"1":[]}`} {
		var list names
		if err := json.Unmarshal([]byte(data), &list); err == nil {
			t.Errorf("%s is read as %q", data, list)
		}
	}
}
