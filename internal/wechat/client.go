package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"haggle/internal/chat"
)

const (
	askWithin   = 10 * time.Second // one request, but for media
	mediaWithin = 30 * time.Second // one medium, however slowly it comes
	maxAnswer   = 64 << 10         // of an answer in JSON
	maxMediaID  = 128
)

// Tickets keeps what WeChat lends, for all nodes; *sqlstore.Store does. WeChat has one
// access token at a time: whoever fetches another ends the one before.
type Tickets interface {
	// Ticket returns what was kept under name last, NotFound for nothing.
	Ticket(ctx context.Context, name string) (value string, expires time.Time, err error)

	// PutTicket keeps a ticket and ends the lease on it; "" is none.
	PutTicket(ctx context.Context, name, value string, expires time.Time) error

	// LeaseTicket lets one of all nodes fetch another.
	LeaseTicket(ctx context.Context, name string, now, until time.Time) (bool, error)
}

// Config is what an installation knows of its official account.
type Config struct {
	AppID  string
	Secret string
	API    string // like https://api.weixin.qq.com

	MediaBytes int64             // no medium may be larger
	Transport  http.RoundTripper // nil: one of the client's own
}

// Client speaks for one official account. Its methods may be called concurrently.
type Client struct {
	cfg     Config
	tickets Tickets
	http    *http.Client
	flights singleflight.Group
	now     func() time.Time
}

// NewClient returns a Client. It asks nobody anything yet.
func NewClient(cfg Config, tickets Tickets) *Client {
	if cfg.Transport == nil {
		t := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: askWithin, ResponseHeaderTimeout: askWithin, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute}
		cfg.Transport = t
	}
	return &Client{
		cfg: cfg, tickets: tickets, now: time.Now,
		http: &http.Client{
			Transport: cfg.Transport,
			// WeChat's API sends nobody elsewhere. Where an answer leads, so would a
			// thief who got hold of it.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// The errcodes that matter here, of WeChat's table of global return codes.
const (
	codeInvalidToken  = 40001
	codeInvalidType   = 40004
	codeInvalidMedia  = 40007
	codeInvalidToken2 = 40014
	codeTokenExpired  = 42001
)

// apiError is what WeChat answers instead.
type apiError struct {
	Code    int    `json:"errcode"`
	Message string `json:"errmsg"`
}

// Error returns WeChat's words.
func (e *apiError) Error() string {
	return fmt.Sprintf("WeChat: errcode %d: %.200s", e.Code, e.Message)
}

// Media returns the bytes of a medium that a page has uploaded to WeChat. They are
// whatever somebody sent: what it is has to be looked at. The error is Invalid with
// code "wechat_media_invalid" when there is no such medium, or too old; TooLarge with
// "upload_too_large"; Unavailable with "wechat_unavailable" when it may be there later.
func (c *Client) Media(ctx context.Context, id string) ([]byte, error) {
	if !isMediaID(id) {
		return nil, errMedia(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, mediaWithin)
	defer cancel()
	var data []byte
	err := c.withToken(ctx, func(token string) (err error) {
		data, err = c.fetch(ctx, "/cgi-bin/media/get", url.Values{"access_token": {token}, "media_id": {id}}, c.cfg.MediaBytes)
		return err
	})
	return data, worded(err)
}

func isMediaID(id string) bool {
	return id != "" && len(id) <= maxMediaID && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

func errMedia(cause error) error {
	e := chat.Codef(chat.Invalid, "wechat_media_invalid", "WeChat does not have this picture any more, choose it again")
	e.Err = cause
	return e
}

// worded makes errors of the domain of what went wrong with WeChat.
func worded(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*chat.Error](err); ok {
		return err
	}
	if api, ok := errors.AsType[*apiError](err); ok && (api.Code == codeInvalidMedia || api.Code == codeInvalidType) {
		return errMedia(err)
	}
	return chat.Codef(chat.Unavailable, "wechat_unavailable", "WeChat does not answer as it should, try again in a moment: %w", err)
}

// withToken calls ask with an access token, and once more with a fresh one if WeChat
// says that it is none.
func (c *Client) withToken(ctx context.Context, ask func(token string) error) error {
	token, err := c.ticket(ctx, ticketAccess, "")
	if err != nil {
		return err
	}
	err = ask(token)
	api, ok := errors.AsType[*apiError](err)
	if !ok || api.Code != codeInvalidToken && api.Code != codeInvalidToken2 && api.Code != codeTokenExpired {
		return err
	}
	if token, err = c.ticket(ctx, ticketAccess, token); err != nil {
		return err
	}
	return ask(token)
}

// fetch returns the body of an answer, which is at most so many bytes. An error of
// WeChat's is an apiError. No error shows the query, where secrets are.
func (c *Client) fetch(ctx context.Context, path string, query url.Values, most int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.cfg.API+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, errors.New("make a request to WeChat") // err shows the query
	}
	resp, err := c.http.Do(req)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if err != nil {
		return nil, fmt.Errorf("ask WeChat for %s: %w", path, err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask WeChat for %s: status %d", path, resp.StatusCode)
	}
	tooLarge := chat.Codef(chat.TooLarge, "upload_too_large", "a picture has at most %d bytes", most)
	if resp.ContentLength > most {
		return nil, tooLarge
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err == nil { // an answer that ends as the time does may be one that was cut off
		err = ctx.Err()
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("read WeChat's answer to %s: %w", path, err)
	case int64(len(data)) > most:
		return nil, tooLarge
	}
	return data, apiErrorOf(resp, data)
}

// apiErrorOf returns the error that an answer is, if it is one: whatever type it
// claims to be of, it is JSON.
func apiErrorOf(resp *http.Response, data []byte) error {
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if !strings.HasPrefix(strings.TrimSpace(string(data[:min(len(data), 64)])), "{") && mediaType != "application/json" {
		return nil
	}
	if len(data) > maxAnswer {
		return nil // nothing of WeChat's own is that long
	}
	var api apiError
	if err := json.Unmarshal(data, &api); err != nil {
		return fmt.Errorf("read WeChat's answer: %w", err)
	}
	if api.Code != 0 {
		return &api
	}
	return nil
}

// ask returns an answer in JSON.
func (c *Client) ask(ctx context.Context, path string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	data, err := c.fetch(ctx, path, query, maxAnswer)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read WeChat's answer to %s: %w", path, err)
	}
	return nil
}
