package compat_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/compat/gatewayworker"
	"haggle/internal/testkit"
)

// openGate lets PHP in, as --compat-gateway does.
func (w *world) openGate(log *slog.Logger) *gatewayworker.Gate {
	w.t.Helper()
	listen := func() net.Listener {
		l, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			w.t.Fatal(err)
		}
		return l
	}
	inner := listen()
	w.inner = inner.Addr().String()
	gate, err := gatewayworker.New(gatewayworker.Options{
		Register: listen(), Inner: inner, Address: netip.MustParseAddrPort(w.inner), Log: log,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- gate.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run of the gate = %v", err)
		}
	})
	return gate
}

// The commands of GatewayWorker that are used here.
const (
	sendToOne   = 5
	kick        = 7
	destroy     = 8
	isOnline    = 11
	bindUID     = 12
	sendToUID   = 14
	selectThose = 25
)

// shopPHP is a connection of the shop's PHP to the inner protocol.
type shopPHP struct {
	w    *world
	conn net.Conn
}

func (w *world) shopPHP() *shopPHP {
	w.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(w.t.Context(), "tcp", w.inner)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	return &shopPHP{w, conn}
}

// say sends a packet about the socket of a client_id.
func (s *shopPHP) say(command byte, client, ext, body string) {
	s.w.t.Helper()
	s.sayFlagged(1, command, client, ext, body)
}

func (s *shopPHP) sayFlagged(flag, command byte, client, ext, body string) {
	s.w.t.Helper()
	id, err := hex.DecodeString(client)
	if err != nil || client != "" && len(id) != 10 {
		s.w.t.Fatalf("%q is no client_id", client)
	}
	packet := make([]byte, 28, 28+len(ext)+len(body))
	binary.BigEndian.PutUint32(packet, uint32(cap(packet)))
	packet[4], packet[21] = command, flag
	if client != "" {
		copy(packet[17:], id[6:])
	}
	binary.BigEndian.PutUint32(packet[24:], uint32(len(ext)))
	if _, err := s.conn.Write(append(append(packet, ext...), body...)); err != nil {
		s.w.t.Fatal(err)
	}
}

func (s *shopPHP) reply() string {
	s.w.t.Helper()
	if err := s.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		s.w.t.Fatal(err)
	}
	var head [4]byte
	if _, err := io.ReadFull(s.conn, head[:]); err != nil {
		s.w.t.Fatal(err)
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(s.conn, body); err != nil {
		s.w.t.Fatal(err)
	}
	return string(body)
}

// settle returns once all so far is carried out.
func (s *shopPHP) settle(client string) string {
	s.w.t.Helper()
	s.say(isOnline, client, "", "")
	return s.reply()
}

// A page is bound by its own request, and what PHP pushes to its uid reaches it as it is.
func TestPush(t *testing.T) {
	w := newWorld(t, setup{php: true})
	php := w.shopPHP()
	anonymous, buyer := w.open(""), w.bound("U_7")
	if len(buyer.client) != 20 || !strings.HasPrefix(buyer.client, "7f000001") {
		t.Errorf("client_id %q does not carry the inner address", buyer.client)
	}
	php.say(sendToUID, "", `["U_7"]`, `{"type":"order","id":5}`)
	if got := buyer.next("order"); got["id"] != 5.0 {
		t.Errorf("got %v", got)
	}
	php.say(sendToOne, anonymous.client, "", `{"type":"order","id":6}`)
	anonymous.next("order")
	php.say(kick, buyer.client, "", `{"type":"bye"}`)
	if got := php.settle(buyer.client); got != "i:0;" {
		t.Errorf("after it was closed isOnline is answered %s", got)
	}
	buyer.next("bye")
	buyer.closed()
	php.say(destroy, anonymous.client, "", "")
	if got := php.settle(anonymous.client); got != "i:0;" {
		t.Errorf("after it was dropped isOnline is answered %s", got)
	}
	anonymous.closed()
}

// Raw bytes go between frames as they are.
func TestPush_raw(t *testing.T) {
	w := newWorld(t, setup{php: true})
	php, buyer := w.shopPHP(), w.bound("U_7")
	frame := func(s string) string { return string([]byte{0x81, byte(len(s))}) + s }
	php.sayFlagged(3, sendToOne, buyer.client, "", frame(`{"type":"one"}`)+frame(`{"type":"two"}`))
	buyer.next("one")
	buyer.next("two")
}

// What PHP binds hears PHP's pushes to that name, and nothing of the chat: neither what
// is said to whom the name belongs, nor may it answer in that name.
func TestAttack12_PHPBindsAStrangersSocket(t *testing.T) {
	w := newWorld(t, setup{php: true})
	php := w.shopPHP()
	buyer, seller, stranger, anonymous := w.bound("U_7"), w.bound("V_1"), w.bound("U_8"), w.open("")
	for _, p := range []*page{stranger, anonymous} {
		php.say(bindUID, p.client, "U_7", "")
	}
	php.settle(buyer.client)
	buyer.mustAsk("is it new?")
	seller.next("reception")
	seller.mustAnswer("<p>it is</p>")
	buyer.next("reception")
	php.say(sendToUID, "", `["U_7"]`, `{"type":"order"}`)
	for _, p := range []*page{buyer, stranger, anonymous} {
		p.next("order")
		if p != buyer {
			p.quiet("reception")
			p.quiet("sent")
		}
	}
	// Its own messages still come to the stranger, whatever PHP calls it.
	if a := stranger.ask("and mine?"); a["status"] != 1.0 {
		t.Fatalf("ask: %v", a)
	}
	seller.next("reception")
	if a := seller.answer("U_8", "<p>too</p>"); a["status"] != 1.0 {
		t.Fatalf("answer: %v", a)
	}
	stranger.next("reception")
	// And PHP taking the name away from the buyer's own changes nothing of its chat.
	php.say(bindUID, buyer.client, "U_9", "")
	php.settle(buyer.client)
	seller.mustAnswer("<p>more</p>")
	buyer.next("reception")
}

// A client_id can be guessed now. It opens nothing.
func TestAttack13_GuessedClientID(t *testing.T) {
	w := newWorld(t, setup{php: true})
	buyer, stranger, anonymous := w.bound("U_7"), w.open("U_8"), w.open("")
	for _, guessed := range []string{buyer.client, anonymous.client} {
		if a := stranger.bind(guessed); a["status"] == 1.0 {
			t.Errorf("%s was bound by somebody else: %v", guessed, a)
		}
		a := stranger.post("SendMessageToMerchant", map[string][]string{
			"message": {"x"}, "toMid": {"V_1"}, "pid": {"1001"}, "client_id": {guessed}, "sendType": {"message"},
		})
		if guessed == buyer.client && a["status"] == 1.0 {
			t.Errorf("something was said at somebody else's socket: %v", a)
		}
	}
	anonymous.quiet("reception")
}

// A socket on another node is not looked up when something is said at it. Who names the
// seller's keeps nothing from the seller.
func TestAttack14_NameTheReadersSocket(t *testing.T) {
	w := newWorld(t, setup{php: true, relay: testkit.NewRelay()})
	there := *w
	there.web = there.far
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	buyer.w = &there
	a := buyer.post("SendMessageToMerchant", map[string][]string{
		"message": {"hear me"}, "toMid": {"V_1"}, "pid": {"1001"}, "client_id": {seller.client}, "sendType": {"message"},
	})
	if a["status"] != 1.0 {
		t.Fatalf("it was not said: %v", a)
	}
	seller.next("reception")
}

// What lets one speak as somebody is not told to the shop's workers: neither the token nor
// the cookies of the new pages, which a browser sends to every port of their host.
func TestAttack15_TokenForWorkers(t *testing.T) {
	w := newWorld(t, setup{php: true})
	worker := w.shopPHP()
	worker.say(200, "", "", `{"worker_key":"BW:0","secret_key":""}`)
	if got := worker.settle("00000000000000000000"); got != "i:0;" {
		t.Fatalf("got %q", got)
	}
	token := w.token("U_7")
	buyer := w.openWith("U_7", token+"; haggle_merchant=an-agents; haggle_buyer=a-buyers; haggle_guest=a-guests; PHPSESSID=the-shops; seen={\"p\":[\"李\"]}")
	buyer.say(`{"type":"over"}`)
	var told []byte
	buf := make([]byte, 64<<10)
	for !strings.Contains(string(told), `"over"`) {
		if err := worker.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			t.Fatal(err)
		}
		n, err := worker.conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, buf[:n]...)
	}
	for _, secret := range []string{token, "an-agents", "a-buyers", "a-guests"} {
		if strings.Contains(string(told), secret) {
			t.Errorf("a worker was told %q", secret)
		}
	}
	if !strings.Contains(string(told), `PHPSESSID=the-shops; seen={"p":["李"]}`) || !strings.Contains(string(told), "REQUEST_URI") || !strings.Contains(string(told), `{"type":"handshake","role":"user"}`) {
		t.Errorf("the worker was told %q", told)
	}
}

// A page answers PHP's pings as it answers ours. What it answers them says nothing of
// messages: "delivered" has to wait for the answer to the ping that came after them.
func TestPush_pingOfPHP(t *testing.T) {
	w := newWorld(t, setup{php: true})
	php := w.shopPHP()
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	buyer.mustAsk("is it new?")
	seller.next("reception")
	buyer.next("ping") // and is answered
	buyer.quiet("error")
	buyer.deaf.Store(true)
	frame := `{"type":"ping"}`
	php.say(sendToOne, buyer.client, "", frame)
	php.sayFlagged(3, sendToOne, buyer.client, "", string([]byte{0x81, byte(len(frame))})+frame)
	php.settle(buyer.client)
	buyer.next("ping")
	buyer.next("ping")
	seller.mustAnswer("<p>it is</p>")
	buyer.next("reception")
	buyer.say(`{"type":"pong"}`)
	buyer.say(`{"type":"pong"}`)
	buyer.quiet("error") // they were taken by now
	w.awaitDelivered(seller, "U_8")
	c, _ := w.conversation()
	if d := c.Sides[chat.BuyerSide].Delivered; d > 1 {
		t.Errorf("message %d counts as delivered, and the page has answered nothing since", d)
	}
	buyer.say(`{"type":"pong"}`)
	eventually(t, "it is delivered in the end", func() bool {
		c, _ := w.conversation()
		return c.Sides[chat.BuyerSide].Delivered == 2
	})
}

// A ping that comes in two halves is answered as any other, and cannot be told from what is
// none. Nothing that the page answers from then on says of messages that they have arrived.
func TestPush_halvesOfAPing(t *testing.T) {
	w := newWorld(t, setup{php: true})
	php := w.shopPHP()
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	buyer.mustAsk("is it new?")
	seller.next("reception")
	buyer.next("ping") // and is answered
	buyer.quiet("error")
	buyer.deaf.Store(true)
	text := `{"type":"ping"}`
	frame := string([]byte{0x81, byte(len(text))}) + text
	php.sayFlagged(3, sendToOne, buyer.client, "", frame[:5])
	php.sayFlagged(3, sendToOne, buyer.client, "", frame[5:])
	php.settle(buyer.client)
	buyer.next("ping")
	seller.mustAnswer("<p>it is</p>")
	buyer.next("reception")
	buyer.next("ping") // ours
	for range 3 {
		buyer.say(text[:9] + `pong"}`)
	}
	buyer.quiet("error") // they were taken by now
	w.awaitDelivered(seller, "U_8")
	c, _ := w.conversation()
	if d := c.Sides[chat.BuyerSide].Delivered; d > 1 {
		t.Errorf("message %d counts as delivered, and nobody knows what the page has answered", d)
	}
}

// awaitDelivered returns once a later message, to another page, counts as delivered: what
// was to be noted before is.
func (w *world) awaitDelivered(seller *page, to chat.UID) {
	w.t.Helper()
	other := w.bound(string(to))
	if a := other.ask("and to me?"); a["status"] != 1.0 {
		w.t.Fatalf("ask: %v", a)
	}
	seller.answer(to, "<p>too</p>")
	other.next("reception")
	eventually(w.t, "the other's message is delivered", func() bool {
		c, err := w.store.ConversationBetween(w.t.Context(), to, "V_1")
		return err == nil && c.Sides[chat.BuyerSide].Delivered == 2
	})
}

// A page that reads nothing loses what PHP pushes beyond a bound; others do not wait, and
// its socket is not ended for it.
func TestPush_slowPage(t *testing.T) {
	w := newWorld(t, setup{php: true})
	php := w.shopPHP()
	slow, buyer := w.slowPage(), w.bound("U_7")
	body := `{"type":"big","x":"` + strings.Repeat("x", 100<<10) + `"}`
	for range 200 { // 20 MB, more than what a network takes
		php.say(sendToOne, slow, "", body)
	}
	if got := php.settle(slow); got != "i:1;" {
		t.Errorf("the slow page's socket has ended: %s", got)
	}
	php.say(sendToUID, "", `["U_7"]`, `{"type":"order"}`)
	buyer.next("order")
	if !strings.Contains(w.logs.String(), "what is more is dropped") {
		t.Error("the log does not say that pushes were dropped")
	}
}

// slowPage opens a socket that is read up to its handshake and no further.
func (w *world) slowPage() (client string) {
	w.t.Helper()
	p := &page{w: w}
	ws, answer, err := testkit.DialWS(w.sockets.URL+"/", p.header())
	if err != nil || ws == nil {
		w.t.Fatalf("open a socket: %d, %v", answer.Status, err)
	}
	w.t.Cleanup(func() { _ = ws.Conn.Close() })
	if err := ws.Send(`{"type":"handshake","role":"user"}`); err != nil {
		w.t.Fatal(err)
	}
	_, data, err := ws.Read()
	if err != nil {
		w.t.Fatal(err)
	}
	return as[string](w.t, decode(w.t, string(data))["client_id"])
}

// Once a worker is there, what a page sends is the shop's to answer.
func TestPush_workerAnswersSend(t *testing.T) {
	w := newWorld(t, setup{php: true})
	p := w.open("U_7")
	p.say(`{"type":"send"}`)
	p.next("error")
	worker := w.shopPHP()
	worker.say(200, "", "", `{"worker_key":"BW:0","secret_key":""}`)
	worker.settle(p.client)
	p.say(`{"type":"send"}`)
	p.quiet("error")
}

// The door has no command by which anything is read that was said.
func TestPush_nothingIsRead(t *testing.T) {
	w := newWorld(t, setup{php: true})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	buyer.mustAsk("a secret of ours")
	seller.next("reception")
	php := w.shopPHP()
	for command := range 256 {
		if slices.Contains([]int{kick, destroy, 200, 202}, command) {
			continue
		}
		php.say(byte(command), buyer.client, `{"fields":["uid","groups","session","messages","owner"],"where":[]}`, "")
		php.say(byte(command), buyer.client, "U_7", "")
	}
	php.say(selectThose, "", `{"fields":["uid","messages"],"where":[]}`, "")
	php.say(isOnline, buyer.client, "", "")
	var all []byte
	buf := make([]byte, 64<<10)
	for !strings.HasSuffix(string(all), "i:1;") || !strings.Contains(string(all), `s:8:"messages";N;`) {
		if err := php.conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := php.conn.Read(buf)
		all = append(all, buf[:n]...)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(string(all), "a secret of ours") {
		t.Error("PHP was told what was said")
	}
}
