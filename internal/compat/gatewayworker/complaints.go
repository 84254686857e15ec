package gatewayworker

import (
	"log/slog"
	"sync"
	"time"
)

// complainEvery keeps what PHP does wrong ten thousand times a second from filling the
// log.
const complainEvery = 10 * time.Second

// complaints are warnings, of each kind one in a while. The kinds are few.
type complaints struct {
	log *slog.Logger

	mu   sync.Mutex
	last map[string]time.Time // by message; guarded by mu
}

func newComplaints(log *slog.Logger) *complaints {
	return &complaints{log: log, last: make(map[string]time.Time)}
}

func (c *complaints) about(message string, args ...any) {
	now := time.Now()
	c.mu.Lock()
	soon := now.Sub(c.last[message]) < complainEvery
	if !soon {
		c.last[message] = now
	}
	c.mu.Unlock()
	if !soon {
		c.log.Warn("compat-gateway: "+message, args...) //nolint:sloglint // a constant of this package's
	}
}
