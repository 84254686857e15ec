package natsbus_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"haggle/internal/bus/natsbus"
	"haggle/internal/testkit/natsserver"
)

func look(t *testing.T, url string) (natsbus.Probe, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	return natsbus.Look(ctx, natsbus.Options{URLs: []string{url}})
}

func TestLook(t *testing.T) {
	s, err := natsserver.Start(func(o *server.Options) {
		o.Users = []*server.User{
			{Username: "node", Password: "hush-hush"},
			{Username: "deaf", Password: "hush-hush", Permissions: &server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{"haggle.>"}}}},
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if found, err := look(t, "nats://node:hush-hush@"+s.Addr()); err != nil || found.Server == "" || found.Trip <= 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	for url, want := range map[string]string{
		"nats://node:wrong-word@" + s.Addr(): "Authorization",
		"nats://deaf:hush-hush@" + s.Addr():  "come back",
		"nats://node:hush-hush@127.0.0.1:1":  "connect to NATS",
	} {
		_, err := look(t, url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "hush-hush") || strings.Contains(err.Error(), "wrong-word")) {
			t.Errorf("the error has a password in it: %v", err)
		}
	}
}
