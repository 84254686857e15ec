package torture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"haggle/internal/wire"
)

// requestTimeout bounds a request over REST.
const requestTimeout = 4 * time.Second

// maxBody bounds what is read of an answer.
const maxBody = 8 << 20

// endpoint is a node as a device or the audit reaches it.
type endpoint struct {
	url     string
	through string // the address that is dialled; "" for url's own
}

// refusal is an answer that is an error.
type refusal struct {
	status int
	why    wire.Error
}

// Error implements error.
func (r *refusal) Error() string {
	return fmt.Sprintf("%d %s: %s", r.status, r.why.Code, r.why.Message)
}

// rest asks nodes over HTTP.
type rest struct{ client *http.Client }

// newRest returns a client that opens a connection for each request, so that it meets
// the faults of now.
func newRest(through map[string]string) *rest {
	dialer := &net.Dialer{Timeout: requestTimeout}
	return &rest{client: &http.Client{Timeout: requestTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if other, ok := through[addr]; ok {
				addr = other
			}
			return dialer.DialContext(ctx, network, addr)
		},
	}}}
}

// do asks, and decodes the answer into out unless that is nil. An answer that is an
// error is a *refusal.
func (r *rest) do(ctx context.Context, method, url, token string, in, out any) (err error) {
	var body []byte
	if in != nil {
		if body, err = wire.Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		failed := struct {
			Error wire.Error `json:"error"`
		}{}
		if err := json.Unmarshal(answer, &failed); err != nil {
			return fmt.Errorf("%s: %s: %.200s", url, resp.Status, answer)
		}
		return &refusal{resp.StatusCode, failed.Error}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func (r *rest) get(ctx context.Context, url, token string, out any) error {
	return r.do(ctx, http.MethodGet, url, token, nil, out)
}

// hostPort is the address of a base URL.
func hostPort(url string) string {
	scheme, host, _ := strings.Cut(strings.TrimSuffix(url, "/"), "://")
	host, _, _ = strings.Cut(host, "/")
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	if scheme == "https" {
		return net.JoinHostPort(host, "443")
	}
	return net.JoinHostPort(host, "80")
}

// passes reports whether a refusal may be another answer later, without a change.
func passes(e *wire.Error) bool {
	switch e.Code {
	case "internal", "timeout", "outcome_unknown", "canceled":
		return true
	}
	return e.RetryAfterMS > 0
}
