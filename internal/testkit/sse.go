package testkit

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"haggle/internal/wire"
)

// SSE is a client without a WebSocket, which does what it is told: events come
// down a stream, frames go up in requests. One goroutine may send and another
// read.
type SSE struct {
	Session wire.Stream // known once the stream is open

	ctx    context.Context //nolint:containedctx // of all its requests, which are its connection
	cancel context.CancelFunc
	client *http.Client
	url    string // of the stream
	header http.Header

	stream io.Closer
	events *bufio.Reader
	batch  int64
}

// NewSSE returns a client of a server at an http URL, which has said nothing yet:
// the first that it sends opens its stream.
func NewSSE(ctx context.Context, client *http.Client, base string, header http.Header) *SSE {
	ctx, cancel := context.WithCancel(ctx)
	return &SSE{ctx: ctx, cancel: cancel, client: client, url: base + "/v1/sse", header: header}
}

// Move has what is sent from now on go to another server, as a load balancer may.
func (c *SSE) Move(base string) { c.url = base + "/v1/sse" }

// Close leaves, as a tab does that is closed.
func (c *SSE) Close() error {
	c.cancel()
	return nil
}

// Send sends one frame, as a batch of its own.
func (c *SSE) Send(text string) error {
	if c.stream == nil {
		a, err := c.Open(text)
		if err == nil && a.Status != http.StatusOK {
			err = fmt.Errorf("status %d: %s", a.Status, a.Body)
		}
		return err
	}
	c.batch++
	a, err := c.Post(c.batch, c.Session.Key, text)
	if err != nil {
		return err
	}
	switch a.Status {
	case http.StatusNoContent:
	case http.StatusNotFound, http.StatusRequestEntityTooLarge: // the stream says why
	default:
		return fmt.Errorf("batch %d: status %d: %s", c.batch, a.Status, a.Body)
	}
	return nil
}

// Open opens the stream with a hello. When the server answers with anything but
// 200, there is none, and the answer has its body.
func (c *SSE) Open(hello string) (Answer, error) {
	req, err := http.NewRequestWithContext(c.ctx, http.MethodPost, c.url, strings.NewReader(hello))
	if err != nil {
		return Answer{}, err
	}
	resp, err := c.do(req)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Status == http.StatusOK {
		c.stream, c.events = resp.Body, bufio.NewReader(resp.Body)
		return a, c.readSession()
	}
	defer func() { _ = resp.Body.Close() }()
	a.Body, err = io.ReadAll(resp.Body)
	return a, err
}

// Post sends a batch of frames, one a line, under any number and key.
func (c *SSE) Post(batch int64, key, frames string) (Answer, error) {
	url := c.url + "/" + c.Session.ClientID + "/" + strconv.FormatInt(batch, 10)
	req, err := http.NewRequestWithContext(c.ctx, http.MethodPost, url, strings.NewReader(frames))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := c.do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, err
}

func (c *SSE) do(req *http.Request) (*http.Response, error) {
	maps.Copy(req.Header, c.header)
	return c.client.Do(req)
}

func (c *SSE) readSession() error {
	name, data, err := ReadEvent(c.events)
	if err != nil {
		return err
	}
	if name != "session" {
		return fmt.Errorf("the first event is %q: %s", name, data)
	}
	return json.Unmarshal(data, &c.Session)
}

// Read returns the next frame. Once the stream has ended the error is ErrClosed.
func (c *SSE) Read() ([]byte, error) {
	_, data, err := ReadEvent(c.events)
	if err == io.EOF { //nolint:errorlint // the end of the stream and nothing else
		err = ErrClosed
	}
	return data, err
}

// ReadEvent reads one event of a stream, its name and its data.
func ReadEvent(r *bufio.Reader) (name string, data []byte, err error) {
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			if len(line) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return name, data, err
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		field, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case len(line) == 0:
			return name, data, nil
		case string(field) == "event":
			name = string(value)
		case string(field) == "data" && data == nil:
			data = value
		default:
			return name, data, fmt.Errorf("not a line of ours: %q", line)
		}
	}
}
