package chat

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Service carries out what actors ask for. Its methods may be called
// concurrently; who asks is always a parameter. Run must be running for
// watermarks to be kept. A change is stored, and announced, also when the context of
// whoever asked for it ends meanwhile: the error is then Unavailable with code
// "outcome_unknown". Where it is the store that does not know, sessions look for themselves.
type Service struct {
	store   Store
	bus     Bus
	limiter Limiter
	limits  Limits
	log     *slog.Logger
	now     func() time.Time
	members *memberCache
	marks   *markQueue
	shops   shopCache
	replies replyCache
	work    work
}

// NewService returns a Service over its ports.
func NewService(store Store, bus Bus, limiter Limiter, limits Limits, log *slog.Logger) *Service {
	return &Service{
		store: store, bus: bus, limiter: limiter, limits: limits, log: log, now: time.Now,
		members: newMemberCache(), marks: newMarkQueue(),
		shops:   shopCache{shops: generations[UID, cachedSettings]{size: maxShops}},
		replies: replyCache{shops: generations[UID, knownReplies]{size: maxShops}},
	}
}

// Limits returns the limits the service holds everybody to.
func (s *Service) Limits() *Limits { return &s.limits }

// Allow takes one from the actor's allowance for action, or says when to try
// again. Guests cost nothing to be, so what they write counts for the address
// that they come from, too.
func (s *Service) Allow(action Action, actor Actor) error {
	if err := s.AllowKey(action, actor.limitKey()); err != nil {
		return err
	}
	if shared := ofGuests(action); shared != "" && actor.UID.IsGuest() && actor.Address != "" {
		return s.AllowKey(shared, actor.Address)
	}
	return nil
}

// ofGuests returns what all guests of one address do together when one of them
// does a; "" when that is not counted.
func ofGuests(a Action) Action {
	switch a { //nolint:exhaustive // the others cost the merchants nothing
	case ActionSend:
		return ActionGuestSend
	case ActionBegin:
		return ActionGuestBegin
	}
	return ""
}

// AllowKey is Allow for what is counted under something else than an actor, such
// as an address.
func (s *Service) AllowKey(action Action, key string) error {
	after, ok := s.limiter.Allow(action, key)
	if ok {
		return nil
	}
	err := Errorf(RateLimited, "too many requests, try again in a moment")
	err.RetryAfter = after
	return err
}

// announce publishes ev. What it tells is already stored, so a bus that is down
// delays whoever hears of it until the next heartbeat and must not fail the
// request; nor must a caller that has left.
func (s *Service) announce(ctx context.Context, uids [2]UID, ev Event) {
	topics := []Topic{{EventsOf, uids[BuyerSide]}, {EventsOf, uids[MerchantSide]}}
	s.publish(ctx, topics, ev)
}

func (s *Service) publish(ctx context.Context, topics []Topic, ev Event) {
	if err := s.bus.Publish(context.WithoutCancel(ctx), topics, ev); err != nil {
		s.log.WarnContext(ctx, "announce", "topics", len(topics), "err", err)
	}
}

// membersFor returns who takes part in the conversation and on which side of it
// the actor stands. To a stranger it does not exist.
func (s *Service) membersFor(ctx context.Context, actor Actor, id ConversationID) ([2]UID, Side, error) {
	uids, ok := s.members.get(id)
	if !ok {
		conv, err := s.store.Conversation(ctx, id)
		if err != nil {
			return [2]UID{}, NoSide, fmt.Errorf("conversation %s: %w", id, err)
		}
		uids = conv.UIDs
		s.members.put(id, uids)
	}
	switch actor.UID {
	case uids[BuyerSide]:
		return uids, BuyerSide, nil
	case uids[MerchantSide]:
		return uids, MerchantSide, nil
	}
	return [2]UID{}, NoSide, errNoConversation()
}

func errNoConversation() error { return Errorf(NotFound, "no such conversation") }
