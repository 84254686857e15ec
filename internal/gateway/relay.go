package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"haggle/internal/chat"
)

// Relay leads to the node that holds a session.
type Relay interface {
	// Hold has what is asked for id answered here until release is called. answer is
	// called from a goroutine of its own, with a context that ends when nobody waits.
	Hold(id chat.ClientID, answer func(ctx context.Context, request []byte) []byte) (release func(), err error)

	// Ask returns the answer of the node that holds id; found is false if none does.
	// An error says that it is not known whether the request was carried out.
	Ask(ctx context.Context, id chat.ClientID, request []byte) (answer []byte, found bool, err error)
}

const (
	// relayWithin is how long another node may take for a batch. The client repeats it
	// then, which does no harm.
	relayWithin = 15 * time.Second

	// maxRelayed bounds the batches under way to other nodes. One more is refused.
	maxRelayed = 64
)

// relayed is a batch for another node.
type relayed struct {
	Key   string `json:"key"`
	Batch int64  `json:"batch"`
	Body  []byte `json:"body"`
}

// wellFormed reports whether a session may be called so.
func wellFormed(id chat.ClientID) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(string(id), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
}

// relay has another node carry out a batch.
func (g *Gateway) relay(w http.ResponseWriter, r *http.Request, id chat.ClientID, key string, n int64) {
	select {
	case g.relayed <- struct{}{}:
	default:
		g.say(w, r, tooManyBatches())
		return
	}
	defer func() { <-g.relayed }()
	body, err := g.readBody(w, r, batchFrames*g.limits.FrameBytes)
	if err != nil {
		g.refuseBody(w, r, err)
		return
	}
	request, err := json.Marshal(relayed{key, n, body})
	if err != nil {
		g.refuseBody(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), relayWithin)
	defer cancel()
	answer, found, err := g.opts.Relay.Ask(ctx, id, request)
	var v verdict
	switch {
	case err == nil && !found:
		v = sessionGone()
	case err != nil || json.Unmarshal(answer, &v) != nil || v.Status == 0:
		g.log.WarnContext(ctx, "batch for another node", "err", err)
		v = verdict{http.StatusServiceUnavailable, byeUnavailable, "the server of this session does not answer"}
	}
	g.say(w, r, v)
}

// holdStream has other nodes' batches for a session carried out here, until the function
// that it returns is called. Where that cannot be, the client comes back when one is
// lost.
func (g *Gateway) holdStream(id chat.ClientID) (release func()) {
	if g.opts.Relay == nil {
		return func() {}
	}
	release, err := g.opts.Relay.Hold(id, func(ctx context.Context, request []byte) []byte {
		answer, err := json.Marshal(g.answerRelayed(ctx, id, request))
		if err != nil {
			return nil
		}
		return answer
	})
	if err != nil {
		g.log.WarnContext(g.ctx, "hold a session for other nodes", "err", err)
		return func() {}
	}
	return release
}

func (g *Gateway) answerRelayed(ctx context.Context, id chat.ClientID, request []byte) verdict {
	var b relayed
	if err := json.Unmarshal(request, &b); err != nil {
		return verdict{}
	}
	sock := g.streams.find(id, b.Key)
	if sock == nil {
		return sessionGone()
	}
	defer sock.posts.Add(-1)
	if sock.posts.Add(1) > maxPosts {
		return tooManyBatches()
	}
	return sock.carryOut(ctx, b.Batch, b.Body)
}
