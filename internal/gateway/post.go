package gateway

import (
	"bytes"
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
	sock := g.streams.find(chat.ClientID(r.PathValue("session")), key)
	if sock == nil {
		g.refuseGone(w, r)
		return
	}
	n, err := strconv.ParseInt(r.PathValue("batch"), 10, 64)
	if err != nil || n < 1 {
		g.refuse(w, r, http.StatusBadRequest, "invalid_batch", "batches are numbered from 1")
		return
	}
	defer sock.posts.Add(-1)
	if sock.posts.Add(1) > maxPosts { // each has a body
		w.Header().Set("Retry-After", "1")
		g.refuse(w, r, http.StatusTooManyRequests, "too_many_batches", "that many batches are being carried out already")
		return
	}
	body, err := g.readBody(w, r, batchFrames*g.limits.FrameBytes)
	if err != nil {
		if g.refuseBody(w, r, err) == http.StatusRequestEntityTooLarge {
			sock.session.close(tooLargeBye())
		}
		return
	}
	select {
	case sock.turn <- struct{}{}:
	case <-sock.over:
		g.refuseGone(w, r)
		return
	case <-r.Context().Done():
		return
	}
	defer func() { <-sock.turn }()
	if n > sock.last+1 {
		g.refuse(w, r, http.StatusConflict, "batch_missing", "batch "+strconv.FormatInt(sock.last+1, 10)+" has not come yet")
		return
	}
	if n > sock.last {
		sock.last = n
		for frame := range lines(body) { //nolint:contextcheck // its work ends with the gateway's, not with the request
			sock.session.receive(true, frame)
		}
	}
	if sock.session.hasEnded() { // perhaps before all of it was carried out
		g.refuseGone(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gateway) refuseGone(w http.ResponseWriter, r *http.Request) {
	g.refuse(w, r, http.StatusNotFound, "session_gone", "there is no such session here, say hello again")
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
