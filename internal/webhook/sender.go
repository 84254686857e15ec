package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	dialTimeout    = 5 * time.Second
	requestTimeout = 10 * time.Second
	answerBytes    = 64 << 10 // of an answer that are read, for the connection's sake
	headerBytes    = 16 << 10
	maxRetryAfter  = time.Hour
)

// Target is where the shop is told, and how.
type Target struct {
	URL     string
	Secrets []string // that bodies are signed with: one, or two while they change
	Allow   Allow
	Version string // of the server
}

// Sender posts to a Target. Its methods may be called concurrently.
type Sender struct {
	target Target
	client *http.Client
}

// NewSender returns a Sender. It knows no proxy, which would be asked to go where
// the guard does not let it, and follows nothing.
func NewSender(target Target) *Sender {
	return &Sender{target: target, client: &http.Client{
		Transport: &http.Transport{
			DialContext: newGuard(target.Allow).dial, TLSHandshakeTimeout: dialTimeout, ForceAttemptHTTP2: true,
			ResponseHeaderTimeout: requestTimeout, MaxResponseHeaderBytes: headerBytes, DisableCompression: true,
			MaxIdleConnsPerHost: concurrency, MaxConnsPerHost: 2 * concurrency, IdleConnTimeout: 90 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// FailedError is an attempt that did not work.
type FailedError struct {
	Reason     string
	RetryAfter time.Duration // what the shop asked for
	Final      bool          // it does not want to be asked again
}

// Error returns the reason.
func (f *FailedError) Error() string { return f.Reason }

// Send posts one body under its id, once, within a deadline of its own. The error
// is a *FailedError unless ctx ended.
func (s *Sender) Send(ctx context.Context, id string, body []byte, at time.Time) (err error) {
	within, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(within, http.MethodPost, s.target.URL, bytes.NewReader(body))
	if err != nil {
		return &FailedError{Reason: "the address is not one: " + err.Error()}
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Haggle/"+s.target.Version+" (webhook)")
	req.Header.Set("Haggle-Id", id)
	req.Header.Set("Haggle-Timestamp", stamp)
	req.Header.Set("Haggle-Signature", Sign(s.target.Secrets, stamp, body))
	resp, err := s.client.Do(req)
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("post: %w", ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		return &FailedError{Reason: fmt.Sprintf("no answer within %v", requestTimeout)}
	case err != nil:
		return &FailedError{Reason: reason(err)}
	}
	_, _ = io.CopyN(io.Discard, resp.Body, answerBytes) // what it says is nobody's business
	_ = resp.Body.Close()                               // and how it ends neither
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	f := &FailedError{Reason: "the answer was " + resp.Status, Final: resp.StatusCode == http.StatusGone}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		f.Reason += ", and redirects are not followed"
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		f.RetryAfter = min(time.Duration(min(seconds, 1<<20))*time.Second, maxRetryAfter)
	}
	return f
}

// reason says what went wrong without the address, which may hold a password.
func reason(err error) string {
	if closed, ok := errors.AsType[*ClosedError](err); ok {
		return closed.Error()
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			break
		}
		if strings.HasPrefix(err.Error(), "tls: ") || strings.HasPrefix(err.Error(), "dial ") || strings.HasPrefix(err.Error(), "x509: ") {
			break
		}
		err = next
	}
	return err.Error()
}

// Sign returns the value of Haggle-Signature: for each secret v1= and the
// HMAC-SHA256 of timestamp, a dot and the body, in hex, with commas between them.
// The key is the secret's text as it stands.
func Sign(secrets []string, timestamp string, body []byte) string {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(timestamp + "."))
		mac.Write(body)
		signatures[i] = "v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, ",")
}
