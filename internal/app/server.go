package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The times an HTTP client may take. A connection has no more to do with them
// once it is a socket's.
const (
	headerTimeout  = 5 * time.Second
	requestTimeout = 5 * time.Minute // an upload over a phone's network
	idleTimeout    = 2 * time.Minute
	maxHeader      = 32 << 10
)

// server is an http.Server and the listener it has.
type server struct {
	http     *http.Server
	listener net.Listener
	tls      bool
}

// newServer opens a listener, which the flag named, and a server for it.
func (a *app) newServer(ctx context.Context, flag, addr string) (*server, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	s := &server{listener: l, http: &http.Server{
		ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug), // what clients do wrong
	}}
	a.servers = append(a.servers, s)
	a.closers = append(a.closers, s)
	return s, nil
}

// serve takes requests until the server is shut down.
func (s *server) serve() error {
	var err error
	if s.tls {
		err = s.http.ServeTLS(s.listener, "", "")
	} else {
		err = s.http.Serve(s.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve on %s: %w", s.listener.Addr(), err)
}

// shutdown takes no more requests and lets those under way finish until ctx
// ends.
func (s *server) shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return s.http.Close() // they had their time
	}
	return err
}

// Close lets go of the listener, whether it was served or not.
func (s *server) Close() error {
	if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
