package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"haggle/internal/testkit"
	"haggle/internal/torture"
)

// A disk that is full refuses what is sent, by name, and acks none of it; nothing of
// what was acked before is lost, and once there is room the server goes on by itself.
func TestFaults_diskFull(t *testing.T) {
	t.Parallel()
	testkit.Need(t, hasIslands(), errNotRoot) // who may make networks may mount
	opts := tortured(t, 1)
	opts.Node.Dir = smallDisk(t)
	ballast := filepath.Join(opts.Node.Dir, "ballast")
	opts.Faults = []torture.Fault{{Name: "the disk is full", Inflict: func(ctx context.Context, nodes []*torture.Node) error {
		if err := fill(ballast); err != nil {
			return err
		}
		err := unready(ctx, nodes[0].URL())
		return errors.Join(err, torture.Wait(ctx, 2*time.Second), os.Remove(ballast))
	}}}
	r := endure(t, opts)
	if len(r.Rounds) != 1 || r.Rounds[0].Told["store_full"] == 0 {
		t.Errorf("senders were told %+v, want store_full", r.Rounds)
	}
}

// smallDisk returns a folder on a disk of its own, of 24 MiB, for as long as the test
// lasts.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Fatalf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

// fill writes until nothing goes in any more.
func fill(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	block := make([]byte, 4096) // a page: what is left would be room for a message
	for err == nil {
		_, err = f.Write(block)
	}
	_ = f.Close() // the disk is full
	return nil
}

// unready waits until a server says that it cannot store anything.
func unready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		status, body, err := fetch(ctx, url+"/readyz", "")
		if err == nil && status == http.StatusServiceUnavailable && strings.Contains(body, "store_full") {
			return nil
		}
		if torture.Wait(ctx, 50*time.Millisecond) != nil {
			return fmt.Errorf("/readyz answers %d %s, %w", status, body, err)
		}
	}
}
