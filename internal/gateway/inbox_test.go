package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"pgregory.net/rapid"
)

// clientFrame is a frame as a client sends it.
func clientFrame(first byte, key [4]byte, payload string) []byte {
	f := packet{first &^ finalBit, []byte(payload)}.appendTo(nil)
	f[0] = first
	f[1] |= 0x80
	masked := []byte(payload)
	unmask(masked, key)
	head := f[:len(f)-len(payload)]
	return append(append(head, key[:]...), masked...)
}

// taken lists what an inbox makes of data that comes in pieces of the given sizes.
func taken(data []byte, limit int, sizes func() int) (list []string, err error) {
	var in inbox
	for len(data) > 0 && err == nil {
		n := min(sizes(), len(data))
		piece := bytes.Clone(data[:n])
		data = data[n:]
		err = in.take(piece, limit, func(op byte, payload []byte) error {
			list = append(list, fmt.Sprintf("%d %q", op, payload))
			if op == opClose {
				return errors.Join(checkClose(payload), errLeft)
			}
			return nil
		})
		clear(piece) // what is kept must be a copy
	}
	return list, err
}

func TestInbox(t *testing.T) {
	key := [4]byte{1, 2, 3, 4}
	text := func(s string) []byte { return clientFrame(0x81, key, s) }
	for _, tc := range []struct {
		name string
		data [][]byte
		want string
		err  error
	}{
		{"a text", [][]byte{text("hi")}, `[1 "hi"]`, nil},
		{"nothing in it", [][]byte{text("")}, `[1 ""]`, nil},
		{"binary", [][]byte{clientFrame(0x82, key, "\xff")}, `[2 "\xff"]`, nil},
		{"several", [][]byte{text("a"), text("b"), clientFrame(0x8a, key, "")}, `[1 "a" 1 "b" 10 ""]`, nil},
		{"not complete", [][]byte{text("a"), text("bcd")[:8]}, `[1 "a"]`, nil},
		{"in pieces", [][]byte{clientFrame(0x01, key, "a"), clientFrame(0x00, key, "b"), clientFrame(0x80, key, "c")}, `[1 "abc"]`, nil},
		{"a ping between pieces", [][]byte{clientFrame(0x01, key, "a"), clientFrame(0x89, key, "?"), clientFrame(0x80, key, "b")}, `[9 "?" 1 "ab"]`, nil},
		{"the longest", [][]byte{text(strings.Repeat("x", 200))}, `[1 "` + strings.Repeat("x", 200) + `"]`, nil},
		{"longer", [][]byte{text(strings.Repeat("x", 201))}, `[]`, violation(statusTooLarge)},
		{"longer than memory", [][]byte{{0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255}}, `[]`, violation(statusTooLarge)},
		{"longer in pieces", [][]byte{clientFrame(0x01, key, strings.Repeat("x", 150)), clientFrame(0x80, key, strings.Repeat("x", 51))}, `[]`, violation(statusTooLarge)},
		{"no mask", [][]byte{{0x81, 0}}, `[]`, violation(statusProtocol)},
		{"an extension", [][]byte{clientFrame(0xc1, key, "a")}, `[]`, violation(statusProtocol)},
		{"an unknown opcode", [][]byte{clientFrame(0x83, key, "a")}, `[]`, violation(statusProtocol)},
		{"an unknown control opcode", [][]byte{clientFrame(0x8b, key, "a")}, `[]`, violation(statusProtocol)},
		{"a ping in pieces", [][]byte{clientFrame(0x09, key, "a")}, `[]`, violation(statusProtocol)},
		{"a long ping", [][]byte{clientFrame(0x89, key, strings.Repeat("x", 126))}, `[]`, violation(statusProtocol)},
		{"a continuation of nothing", [][]byte{clientFrame(0x80, key, "a")}, `[]`, violation(statusProtocol)},
		{"a message inside another", [][]byte{clientFrame(0x01, key, "a"), text("b")}, `[]`, violation(statusProtocol)},
		{"close", [][]byte{clientFrame(0x88, key, "\x03\xe8bye"), text("more")}, `[8 "\x03\xe8bye"]`, errLeft},
		{"close without a status", [][]byte{clientFrame(0x88, key, "")}, `[8 ""]`, errLeft},
		{"close with half a status", [][]byte{clientFrame(0x88, key, "\x03")}, `[8 "\x03"]`, violation(statusProtocol)},
		{"close with a status that is not for use", [][]byte{clientFrame(0x88, key, "\x03\xee")}, `[8 "\x03\xee"]`, violation(statusProtocol)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data := bytes.Join(tc.data, nil)
			for _, size := range []int{1, 2, 7, len(data)} {
				got, err := taken(data, 200, func() int { return size })
				if fmt.Sprint(got) != tc.want || !errors.Is(err, tc.err) {
					t.Errorf("%d bytes at a time: %v, %v; want %s, %v", size, got, err, tc.want, tc.err)
				}
			}
		})
	}
}

// An idle client costs no memory beyond its session, however it cuts its frames.
func TestInbox_keepsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in inbox
		frames := bytes.Repeat(clientFrame(0x81, [4]byte{9}, "hello"), 3)
		for len(frames) > 0 {
			n := rapid.IntRange(1, len(frames)).Draw(t, "n")
			if err := in.take(frames[:n], 100, func(byte, []byte) error { return nil }); err != nil {
				t.Fatal(err)
			}
			frames = frames[n:]
		}
		if in.tail != nil || in.message != nil || in.op != 0 {
			t.Fatalf("kept %+v", in)
		}
	})
}

// oracle notes what gws, a WebSocket implementation of somebody else's, reads.
type oracle struct {
	gws.BuiltinEventHandler

	list []string
}

func (o *oracle) OnMessage(_ *gws.Conn, m *gws.Message) {
	o.list = append(o.list, fmt.Sprintf("%d %q", m.Opcode, m.Bytes()))
}

func (o *oracle) OnPing(_ *gws.Conn, payload []byte) {
	o.list = append(o.list, fmt.Sprintf("%d %q", opPing, payload))
}

// script is a connection on which data comes in and nothing goes out.
type script struct {
	net.Conn

	in *bytes.Reader
}

func (s script) Read(p []byte) (int, error)       { return s.in.Read(p) }
func (s script) Write(p []byte) (int, error)      { return len(p), nil }
func (s script) Close() error                     { return nil }
func (s script) SetDeadline(time.Time) error      { return nil }
func (s script) SetReadDeadline(time.Time) error  { return nil }
func (s script) SetWriteDeadline(time.Time) error { return nil }

// FuzzInbox has gws read the same bytes: what it makes of them is what we make of
// them, however they are cut.
func FuzzInbox(f *testing.F) {
	key := [4]byte{1, 2, 3, 4}
	for _, frames := range [][][]byte{
		{clientFrame(0x81, key, "hello"), clientFrame(0x89, key, "?"), clientFrame(0x88, key, "\x03\xe8")},
		{clientFrame(0x01, key, "he"), clientFrame(0x00, key, "l"), clientFrame(0x80, key, "lo")},
		{clientFrame(0x82, key, strings.Repeat("x", 300)), {0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0}},
		{clientFrame(0xc1, key, "a")},
		{{0x81, 2, 'h', 'i'}},
	} {
		f.Add(bytes.Join(frames, nil), uint8(3))
	}
	const limit = 1000
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		got, err := taken(data, limit, func() int { return 1 + int(size) })
		if n := len(got); n > 0 && strings.HasPrefix(got[n-1], "8 ") {
			got = got[:n-1]
		}
		var lines []string
		for _, line := range got {
			if !strings.HasPrefix(line, "10 ") {
				lines = append(lines, line)
			}
		}
		o := new(oracle)
		server := gws.NewUpgrader(o, &gws.ServerOption{ReadMaxPayloadSize: limit, ReadBufferSize: 512})
		conn := gwsOver(t, server, script{in: bytes.NewReader(data)})
		conn.ReadLoop()
		if fmt.Sprint(lines) != fmt.Sprint(o.list) {
			t.Fatalf("% x\n%v (%v)\nwant %v", data, lines, err, o.list)
		}
	})
}

func gwsOver(t *testing.T, server *gws.Upgrader, conn net.Conn) *gws.Conn {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(name, value)
	}
	c, err := server.UpgradeFromConn(conn, bufio.NewReader(conn), r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
