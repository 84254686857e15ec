package gateway

import (
	"bytes"
	"context"
	"crypto/subtle"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"haggle/internal/chat"
)

// batchFrames is how many frames of full size one request may bring.
const batchFrames = 4

// maxPosts is how many requests of one session's are taken at once: the one that is
// carried out and its repeats, of which a client in a bad network has a few.
const maxPosts = 4

// post carries out a batch of frames, one a line, of the session whose key the
// request has. Batches are numbered from 1, and each is carried out once: one
// that comes again, because its answer was lost, is answered again and no more.
// What the frames are answered comes down the stream.
func (g *Gateway) post(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" && !g.opts.AllowOrigin(origin) {
		g.refuse(w, r, http.StatusForbidden, "origin_not_allowed", "pages of this origin may not say anything here")
		return
	}
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	id := chat.ClientID(r.PathValue("session"))
	sock := g.streams.find(id, key)
	if sock == nil && (g.opts.Relay == nil || !wellFormed(id)) {
		g.refuseGone(w, r)
		return
	}
	n, err := strconv.ParseInt(r.PathValue("batch"), 10, 64)
	if err != nil || n < 1 {
		g.refuse(w, r, http.StatusBadRequest, "invalid_batch", "batches are numbered from 1")
		return
	}
	if sock == nil {
		g.relay(w, r, id, key, n)
		return
	}
	defer sock.posts.Add(-1)
	if sock.posts.Add(1) > maxPosts { // each has a body
		g.say(w, r, tooManyBatches())
		return
	}
	body, err := g.readBody(w, r, batchFrames*g.limits.FrameBytes)
	if err != nil {
		if g.refuseBody(w, r, err) == http.StatusRequestEntityTooLarge {
			sock.session.close(tooLargeBye())
		}
		return
	}
	g.say(w, r, sock.carryOut(r.Context(), n, body))
}

// verdict is how a batch is answered.
type verdict struct {
	Status  int    `json:"status"` // 0: nobody waits for an answer any more
	Code    string `json:"code,omitzero"`
	Message string `json:"message,omitzero"`
}

func tooManyBatches() verdict {
	return verdict{http.StatusTooManyRequests, "too_many_batches", "that many batches are being carried out already"}
}

func sessionGone() verdict {
	return verdict{http.StatusNotFound, "session_gone", "there is no such session here, say hello again"}
}

// say answers a batch.
func (g *Gateway) say(w http.ResponseWriter, r *http.Request, v verdict) {
	switch v.Status {
	case 0:
	case http.StatusNoContent:
		w.WriteHeader(http.StatusNoContent)
	default:
		if v.Status == http.StatusTooManyRequests || v.Status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		g.refuse(w, r, v.Status, v.Code, v.Message)
	}
}

// carryOut carries out batch n, unless it was already. It waits for the batch before,
// no longer than ctx lasts.
func (c *streamSocket) carryOut(ctx context.Context, n int64, body []byte) verdict {
	select {
	case c.turn <- struct{}{}:
	case <-c.over:
		return sessionGone()
	case <-ctx.Done():
		return verdict{}
	}
	defer func() { <-c.turn }()
	if n > c.last+1 {
		return verdict{http.StatusConflict, "batch_missing", "batch " + strconv.FormatInt(c.last+1, 10) + " has not come yet"}
	}
	if n > c.last {
		c.last = n
		for frame := range lines(body) { //nolint:contextcheck // its work ends with the gateway's, not with the request
			c.session.receive(true, frame)
		}
	}
	if c.session.hasEnded() { // perhaps before all of it was carried out
		return sessionGone()
	}
	return verdict{Status: http.StatusNoContent}
}

func (g *Gateway) refuseGone(w http.ResponseWriter, r *http.Request) {
	g.say(w, r, sessionGone())
}

// lines are the lines of a batch. Empty ones say nothing.
func lines(body []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range bytes.SplitSeq(body, []byte("\n")) {
			if line = bytes.TrimSuffix(line, []byte("\r")); len(line) > 0 && !yield(line) {
				return
			}
		}
	}
}

func sameKey(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
