package compat_test

import (
	"fmt"
	"testing"
	"time"

	"haggle/internal/auth"
	"haggle/internal/chat"
)

// A page that answers two pings with nothing is gone, whatever its connection says.
func TestPing_unanswered(t *testing.T) {
	w := newWorld(t, setup{ping: time.Second})
	alive, dead := w.bound("U_7"), w.open("U_8")
	dead.deaf.Store(true)
	dead.mustBind()
	dead.closed()
	alive.next("ping")
	alive.quiet("error") // it is still there
}

// Who is on an old page is there for those on the new ones, and gone when the page is.
func TestPresence(t *testing.T) {
	w := newWorld(t, setup{})
	there := func(want chat.Presence) {
		t.Helper()
		eventually(t, "presence", func() bool {
			p, err := w.svc.Presence(t.Context(), []chat.UID{"U_7"})
			return err == nil && p["U_7"] == want
		})
	}
	there(chat.Offline)
	page := w.open("U_7")
	there(chat.Offline) // an open socket says nothing
	page.mustBind()
	there(chat.Online)
	second := w.bound("U_7")
	page.leave()
	there(chat.Online)
	second.leave()
	there(chat.Offline)
}

// A socket ends with its token, and lives on with a fresh one.
func TestToken_expires(t *testing.T) {
	w := newWorld(t, setup{})
	sign := func(life time.Duration) string {
		now := time.Now()
		token, err := auth.SignShopToken([]byte(shopSecret), auth.ShopClaims{UID: "U_7", IssuedAt: now, ExpiresAt: now.Add(life)})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	short, renewed := w.openWith("U_7", sign(3*time.Second)), w.openWith("U_7", sign(3*time.Second))
	short.mustBind()
	renewed.token = sign(time.Hour) // the shop's pages set a fresh cookie with each view
	renewed.mustBind()
	short.closed()
	renewed.quiet("error")
	// A cookie that is too old opens an anonymous socket: refused, the page would come back at once.
	old := w.openWith("U_7", short.token)
	if a := old.bind(old.client); a["code"] != "token_expired" {
		t.Errorf("bind with an old token: %v", a)
	}
}

// What a seller sends from the console has every kind in the old page, too.
func TestConsoleToOldPage(t *testing.T) {
	w := newWorld(t, setup{})
	buyer := w.bound("U_7")
	buyer.mustAsk("hello")
	c, _ := w.conversation()
	send := func(nonce chat.Nonce, blocks ...chat.DraftBlock) map[string]any {
		t.Helper()
		_, err := w.svc.Send(t.Context(), chat.Actor{UID: "V_1", Agent: "alice"}, chat.Draft{Conversation: c.ID, Nonce: nonce, Blocks: blocks}, "")
		if err != nil {
			t.Fatal(err)
		}
		f := buyer.next("reception")
		fields(t, f)
		return f
	}
	text, link := chat.DraftBlock{Type: chat.TextBlock, Text: "<b>"}, chat.DraftBlock{Type: chat.ProductBlock, Product: "1001"}
	if f := send("n1", link); f["c_type"] != 2.0 || as[map[string]any](t, f["content"])["product_id"] != "1001" {
		t.Errorf("a link is %v", f)
	}
	if f := send("n2", text, text); f["c_type"] != 1.0 || f["content"] != "&lt;b&gt;\n&lt;b&gt;" {
		t.Errorf("two texts are %v", f)
	}
	if f := send("n3", text, link); f["c_type"] != 1.0 || as[string](t, f["content"])[:5] != "<span" {
		t.Errorf("a mixture is %v", f)
	}
}

// A message that was taken back before the page came is not told.
func TestRecalledBeforeTold(t *testing.T) {
	w := newWorld(t, setup{})
	buyer := w.bound("U_7")
	buyer.mustAsk("one")
	buyer.mustAsk("two")
	c, _ := w.conversation()
	if _, err := w.svc.Recall(t.Context(), chat.Actor{UID: "U_7"}, c.ID, 1, ""); err != nil {
		t.Fatal(err)
	}
	seller := w.bound("V_1")
	if got := seller.contents(1)[0]; got != "two" {
		t.Errorf("told %q", got)
	}
	seller.quiet("reception")
	w.acknowledged(2)
}

// An event that reached a socket in the moment of its end brought the sender's request
// down.
func TestLeave_whileTold(t *testing.T) {
	w := newWorld(t, setup{})
	stop := make(chan struct{})
	said := make(chan int)
	go func() {
		n := 0
		defer func() { said <- n }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			_, err := w.svc.Send(t.Context(), chat.Actor{UID: "U_7"}, chat.Draft{
				Product: "1001", Nonce: chat.Nonce(fmt.Sprint("n", n)), Blocks: []chat.DraftBlock{{Type: chat.TextBlock, Text: "x"}},
			}, "")
			if err != nil {
				t.Error(err)
				return
			}
			n++
		}
	}()
	for range 60 {
		each(4, func(int) { w.bound("V_1").leave() })
	}
	close(stop)
	total := <-said
	w.bound("V_1")
	w.acknowledged(chat.Seq(total))
}
