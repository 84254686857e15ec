package compat

import "time"

// GoBy has the server go by another clock. It is for before the server runs.
func (s *Server) GoBy(wall func() time.Time) { s.wall = wall }

// HoldTurns takes all turns to ask the store until release is called.
func (s *Server) HoldTurns() (release func()) {
	for range cap(s.asking) {
		s.asking <- struct{}{}
	}
	return func() {
		for range cap(s.asking) {
			<-s.asking
		}
	}
}
