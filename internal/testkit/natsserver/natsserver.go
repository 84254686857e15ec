// Package natsserver is a NATS server of a test's own, in the test's process. It is a
// package by itself as few tests need it and it is large; the program has none of it.
package natsserver

import (
	"errors"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const startWithin = 10 * time.Second

// Server is a NATS server on a loopback port. It can be stopped and started again at the
// same address. Its methods are for one goroutine.
type Server struct {
	opts    server.Options
	running *server.Server // nil while it is stopped
}

// Start starts a server. configure, unless it is nil, changes its options first.
func Start(configure func(*server.Options)) (*Server, error) {
	s := &Server{opts: server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true}}
	if configure != nil {
		configure(&s.opts)
	}
	return s, s.Start()
}

// URL is where clients find it.
func (s *Server) URL() string { return "nats://" + s.Addr() }

// Addr is its address, without a user.
func (s *Server) Addr() string { return s.running.Addr().String() }

// Subscriptions is how many subjects clients subscribe to.
func (s *Server) Subscriptions() uint32 { return s.running.NumSubscriptions() }

// Start starts a server that was stopped.
func (s *Server) Start() error {
	opts := s.opts
	srv, err := server.NewServer(&opts)
	if err != nil {
		return err
	}
	srv.Start()
	if !srv.ReadyForConnections(startWithin) {
		srv.Shutdown()
		return errors.New("the NATS server does not start")
	}
	s.running = srv
	s.opts.Port = opts.Port // the same again, the next time
	return nil
}

// Stop ends it and all its connections.
func (s *Server) Stop() {
	if s.running != nil {
		s.running.Shutdown()
		s.running.WaitForShutdown()
		s.running = nil
	}
}

// ClusterAddr is where other servers of its cluster find it.
func (s *Server) ClusterAddr() string { return s.running.ClusterAddr().String() }

// Routes is how many connections it has to other servers of its cluster.
func (s *Server) Routes() int { return s.running.NumRoutes() }
