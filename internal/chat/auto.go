package chat

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Auto says why the server wrote a message by itself, in a merchant's name. Nobody
// can send one.
type Auto string

// The reasons. A message that somebody wrote has none.
const (
	ByHand   Auto = ""
	Greeting Auto = "greeting" // to a buyer's first message
	Away     Auto = "away"     // outside of business hours
)

// AutoText is a text that is sent by itself.
type AutoText struct {
	On   bool   `json:"on"`
	Text string `json:"text"`
}

// ShopSettings is what a merchant's staff have set for all of the shop.
type ShopSettings struct {
	Version  int64    `json:"-"` // 0 while nothing was ever set
	Greeting AutoText `json:"greeting"`
	Away     AutoText `json:"away"`
	Hours    Hours    `json:"hours"`
}

// ShopSettings returns what the actor's shop has set.
func (s *Service) ShopSettings(ctx context.Context, actor Actor) (ShopSettings, error) {
	if err := staff(actor); err != nil {
		return ShopSettings{}, err
	}
	set, err := s.store.ShopSettings(ctx, actor.UID)
	if err != nil {
		return ShopSettings{}, fmt.Errorf("settings of %s: %w", actor.UID, err)
	}
	return set, nil
}

// PutShopSettings sets them anew. Version says which ones the actor has seen: if they
// have been changed since, it is a Conflict with code "settings_changed". They hold on
// this node at once, and on all within settingsFor.
func (s *Service) PutShopSettings(ctx context.Context, actor Actor, set ShopSettings) (ShopSettings, error) {
	if err := staff(actor); err != nil {
		return ShopSettings{}, err
	}
	for _, t := range []*AutoText{&set.Greeting, &set.Away} {
		switch {
		case t.On && strings.TrimSpace(t.Text) == "":
			return ShopSettings{}, Codef(Invalid, "empty_message", "a message that is sent by itself says something")
		case utf8.RuneCountInString(t.Text) > s.limits.TextRunes:
			return ShopSettings{}, Codef(TooLarge, "text_too_long", "a message has at most %d characters", s.limits.TextRunes)
		}
		if err := checkText(t.Text); err != nil {
			return ShopSettings{}, err
		}
	}
	if err := set.Hours.validate(); err != nil {
		return ShopSettings{}, err
	}
	return carry(ctx, s, &change[ShopSettings, ShopSettings]{
		ask: func(ctx context.Context) (ShopSettings, error) {
			stored, err := s.store.PutShopSettings(ctx, actor.UID, set)
			if err != nil {
				return ShopSettings{}, fmt.Errorf("put settings of %s: %w", actor.UID, err)
			}
			return stored, nil
		},
		tell: func(_ context.Context, stored ShopSettings) (ShopSettings, error) {
			s.shops.put(actor.UID, stored, s.now())
			return stored, nil
		},
		touched: func() []UID { return nil },
	})
}

// ClosedNow returns when the shop opens again, nil while it is open, and nil where it
// has no hours to speak of: those without an away message.
func (s *Service) ClosedNow(ctx context.Context, merchant UID) (*Closed, error) {
	set, err := s.settingsOf(ctx, merchant)
	if err != nil || !set.Away.On {
		return nil, err
	}
	return set.Hours.At(s.now())
}

// answerByItself says what a shop has set to be said to a buyer's message. The
// message is stored by then, and stays so whatever happens here.
//
// What is said, and under which nonce, follows from the message alone: the greeting to
// the first one, the away message once for each time that the shop is closed. So a
// repeat says nothing twice; and as a sender repeats what was not acknowledged, which
// is after this, a server that dies in between makes up for it. What fails here for
// another reason, or takes longer than answerFor, is logged and is not said.
func (s *Service) answerByItself(ctx context.Context, done *Appended) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerFor)
	defer cancel()
	m := &done.Message
	merchant := done.Conversation.UIDs[MerchantSide]
	if m.Sender == merchant || s.now().Sub(m.SentAt) > answersWithin {
		return
	}
	set, err := s.settingsOf(ctx, merchant)
	if err == nil {
		var a Append
		var ok bool
		if a, ok, err = automatic(&set, m); ok && err == nil {
			a.Sender, a.SentAt = merchant, s.now().UTC().Truncate(time.Millisecond)
			err = s.sayByItself(ctx, a, done.Conversation.UIDs)
		}
	}
	if err != nil {
		s.log.WarnContext(ctx, "automatic message", "conversation", m.Conversation, "err", err)
	}
}

func (s *Service) sayByItself(ctx context.Context, a Append, touched [2]UID) error {
	_, err := carry(ctx, s, &change[Appended, Appended]{
		ask:     func(ctx context.Context) (Appended, error) { return s.append(ctx, a) },
		tell:    func(ctx context.Context, done Appended) (Appended, error) { return s.appended(ctx, done, ""), nil },
		touched: func() []UID { return touched[:] },
	})
	if kind := KindOf(err); err != nil && (kind == Denied || kind == Conflict) {
		return nil // one has blocked the other: then nothing is to be said
	}
	return err
}

// automatic returns what to say to m, if anything.
func automatic(set *ShopSettings, m *Message) (a Append, ok bool, err error) {
	a = Append{Conversation: m.Conversation}
	if set.Away.On {
		closed, err := set.Hours.At(m.SentAt)
		if err != nil {
			return a, false, err
		}
		if closed != nil {
			since := closed.Since
			if since.IsZero() { // for good: once a day
				since = m.SentAt.Truncate(24 * time.Hour)
			}
			return a.saying(Away, "auto-away-"+strconv.FormatInt(since.Unix(), 10), set.Away.Text), true, nil
		}
	}
	if set.Greeting.On && m.Seq == 1 {
		return a.saying(Greeting, "auto-greeting", set.Greeting.Text), true, nil
	}
	return a, false, nil
}

func (a Append) saying(why Auto, nonce, text string) Append {
	a.Auto, a.Nonce, a.Hash = why, Nonce(nonce), []byte(why)
	a.Blocks = []Block{{Type: TextBlock, Text: text}}
	return a
}

// answersWithin is how late, after a repeat, a message is still answered.
const answersWithin = 10 * time.Minute

// answerFor is how long the sender waits for what is said by itself.
const answerFor = 5 * time.Second

// settingsFor is how long a node goes by settings that it has read.
const settingsFor = 30 * time.Second

// maxShops bounds a generation of what a node remembers of shops.
const maxShops = 10_000

// shopCache remembers settings, as every message of a buyer asks for them.
type shopCache struct {
	mu    sync.Mutex
	shops generations[UID, cachedSettings] // guarded by mu
}

type cachedSettings struct {
	set  ShopSettings
	till time.Time
}

func (c *shopCache) get(uid UID, now time.Time) (ShopSettings, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.shops.get(uid)
	return known.set, ok && now.Before(known.till)
}

// put keeps set, unless a later version is known: who read an older one was slow.
func (c *shopCache) put(uid UID, set ShopSettings, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, _ := c.shops.get(uid); known.set.Version > set.Version {
		return
	}
	c.shops.put(uid, cachedSettings{set, now.Add(settingsFor)})
}

func (s *Service) settingsOf(ctx context.Context, merchant UID) (ShopSettings, error) {
	now := s.now()
	if set, ok := s.shops.get(merchant, now); ok {
		return set, nil
	}
	set, err := s.store.ShopSettings(ctx, merchant)
	if err != nil {
		return ShopSettings{}, fmt.Errorf("settings of %s: %w", merchant, err)
	}
	s.shops.put(merchant, set, now)
	return set, nil
}
