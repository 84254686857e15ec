package chat

import "time"

// GoBy has the service go by another clock.
func (s *Service) GoBy(now func() time.Time) { s.now = now }
