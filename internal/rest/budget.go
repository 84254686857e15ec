package rest

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"haggle/internal/chat"
)

const (
	// uploadMemory bounds the uploads that are being received, in the whole
	// process: they are decoded from memory.
	uploadMemory = 256 << 20

	// uploadWait is how long an upload waits for its part of it.
	uploadWait = 10 * time.Second
)

// uploadBudget says who may hold how much memory with uploads.
type uploadBudget struct {
	memory   *semaphore.Weighted
	perActor int

	mu     sync.Mutex
	active map[uploader]int // guarded by mu
}

// uploader is whose uploads count together. The name of an agent is whatever the
// token says, so it is no part of who it is.
type uploader struct {
	uid   chat.UID
	agent chat.AgentID
}

func newUploadBudget(memory int64, perActor int) *uploadBudget {
	return &uploadBudget{memory: semaphore.NewWeighted(memory), perActor: perActor, active: make(map[uploader]int)}
}

// UploadRoom waits for room for an upload of the actor's that comes in by another door
// than the API's own; the caller calls free when it is done with it.
func (a *API) UploadRoom(ctx context.Context, actor chat.Actor, bytes int64) (free func(), err error) {
	return a.uploads.take(ctx, actor, bytes)
}

// take waits for room for an upload of the actor's; the caller calls free when
// it is done with it.
func (b *uploadBudget) take(ctx context.Context, actor chat.Actor, bytes int64) (free func(), err error) {
	who := uploader{actor.UID, actor.Agent}
	if !b.enter(who) {
		e := chat.Codef(chat.RateLimited, "too_many_uploads", "at most %d uploads at a time", b.perActor)
		e.RetryAfter = time.Second
		return nil, e
	}
	ctx, cancel := context.WithTimeout(ctx, uploadWait)
	defer cancel()
	if err := b.memory.Acquire(ctx, bytes); err != nil {
		b.leave(who)
		e := chat.Codef(chat.Unavailable, "busy", "too much to do, try again in a moment")
		e.RetryAfter, e.Err = time.Second, err
		return nil, e
	}
	return func() {
		b.memory.Release(bytes)
		b.leave(who)
	}, nil
}

func (b *uploadBudget) enter(who uploader) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.active[who] >= b.perActor {
		return false
	}
	b.active[who]++
	return true
}

func (b *uploadBudget) leave(who uploader) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.active[who]--; b.active[who] == 0 {
		delete(b.active, who)
	}
}
