package chat

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Backend is what the shop's own servers, and nobody else, may ask for. Whoever
// calls it has seen the API key.
type Backend struct{ s *Service }

// Backend returns the shop's side of the service.
func (s *Service) Backend() Backend { return Backend{s} }

// PutProduct says what is for sale, and by whom.
func (b Backend) PutProduct(ctx context.Context, p Product) error {
	l := &b.s.limits
	if _, err := ParseProductID(string(p.ID)); err != nil {
		return err
	}
	if _, err := ParseUID(string(p.Merchant)); err != nil {
		return err
	}
	p.Title = CleanName(p.Title, l.TitleRunes)
	switch {
	case p.Merchant.Side() != MerchantSide:
		return Codef(Invalid, "invalid_merchant", "a merchant's uid starts with V_ or E_")
	case p.Title == "":
		return Codef(Invalid, "no_title", "a product has a title")
	case p.Kind != Virtual && p.Kind != Physical:
		return Codef(Invalid, "invalid_kind", "a product is virtual or physical")
	case p.Price.Amount < 0 || !isCurrency(p.Price.Currency):
		return Codef(Invalid, "invalid_price", "a price is an amount in minor units, 0 or more, and an ISO 4217 currency")
	case p.Stock != nil && *p.Stock < 0:
		return Codef(Invalid, "invalid_stock", "stock is 0 or more")
	}
	if err := checkURLs(l, p.Image, p.URL); err != nil {
		return err
	}
	p.Deleted = false
	if err := b.s.store.PutProduct(ctx, p); err != nil {
		return fmt.Errorf("put product: %w", err)
	}
	return nil
}

func isCurrency(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// checkURLs accepts http and https URLs and absolute paths of the shop; anything
// else could be made to run as a script where it is drawn.
func checkURLs(l *Limits, urls ...string) error {
	for _, u := range urls {
		local := strings.HasPrefix(u, "/") && !strings.HasPrefix(u, "//")
		switch {
		case u == "":
		case len(u) > l.URLBytes:
			return Codef(TooLarge, "url_too_long", "a URL is longer than %d bytes", l.URLBytes)
		case strings.ContainsFunc(u, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }),
			!local && !strings.HasPrefix(u, "https://") && !strings.HasPrefix(u, "http://"):
			return Codef(Invalid, "invalid_url", "a URL starts with https://, http:// or / and has no blanks")
		}
	}
	return nil
}

// DeleteProduct says that a product is no longer for sale.
func (b Backend) DeleteProduct(ctx context.Context, id ProductID) error {
	if err := b.s.store.DeleteProduct(ctx, id); err != nil {
		return fmt.Errorf("delete product: %w", err)
	}
	return nil
}

// PutParticipant says how a buyer or a merchant is shown.
func (b Backend) PutParticipant(ctx context.Context, p Participant) error {
	if _, err := ParseUID(string(p.UID)); err != nil {
		return err
	}
	if p.UID.IsGuest() {
		return Codef(Invalid, "invalid_uid", "uids that start with U_g- are handed out by the server alone")
	}
	return b.s.Introduce(ctx, p)
}

// DeleteParticipant forgets how somebody is shown. What they wrote stays.
func (b Backend) DeleteParticipant(ctx context.Context, uid UID) error {
	if err := b.s.store.DeleteParticipant(ctx, uid); err != nil {
		return fmt.Errorf("delete participant: %w", err)
	}
	return nil
}

// Revoke ends every token of uid that was issued until now and closes its
// sessions.
func (b Backend) Revoke(ctx context.Context, uid UID) error {
	if _, err := ParseUID(string(uid)); err != nil {
		return err
	}
	at := b.s.now().UTC().Truncate(time.Millisecond)
	revoked := Event{Revoked: &RevokedEvent{At: at}}
	_, err := carry(ctx, b.s, &change[struct{}, struct{}]{
		ask: func(ctx context.Context) (struct{}, error) {
			if err := b.s.store.Revoke(ctx, uid, at); err != nil {
				return struct{}{}, fmt.Errorf("revoke: %w", err)
			}
			return struct{}{}, nil
		},
		tell: func(ctx context.Context, done struct{}) (struct{}, error) {
			b.s.publish(ctx, []Topic{{EventsOf, uid}}, revoked)
			return done, nil
		},
		touched: func() []UID { return []UID{uid} },
		// One node by itself does not look for revocations. A session that is ended in vain comes back.
		suspected: revoked,
	})
	return err
}

// Push sends something of the shop's own, one JSON value, to the sessions that
// uid has now. It is not kept.
func (b Backend) Push(ctx context.Context, uid UID, payload []byte) error {
	if _, err := ParseUID(string(uid)); err != nil {
		return err
	}
	if len(payload) > b.s.limits.PushBytes {
		return Codef(TooLarge, "push_too_large", "a push is longer than %d bytes", b.s.limits.PushBytes)
	}
	b.s.publish(ctx, []Topic{{EventsOf, uid}}, Event{Push: &PushEvent{Payload: payload}})
	return nil
}

// Introduce keeps the name and avatar that a verified token or the shop's
// backend gave for somebody, if they are news.
func (s *Service) Introduce(ctx context.Context, p Participant) error {
	p.Name = CleanName(p.Name, s.limits.NameRunes)
	if err := checkURLs(&s.limits, p.Avatar); err != nil {
		return err
	}
	known, err := s.store.Participants(ctx, []UID{p.UID})
	if err != nil {
		return fmt.Errorf("introduce %s: %w", p.UID, err)
	}
	if k, ok := known[p.UID]; ok && k.Name == p.Name && k.Avatar == p.Avatar {
		return nil
	}
	if err := s.store.PutParticipant(ctx, p.UID, p.Name, p.Avatar); err != nil {
		return fmt.Errorf("introduce %s: %w", p.UID, err)
	}
	return nil
}

// Revocations returns since when tokens of uids count, of those of whom not all do.
func (s *Service) Revocations(ctx context.Context, uids []UID) (map[UID]time.Time, error) {
	known, err := s.store.Participants(ctx, uniq(uids))
	if err != nil {
		return nil, fmt.Errorf("revocations: %w", err)
	}
	revoked := make(map[UID]time.Time)
	for uid, p := range known {
		if !p.RevokedAt.IsZero() {
			revoked[uid] = p.RevokedAt
		}
	}
	return revoked, nil
}

// RevokedAt returns since when tokens of uid count; zero: all do.
func (s *Service) RevokedAt(ctx context.Context, uid UID) (time.Time, error) {
	known, err := s.store.Participants(ctx, []UID{uid})
	if err != nil {
		return time.Time{}, fmt.Errorf("revocation of %s: %w", uid, err)
	}
	return known[uid].RevokedAt, nil
}
