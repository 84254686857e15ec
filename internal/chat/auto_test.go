package chat_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
)

// set has the seller set what is said by itself. Its hours are 9 to 17 UTC on
// weekdays.
func (w *world) set(t *testing.T, greeting, away bool) {
	t.Helper()
	now, err := w.ShopSettings(t.Context(), seller)
	if err != nil {
		t.Fatal(err)
	}
	now.Greeting = chat.AutoText{On: greeting, Text: "welcome"}
	now.Away = chat.AutoText{On: away, Text: "we sleep"}
	now.Hours = chat.Hours{TimeZone: "UTC"}
	for day := time.Monday; day <= time.Friday; day++ {
		now.Hours.Openings = append(now.Hours.Openings, chat.Opening{Day: day, From: 9 * 60, To: 17 * 60})
	}
	if _, err := w.PutShopSettings(t.Context(), seller, now); err != nil {
		t.Fatal(err)
	}
}

// A store that does not come back keeps nobody from the acknowledgement of what it
// has stored.
func TestAutomatic_stuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set(t, true, false)
		var appends atomic.Int32
		w.flaky.BeforeAppend = func(ctx context.Context) error {
			if appends.Add(1) == 2 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		began := time.Now()
		if done := w.say(t, buyer, "hello"); done.Message.Seq != 1 || appends.Load() != 2 || time.Since(began) > 10*time.Second {
			t.Errorf("%+v, %d appends, in %v", done.Message, appends.Load(), time.Since(began))
		}
	})
}

// lateSettings has something happen between the reading of settings and their arrival.
type lateSettings struct {
	chat.Store

	meanwhile func()
}

func (s *lateSettings) ShopSettings(ctx context.Context, merchant chat.UID) (chat.ShopSettings, error) {
	set, err := s.Store.ShopSettings(ctx, merchant)
	if meanwhile := s.meanwhile; meanwhile != nil {
		s.meanwhile = nil
		meanwhile()
	}
	return set, err
}

// Settings that were read before they were changed do not come back.
func TestAutomatic_readLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a Saturday
		w := newWorld(t)
		late := &lateSettings{Store: w.store}
		w.Service = chat.NewService(late, w.bus, w.limit, chat.DefaultLimits(), slog.New(slog.DiscardHandler))
		late.meanwhile = func() { w.set(t, false, true) }
		if _, err := w.ClosedNow(t.Context(), seller.UID); err != nil {
			t.Fatal(err)
		}
		if closed, err := w.ClosedNow(t.Context(), seller.UID); err != nil || closed == nil {
			t.Errorf("%v, %v: goes by the settings before", closed, err)
		}
	})
}

func (w *world) say(t *testing.T, who chat.Actor, nonce string) chat.Appended {
	t.Helper()
	nonce, words := strings.Map(func(r rune) rune {
		if r == ' ' || r == '?' {
			return '-'
		}
		return r
	}, nonce), nonce
	d := chat.Draft{Product: "1001", Nonce: chat.Nonce(nonce), Blocks: text(words)}
	if who.Side() == chat.MerchantSide {
		conv, err := w.store.ConversationBetween(t.Context(), buyer.UID, who.UID)
		if err != nil {
			t.Fatal(err)
		}
		d = chat.Draft{Conversation: conv.ID, Nonce: chat.Nonce(nonce), Blocks: text(words)}
	}
	done, err := w.Send(t.Context(), who, d, "")
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// said is the thread: texts, those that nobody wrote with why.
func (w *world) said(t *testing.T, id chat.ConversationID) (said []string) {
	t.Helper()
	ms, err := w.store.MessagesAfter(t.Context(), id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ms {
		line := m.Blocks[0].Text
		if m.Auto != chat.ByHand {
			line = string(m.Auto) + ": " + line
		}
		said = append(said, line)
	}
	return said
}

func wantSaid(t *testing.T, w *world, id chat.ConversationID, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.said(t, id)); diff != "" {
		t.Errorf("the thread (-want +got):\n%s", diff)
	}
}

// until sleeps to a time of 2000, where synctest begins: 3 January is a Monday.
func until(day, hour int) {
	<-time.After(time.Until(time.Date(2000, 1, day, hour, 0, 0, 0, time.UTC)))
}

func TestGreeting_toTheFirstMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set(t, true, false)
		done := w.say(t, buyer, "hello")
		w.say(t, buyer, "there?")
		w.say(t, seller, "yes")
		w.say(t, buyer, "hello") // a repeat
		wantSaid(t, w, done.Conversation.ID, "hello", "greeting: welcome", "there?", "yes")
		var told []chat.Auto
		for _, ev := range w.bus.take() {
			if ev.Message != nil {
				told = append(told, ev.Message.Auto)
			}
		}
		if diff := cmp.Diff([]chat.Auto{chat.ByHand, chat.Greeting, chat.ByHand, chat.ByHand}, told); diff != "" {
			t.Errorf("announced (-want +got):\n%s", diff)
		}
	})
}

func TestAway_onceForEachTimeThatTheShopIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set(t, true, true)
		until(3, 8) // Monday, before it opens
		id := w.say(t, buyer, "early").Conversation.ID
		w.say(t, buyer, "still early")
		until(3, 9)
		w.say(t, buyer, "open")
		until(3, 17)
		w.say(t, buyer, "late")
		until(4, 8)
		w.say(t, buyer, "the same night")
		until(4, 20)
		w.say(t, buyer, "the next")
		wantSaid(t, w, id, "early", "away: we sleep", "still early", "open", "late", "away: we sleep", "the same night", "the next", "away: we sleep")

		begun, err := w.Begin(t.Context(), buyer, "1001")
		if err != nil || begun.Closed == nil || !begun.Closed.Until.Equal(time.Date(2000, 1, 5, 9, 0, 0, 0, time.UTC)) {
			t.Errorf("who asks at night is told %+v, %v", begun.Closed, err)
		}
		until(5, 10)
		if begun, err = w.Begin(t.Context(), buyer, "1001"); err != nil || begun.Closed != nil {
			t.Errorf("who asks by day is told %+v, %v", begun.Closed, err)
		}
	})
}

// The server died before it had answered by itself: the buyer's page, which got no
// ack, repeats its message, and that makes up for it.
func TestAutomatic_madeUpForByARepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set(t, true, false)
		appends := 0
		w.flaky.BeforeAppend = func(context.Context) error {
			if appends++; appends == 2 {
				return errors.New("the power is gone")
			}
			return nil
		}
		id := w.say(t, buyer, "hello").Conversation.ID
		wantSaid(t, w, id, "hello")
		w.say(t, buyer, "hello")
		wantSaid(t, w, id, "hello", "greeting: welcome")

		// A message that is repeated days later is not answered as if it were new.
		w.set(t, false, true)
		<-time.After(48 * time.Hour)
		w.say(t, buyer, "hello")
		wantSaid(t, w, id, "hello", "greeting: welcome")
	})
}

func TestAutomatic_notToTheMerchantNorPastABlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.say(t, buyer, "hello").Conversation.ID
		w.set(t, false, true)
		w.say(t, seller, "at night") // Saturday, the first of January
		wantSaid(t, w, id, "hello", "at night")
		if _, err := w.SetBlocked(t.Context(), seller, id, true); err != nil {
			t.Fatal(err)
		}
		_, err := w.Send(t.Context(), buyer, chat.Draft{Conversation: id, Nonce: "b", Blocks: text("b")}, "")
		wantCode(t, err, "blocked")
		wantSaid(t, w, id, "hello", "at night")
	})
}

func TestShopSettings_rules(t *testing.T) {
	w := newWorld(t)
	good := chat.ShopSettings{Hours: chat.Hours{TimeZone: "Asia/Shanghai"}}
	for i, c := range []struct {
		change func(*chat.ShopSettings)
		code   string
	}{
		{func(s *chat.ShopSettings) { s.Greeting = chat.AutoText{On: true, Text: " "} }, "empty_message"},
		{func(s *chat.ShopSettings) { s.Away.Text = "123456789012345678901" }, "text_too_long"},
		{func(s *chat.ShopSettings) { s.Away.Text = "\x00" }, "invalid_text"},
		{func(s *chat.ShopSettings) { s.Hours.TimeZone = "Mars/Base" }, "invalid_time_zone"},
		{func(s *chat.ShopSettings) { s.Hours.TimeZone = "" }, "invalid_time_zone"},
		{func(s *chat.ShopSettings) { s.Hours.TimeZone = "../etc/passwd" }, "invalid_time_zone"},
		{func(s *chat.ShopSettings) { s.Hours.Openings = []chat.Opening{{Day: 7, From: 1, To: 2}} }, "invalid_opening"},
		{func(s *chat.ShopSettings) { s.Hours.Openings = []chat.Opening{{Day: 1, From: 2, To: 2}} }, "invalid_opening"},
		{func(s *chat.ShopSettings) { s.Hours.Openings = []chat.Opening{{Day: 1, From: 0, To: 1441}} }, "invalid_opening"},
		{func(s *chat.ShopSettings) { s.Hours.Openings = make([]chat.Opening, 36) }, "too_many_openings"},
		{func(s *chat.ShopSettings) { s.Version = 7 }, "settings_changed"},
	} {
		t.Run(strconv.Itoa(i)+" "+c.code, func(t *testing.T) {
			set := good
			c.change(&set)
			_, err := w.PutShopSettings(t.Context(), seller, set)
			wantCode(t, err, c.code)
		})
	}
	if _, err := w.PutShopSettings(t.Context(), seller, good); err != nil {
		t.Errorf("good ones: %v", err)
	}
	_, err := w.PutShopSettings(t.Context(), buyer, good)
	wantCode(t, err, "not_merchant")
	_, err = w.ShopSettings(t.Context(), buyer)
	wantCode(t, err, "not_merchant")
}
