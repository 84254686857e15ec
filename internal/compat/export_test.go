package compat

import "time"

// GoBy has the server go by another clock. It is for before the server runs.
func (s *Server) GoBy(wall func() time.Time) { s.wall = wall }
