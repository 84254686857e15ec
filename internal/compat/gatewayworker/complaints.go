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
	last map[string]time.Time // by kind; guarded by mu
}

func newComplaints(log *slog.Logger) *complaints {
	return &complaints{log: log, last: make(map[string]time.Time)}
}

func (c *complaints) about(message string, args ...any) { c.aboutKind(message, message, args...) }

// aboutKind is about for a message that stands for several kinds.
func (c *complaints) aboutKind(kind, message string, args ...any) {
	now := time.Now()
	c.mu.Lock()
	soon := now.Sub(c.last[kind]) < complainEvery
	if !soon {
		c.last[kind] = now
	}
	c.mu.Unlock()
	if !soon {
		c.log.Warn("compat-gateway: "+message, args...) //nolint:sloglint // a constant of this package's
	}
}
