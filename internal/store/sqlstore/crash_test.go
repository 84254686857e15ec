package sqlstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
)

// crashEnv names the database for the process that is killed.
const crashEnv = "HAGGLE_TEST_CRASH_DB"

// TestMain is the other process when crashEnv is set.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		appendUntilKilled(path)
		os.Exit(1)
	}
	code := m.Run()
	if err := errors.Join(sqlstore.StopPostgres(), sqlstore.StopMariaDB()); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// TestKilled kills a process that stores messages, several times, and looks for
// every message that it acknowledged.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	acked := make(map[string]bool)
	for range 3 {
		for _, nonce := range killAfter(t, path, 200) {
			if acked[nonce] {
				t.Errorf("%s was stored as fresh twice", nonce)
			}
			acked[nonce] = true
		}
	}

	stored := readBack(t, path)
	for nonce := range acked {
		if stored[nonce] != 1 {
			t.Errorf("%s was acknowledged and is there %d times", nonce, stored[nonce])
		}
	}
	t.Logf("%d acknowledged, %d stored", len(acked), len(stored))
}

// readBack counts the messages that are there, by sender and nonce.
func readBack(t *testing.T, path string) map[string]int {
	t.Helper()
	s := open(t, path)
	stored := make(map[string]int)
	for i := range crashSenders {
		c, err := s.ConversationBetween(t.Context(), chat.UID(fmt.Sprintf("U_%d", i)), chat.UID(fmt.Sprintf("V_%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		ms, err := s.MessagesAfter(t.Context(), c.ID, 0, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		for n, m := range ms {
			stored[fmt.Sprintf("%s/%s", m.Sender, m.Nonce)]++
			if m.Seq != chat.Seq(n+1) {
				t.Errorf("message %d of %s has seq %d", n, c.ID, m.Seq)
			}
		}
		if int(c.LastSeq) != len(ms) {
			t.Errorf("%s ends at %d and has %d messages", c.ID, c.LastSeq, len(ms))
		}
	}
	return stored
}

// killAfter starts the process, kills it after n acks and returns all of its acks.
func killAfter(t *testing.T, path string, n int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), crashEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acks []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		nonce, whole := strings.CutSuffix(lines.Text(), ".")
		if !whole {
			break // cut off by the kill
		}
		acks = append(acks, nonce)
		if len(acks) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("ended by itself: %v", err)
	}
	if len(acks) < n {
		t.Fatalf("%d acks, want %d", len(acks), n)
	}
	return acks
}

const crashSenders = 8

// appendUntilKilled returns only if it fails.
func appendUntilKilled(path string) {
	ctx := context.Background() //nolint:forbidigo // this is a main
	s, err := sqlstore.OpenSQLite(ctx, path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	var wg sync.WaitGroup
	for i := range crashSenders {
		wg.Go(func() {
			for n := 0; ; n++ {
				a := begin(i, fmt.Sprintf("%d-%d", os.Getpid(), n))
				if _, err := s.Append(ctx, a); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				// One write per line: a pipe keeps it whole.
				_, _ = fmt.Fprintf(os.Stdout, "%s/%s.\n", a.Sender, a.Nonce)
			}
		})
	}
	wg.Wait()
}
