package natsbus

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Probe is what a look at a NATS found.
type Probe struct {
	Server string // its version
	Trip   time.Duration
}

// Look connects once and has something said on a subject of ours come back, until ctx
// ends: whoever may not do that cannot be a node. It never repeats an address.
func Look(ctx context.Context, opts Options) (Probe, error) {
	opts = opts.withDefaults()
	settings, err := opts.nats()
	if err != nil {
		return Probe{}, err
	}
	conn, err := nats.Connect(strings.Join(opts.URLs, ","), append(settings,
		nats.RetryOnFailedConnect(false), nats.NoReconnect(), hearsItself)...)
	if err != nil {
		return Probe{}, fmt.Errorf("connect to NATS: %w", plain(err))
	}
	defer conn.Close()
	subject := opts.Prefix + ".doctor." + nats.NewInbox()[len(nats.InboxPrefix):]
	sub, err := conn.SubscribeSync(subject)
	if err != nil {
		return Probe{}, fmt.Errorf("subscribe to %s.doctor: %w", opts.Prefix, err)
	}
	began := time.Now()
	if err := conn.Publish(subject, nil); err != nil {
		return Probe{}, fmt.Errorf("publish to %s.doctor: %w", opts.Prefix, err)
	}
	if _, err := sub.NextMsgWithContext(ctx); err != nil {
		return Probe{}, fmt.Errorf("what was published to %s.doctor did not come back: %w", opts.Prefix, err)
	}
	return Probe{Server: conn.ConnectedServerVersion(), Trip: time.Since(began)}, nil
}

func hearsItself(o *nats.Options) error {
	o.NoEcho = false
	return nil
}
