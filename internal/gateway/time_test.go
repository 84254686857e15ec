package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/bus/localbus"
	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/wire"
)

// bye returns the goodbye that was said, if one was.
func (f *fake) bye() (wire.Bye, bool) {
	f.t.Helper()
	for _, frame := range f.heard() {
		if frame.Bye != nil {
			return *frame.Bye, true
		}
	}
	return wire.Bye{}, false
}

// enterFake says hello and checks the welcome.
func (n *node) enterFake(t *testing.T, token string) *fake {
	t.Helper()
	f := n.connect(t)
	f.say(`{"id":1,"hello":{"token":%q}}`, token)
	if got := f.heard(); len(got) != 1 || got[0].Welcome == nil {
		t.Fatalf("hello of %s: %+v", token, got)
	}
	return f
}

// beat answers heartbeats for d, and those of others along with it. It returns
// what f heard.
func (f *fake) beat(d time.Duration, others ...*fake) (heard []wire.ServerFrame) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		<-time.After(min(turn, time.Until(end)))
		for _, each := range append(others, f) {
			for _, frame := range each.heard() {
				if each == f {
					heard = append(heard, frame)
				}
				if frame.Heartbeat != nil && frame.ID == 0 {
					each.say(`{"heartbeat":{}}`)
				}
			}
		}
	}
	return heard
}

// isOver reports whether the connection has ended.
func (f *fake) isOver() bool {
	synctest.Wait()
	select {
	case <-f.over:
		return true
	default:
		return false
	}
}

func wantBye(t *testing.T, f *fake, code string, final bool) wire.Bye {
	t.Helper()
	b, ok := f.bye()
	if !ok || b.Code != code || b.Final != final {
		t.Fatalf("bye = %+v (%t), want %s, final %t", b, ok, code, final)
	}
	return b
}

func TestHello_hasToComeInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, nodeOptions{})
		f := n.connect(t)
		<-time.After(9 * time.Second)
		if b, said := f.bye(); said {
			t.Fatalf("bye after 9 s: %+v", b)
		}
		<-time.After(3 * time.Second)
		wantBye(t, f, byeHelloTimeout, false)
	})
}

func TestHello_refusals(t *testing.T) {
	for _, tc := range []struct {
		frame string
		code  string
		final bool
	}{
		{`{"id":1,"hello":{"token":"U_1!invalid"}}`, "token_invalid", true},
		{`{"id":1,"hello":{"token":"U_1!revoked"}}`, "token_revoked", true},
		{`{"id":1,"hello":{"token":"U_1!expired"}}`, "token_expired", false},
		{`{"id":1,"send":{"product":"1001","nonce":"n","blocks":[]}}`, byeHelloExpected, false},
		{`{"heartbeat":{}}`, byeHelloExpected, false},
		{`not JSON`, byeHelloExpected, false},
	} {
		t.Run(tc.frame, func(t *testing.T) {
			inTime(t, func(t *testing.T, via transport) {
				f := newNode(t, nodeOptions{via: via}).connect(t)
				f.say("%s", tc.frame)
				wantBye(t, f, tc.code, tc.final)
			})
		})
	}
}

// refuser is a limiter that has nothing left of one action.
type refuser chat.Action

func (r refuser) Allow(action chat.Action, _ string) (time.Duration, bool) {
	return 7 * time.Second, action != chat.Action(r)
}

// A welcome costs as much as a page of changes, so it is counted like one.
func TestHello_tooOften(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		f := newNode(t, nodeOptions{via: via, allow: refuser(chat.ActionRequest)}).connect(t)
		f.say(`{"id":1,"hello":{"token":"U_1"}}`)
		if b := wantBye(t, f, byeFlood, false); b.RetryAfterMS != 7000 {
			t.Errorf("bye = %+v, want one that says when to come back", b)
		}
	})
}

func TestHello_storeIsDown(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via, store: func(s chat.Store) chat.Store {
			return &testkit.FlakyStore{Store: s, BeforePositions: func(context.Context) error { return errors.New("disk on fire") }}
		}})
		f := n.connect(t)
		f.say(`{"id":1,"hello":{"token":"U_1"}}`)
		if b := wantBye(t, f, byeUnavailable, false); b.RetryAfterMS < 1000 || strings.Contains(b.Message, "fire") {
			t.Errorf("bye = %+v", b)
		}
	})
}

func TestHeartbeat(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via})
		lively, silent := n.enterFake(t, "U_1"), n.enterFake(t, "U_2")
		heard := lively.beat(100 * time.Second)
		if len(heard) < 4 || len(heard) > 5 {
			t.Errorf("%d heartbeats in 100 s, want one every 25 s", len(heard))
		}
		for _, f := range heard {
			if f.Heartbeat == nil || f.Heartbeat.Position == nil || f.Heartbeat.Position.Epoch != "e1" {
				t.Errorf("heard %+v, want heartbeats with a position", f)
			}
		}
		wantBye(t, silent, byeHeartbeatLost, false)
		if n.Online("U_2") || !n.Online("U_1") {
			t.Errorf("online: U_1 %t, U_2 %t; want only the one who answers", n.Online("U_1"), n.Online("U_2"))
		}
	})
}

// When the store cannot say where somebody stands, the connection is no worse.
func TestHeartbeat_withoutStore(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		var down error
		n := newNode(t, nodeOptions{via: via, store: func(s chat.Store) chat.Store {
			return &testkit.FlakyStore{Store: s, BeforePositions: func(context.Context) error { return down }}
		}})
		f := n.enterFake(t, "U_1")
		down = errors.New("gone")
		heard := f.beat(60 * time.Second)
		if len(heard) < 2 || heard[0].Heartbeat == nil || heard[0].Heartbeat.Position != nil {
			t.Errorf("heard %+v, want heartbeats without a position", heard)
		}
	})
}

// A lost bus connection may have cost events: clients are told soon where they
// stand.
func TestResync(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via})
		f := n.enterFake(t, "U_1")
		f.beat(26 * time.Second)
		n.Resync()
		if heard := f.beat(3 * time.Second); len(heard) == 0 || heard[0].Heartbeat == nil {
			t.Errorf("heard %+v within 3 s, want a heartbeat", heard)
		}
	})
}

func TestToken(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via, ttl: 5 * time.Minute})
		keeps, lapses, cheats := n.enterFake(t, "V_7/alice"), n.enterFake(t, "U_1"), n.enterFake(t, "V_7/bob")
		keeps.beat(4*time.Minute, lapses, cheats)
		keeps.say(`{"id":9,"token":{"token":"V_7/alice"}}`)
		if got := keeps.heard(); len(got) != 1 || got[0].ID != 9 || got[0].Ack == nil {
			t.Fatalf("renewal = %+v, want an ack", got)
		}
		cheats.say(`{"id":9,"token":{"token":"V_7/mallory"}}`)
		wantBye(t, cheats, byeWrongIdentity, true)

		keeps.beat(58*time.Second, lapses)
		if lapses.isOver() {
			t.Fatal("closed before the token's end")
		}
		keeps.beat(4 * time.Second)
		wantBye(t, lapses, byeTokenExpired, false)
		keeps.beat(2 * time.Minute)
		if keeps.isOver() {
			t.Error("closed although its token was renewed")
		}
	})
}

func TestRevoke(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via})
		one, other := n.enterFake(t, "U_1"), n.enterFake(t, "U_2")
		<-time.After(time.Second)
		if err := n.svc.Backend().Revoke(t.Context(), "U_1"); err != nil {
			t.Fatal(err)
		}
		wantBye(t, one, byeTokenRevoked, true)
		if _, said := other.bye(); said {
			t.Error("somebody else was signed out too")
		}
		<-time.After(time.Second)
		n.enterFake(t, "U_1") // with a token from after the revocation
	})
}

// A client that stops reading costs a bounded queue and then itself, and nobody
// waits for it.
func TestSlowConsumer(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via})
		slow, quick := n.enterFake(t, "U_1"), n.enterFake(t, "U_1")
		slow.mu.Lock()
		slow.stuck = true
		slow.mu.Unlock()
		const pushes = maxQueued + 10
		for range pushes {
			if err := n.svc.Backend().Push(t.Context(), "U_1", []byte(`{"n":1}`)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if got := len(quick.heard()); got != pushes {
			t.Errorf("the quick one heard %d of %d", got, pushes)
		}
		<-time.After(hurryWithin + time.Millisecond)
		if !slow.isOver() {
			t.Error("the slow one is still there")
		}
		if got := len(n.hub.all()); got != 1 {
			t.Errorf("%d sessions left, want the quick one", got)
		}
	})
}

// told returns what was heard of a uid's presence.
func (f *fake) told(uid string) (list []string) {
	for _, frame := range f.heard() {
		if frame.Presence != nil {
			list = append(list, frame.Presence.UIDs[uid])
		}
	}
	return list
}

func TestPresence(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via})
		watcher := n.enterFake(t, "U_1")
		watch := func(want string) {
			t.Helper()
			watcher.say(`{"id":2,"watch":{"uids":["V_7","V_7"]}}`)
			got := slices.DeleteFunc(watcher.heard(), func(f wire.ServerFrame) bool { return f.Heartbeat != nil })
			if len(got) != 2 || got[0].Ack == nil || got[1].Presence == nil || got[1].Presence.UIDs["V_7"] != want {
				t.Fatalf("watch = %+v, want an ack and then %s", got, want)
			}
		}
		told := func() []string { return watcher.told("V_7") }
		watch("offline")
		seller := n.enterFake(t, "V_7")
		if got := told(); fmt.Sprint(got) != "[online]" {
			t.Errorf("when the seller comes: %v", got)
		}
		watch("online")

		seller.leave()
		<-time.After(3 * time.Second)
		watch("online") // a reload is not noticed
		seller = n.enterFake(t, "V_7")
		<-time.After(4 * time.Second)
		if got := told(); got != nil {
			t.Errorf("during a reload: %v, want nothing", got)
		}

		seller.leave()
		<-time.After(7 * time.Second)
		if got := told(); fmt.Sprint(got) != "[offline]" {
			t.Errorf("when the seller has left: %v", got)
		}
		watcher.say(`{"id":3,"watch":{"uids":[]}}`)
		watcher.heard()
		n.enterFake(t, "V_7")
		if got := told(); got != nil {
			t.Errorf("after the watch has ended: %v", got)
		}
		if len(n.hub.watchers) != 0 {
			t.Errorf("%d uids are still watched", len(n.hub.watchers))
		}
	})
}

// Whether a buyer is online is nothing that any other buyer may ask.
func TestPresence_isNobodyElsesBusiness(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via})
		n.enterFake(t, "U_2")
		curious := n.enterFake(t, "U_1")
		curious.say(`{"id":2,"watch":{"uids":["U_2"]}}`)
		if got := curious.told("U_2"); fmt.Sprint(got) != "[unknown]" {
			t.Errorf("told %v, want unknown", got)
		}
		if len(n.hub.watchers) != 0 {
			t.Errorf("%d uids are watched, want none", len(n.hub.watchers))
		}
	})
}

// A session that ends while it begins to watch drops what it is about to add.
func TestInterest_droppedBeforeAdded(t *testing.T) {
	i := newInterest(localbus.New())
	uids := []chat.UID{"V_7"}
	i.drop(chat.PresenceOf, uids)
	if err := i.add(chat.PresenceOf, uids); err != nil {
		t.Fatal(err)
	}
	if len(i.counts) != 0 {
		t.Errorf("counts %v are left for ever", i.counts)
	}
}

// Dead phones hold sockets that nobody has closed yet: a new one takes the place
// of the one that was silent for longest.
func TestSockets_stalestMakesRoom(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via, limits: func(l *chat.Limits) { l.Sockets = 3 }})
		var open []*fake
		for range 3 {
			open = append(open, n.enterFake(t, "V_7/alice"))
			<-time.After(time.Second)
		}
		colleague := n.enterFake(t, "V_7/bob")
		open[0].say(`{"heartbeat":{}}`)
		n.enterFake(t, "V_7/alice")
		if b := wantBye(t, open[1], byeManySockets, false); b.RetryAfterMS < 60_000 {
			t.Errorf("retry after %d ms, want a minute at least, or two would take turns", b.RetryAfterMS)
		}
		for i, f := range []*fake{open[0], open[2], colleague} {
			if b, said := f.bye(); said {
				t.Errorf("session %d was closed too: %+v", i, b)
			}
		}
	})
}

// flood says something so many times at once, and returns how often it was
// carried out and how often refused.
func (f *fake) flood(times int) (acks, limited int) {
	for i := range times {
		f.say(`{"id":%d,"watch":{"uids":[]}}`, i+2)
	}
	for _, frame := range f.heard() {
		switch {
		case frame.Ack != nil:
			acks++
		case frame.Error != nil && frame.Error.Code == "rate_limited" && frame.Error.RetryAfterMS > 0 && frame.ID > 0:
			limited++
		}
	}
	return acks, limited
}

func TestFlood(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via, limits: func(l *chat.Limits) {
			l.Rates[chat.ActionRequest] = []chat.Rate{{Burst: 20, Window: 10 * time.Second}}
		}})
		f := n.enterFake(t, "U_1")
		if acks, limited := f.flood(30); acks != 20 || limited != 10 {
			t.Errorf("of 30 frames %d were carried out and %d refused, want 20 and 10", acks, limited)
		}
		<-time.After(10 * time.Second)
		if acks, limited := f.flood(20); acks != 20 || limited != 0 {
			t.Errorf("after a window, of 20 frames %d were carried out and %d refused", acks, limited)
		}
		for range 21 {
			f.say(`{"id":2,"watch":{"uids":[]}}`)
		}
		if b := wantBye(t, f, byeFlood, false); b.RetryAfterMS == 0 {
			t.Error("a flooder is not told when to come back")
		}
	})
}

// A store that hangs costs the sender an error, not its connection.
func TestSend_storeHangs(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via, store: func(s chat.Store) chat.Store {
			return &testkit.FlakyStore{Store: s, BeforeAppend: func(ctx context.Context) error {
				<-ctx.Done()
				return chat.Codef(chat.Unavailable, "outcome_unknown", "nobody knows: %w", ctx.Err())
			}}
		}})
		f := n.enterFake(t, "U_1")
		<-time.After(30 * time.Second)
		f.heard() // and does not answer: it has something else to say
		f.say(`{"id":7,"send":{"product":"1001","nonce":"n","blocks":[{"type":"text","text":"?"}]}}`)
		<-time.After(handleWithin + time.Second)
		var answer *wire.Error
		for _, frame := range f.heard() {
			if frame.ID == 7 {
				answer = frame.Error
			}
		}
		if answer == nil || answer.Code != "timeout" || answer.RetryAfterMS == 0 {
			t.Errorf("answer = %+v, want timeout", answer)
		}
		if f.isOver() {
			t.Error("the connection was closed for a silence that was the server's")
		}
	})
}

// What goes wrong inside is logged once, under an id that the client gets, and
// not shown. Tokens are not logged.
func TestInternalError(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		var log bytes.Buffer
		n := newNode(t, nodeOptions{
			via: via,
			log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			store: func(s chat.Store) chat.Store {
				return &testkit.FlakyStore{Store: s, BeforeAppend: func(context.Context) error { return errors.New("page 4 is torn") }}
			},
		})
		f := n.enterFake(t, "U_1")
		f.say(`{"id":7,"send":{"product":"1001","nonce":"n","blocks":[{"type":"text","text":"?"}]}}`)
		got := f.heard()
		if len(got) != 1 || got[0].ID != 7 || got[0].Error == nil || got[0].Error.Code != "internal" || strings.Contains(got[0].Error.Message, "torn") {
			t.Fatalf("answer = %+v", got)
		}
		if id := got[0].Error.RequestID; id == "" || strings.Count(log.String(), id) != 1 || strings.Count(log.String(), "page 4 is torn") != 1 {
			t.Errorf("request id %q, log:\n%s", id, log.String())
		}
		f.say(`{"id":8,"token":{"token":"secret-token!invalid"}}`)
		if strings.Contains(log.String(), "secret-token") {
			t.Errorf("a token is in the log:\n%s", log.String())
		}
	})
}

// On a restart clients are told when to come back, and not all for the same time.
func TestShutdown(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via})
		var open []*fake
		for i := range 50 {
			open = append(open, n.enterFake(t, fmt.Sprint("U_", i)))
		}
		if err := n.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		times := make(map[int64]bool)
		for _, f := range open {
			times[wantBye(t, f, byeShutdown, false).RetryAfterMS] = true
		}
		if len(times) < 25 {
			t.Errorf("50 clients come back at %d times", len(times))
		}
		if _, ok := n.begin(&fake{}); ok {
			t.Error("a session began after the shutdown")
		}
	})
}
