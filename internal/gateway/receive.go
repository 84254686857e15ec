package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/go-json-experiment/json"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// handleWithin bounds the work for one frame: a store that hangs must not hold a
// reader, and with it its client's heartbeats, for ever.
const handleWithin = 15 * time.Second

// A delivered frame comes with every message that a busy agent gets, so it costs
// a fraction of the others.
const cheap = 10

// receive carries out one frame. It is called by the reader alone, or by the
// worker that it waits for, which keeps the frames of a session in order.
func (s *session) receive(isText bool, data []byte) {
	now := s.gw.now()
	s.touch(now)
	s.gw.stats.bytesIn.Add(float64(len(data)))
	switch {
	case s.hasEnded():
		return
	case len(data) > s.gw.limits.FrameBytes:
		s.close(tooLargeBye())
		return
	case s.greeted && isText && bytes.Equal(data, []byte(`{"heartbeat":{}}`)):
		// The answer to our heartbeat, by far the most frequent frame of all.
		s.gw.stats.in(kindHeartbeat)
		s.allowedFrame(now, kindHeartbeat, 0)
		return
	}
	s.busy.Store(true)
	defer func() {
		s.touch(s.gw.now())
		s.busy.Store(false)
	}()
	defer s.recover()
	if s.greeted {
		s.carryOut(now, isText, data)
	} else {
		s.greet(isText, data)
	}
}

// recover keeps one client's frame from ending everybody's process.
func (s *session) recover() {
	if v := recover(); v != nil {
		s.gw.log.ErrorContext(s.gw.ctx, "panic", "value", fmt.Sprint(v), "stack", string(debug.Stack()))
		s.close(unavailableBye())
	}
}

// carryOut decodes and carries out a frame after hello.
func (s *session) carryOut(now time.Time, isText bool, data []byte) {
	var f wire.ClientFrame
	err := decode(isText, data, &f)
	kind := kindOf(&f)
	s.gw.stats.in(kind)
	if !s.allowedFrame(now, kind, f.ID) {
		return
	}
	if err == nil {
		err = checkOne(&f)
	}
	if err != nil {
		s.fail(f.ID, kind, err)
		return
	}
	if err := s.handleInTime(&f, kind); err != nil {
		s.fail(f.ID, kind, err)
	}
}

// handleInTime is handle with a deadline, as most of what is asked for waits for the
// store. Delivered frames seldom do and are frequent, and a timer for each is not free.
func (s *session) handleInTime(f *wire.ClientFrame, kind kind) error {
	ctx := s.gw.ctx
	if kind != kindDelivered {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, handleWithin)
		defer cancel()
	}
	return s.handle(ctx, f)
}

// decode reads a frame strictly. When it is refused, f has its ID if that could
// be made out.
func decode(isText bool, data []byte, f *wire.ClientFrame) error {
	if !isText {
		return chat.Codef(chat.Invalid, "invalid_json", "frames are text, not binary")
	}
	err := wire.Decode(data, f)
	if err != nil {
		var named struct {
			ID int64 `json:"id"`
		}
		_ = json.Unmarshal(data, &named) // best effort, for the answer to err
		*f = wire.ClientFrame{ID: named.ID}
	}
	return err
}

// checkOne checks that f asks for exactly one thing.
func checkOne(f *wire.ClientFrame) error {
	n := 0
	for _, set := range [...]bool{
		f.Hello != nil, f.Token != nil, f.Send != nil, f.Delivered != nil, f.Read != nil,
		f.Recall != nil, f.Typing != nil, f.Viewing != nil, f.Watch != nil, f.Heartbeat != nil,
	} {
		if set {
			n++
		}
	}
	if n != 1 || f.ID < 0 {
		return chat.Codef(chat.Invalid, "invalid_frame", "a frame holds one request and, for an answer, an id above 0")
	}
	return nil
}

// allowedFrame takes a frame from the session's allowance. A client that goes on
// for as long again as it was allowed to is closed.
func (s *session) allowedFrame(now time.Time, kind kind, id int64) bool {
	cost := 1
	if kind == kindDelivered || kind == kindHeartbeat {
		cost = cheap
	}
	wait, ok := s.allowed(now, cost)
	if ok {
		return true
	}
	if _, patient := s.patience.take(s.gw.frames, s.gw.frames.period, now); !patient {
		s.close(wire.Bye{
			Code: byeFlood, Message: "too many frames",
			RetryAfterMS: s.gw.frames.window().Milliseconds(),
		})
		return false
	}
	err := chat.Errorf(chat.RateLimited, "too many frames, try again in a moment")
	err.RetryAfter = wait
	s.fail(id, kind, err)
	return false
}

// allowed takes one nth of a frame.
func (s *session) allowed(now time.Time, n int) (time.Duration, bool) {
	return s.requests.take(s.gw.frames, s.gw.frames.period/time.Duration(n), now)
}

// fail answers a frame that was not carried out. What the domain did not word is
// logged here, once, under an id that the client gets too.
func (s *session) fail(id int64, kind kind, err error) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = &chat.Error{Kind: chat.Unavailable, Code: "timeout", Msg: "the server took too long, try again", RetryAfter: time.Second, Err: err}
	}
	e := chat.AsError(err)
	requestID := ""
	if e.Kind == chat.Internal || e.Kind == chat.Unavailable {
		requestID = newRequestID()
		s.gw.log.ErrorContext(s.gw.ctx, "frame", "frame", kind.String(), "uid", s.actor.UID, "request_id", requestID, "err", err)
	}
	answer := wire.FromError(err, requestID)
	s.answer(&wire.ServerFrame{ID: id, Error: &answer})
}

// answer sends the answer to a frame that the reader carries out.
func (s *session) answer(f *wire.ServerFrame) {
	p, err := text(f)
	if err != nil {
		s.gw.log.ErrorContext(s.gw.ctx, "encode answer", "err", err)
		return
	}
	s.gw.stats.out(f)
	s.reply(p)
}
