package torture_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"haggle/internal/testkit"
	"haggle/internal/testkit/natsserver"
	"haggle/internal/torture"
)

// enough bounds a run of a few seconds on a machine with too much to do.
const enough = 3 * time.Minute

// build returns a haggle that was built with tags.
func build(t *testing.T, tags string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "haggle")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", tags, "-o", binary, "haggle/cmd/haggle")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// run tortures a node of its own, and returns the report and the exit status.
func run(t *testing.T, binary, fault string, args ...string) (report torture.Report, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), enough)
	defer cancel()
	var out, words bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, append([]string{"torture", "--json"}, args...)...)
	cmd.Env = append(torture.Environment(os.Environ()), "TMPDIR="+t.TempDir(), "PLANTED_FAULT="+fault)
	cmd.Stdout, cmd.Stderr = &out, &words
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("no report: %v\n%s%s", err, &out, &words)
	}
	t.Logf("seed %d, status %d, %+v", report.Seed, status, report.Inflicted)
	return report, status
}

// Nodes that are killed and stopped, on networks that cut and freeze, break no promise.
func TestTorture(t *testing.T) {
	binary := build(t, "")
	breaksNothing := func(t *testing.T, args ...string) {
		t.Helper()
		report, status := run(t, binary, "", append(args, "--pairs", "9", "--kill")...)
		if status != 0 || !report.OK() {
			t.Errorf("status %d, %+v", status, report.Verdict)
		}
		if report.Inflicted.Killed == 0 || report.Inflicted.Repeated == 0 {
			t.Errorf("hardly a torture: %+v", report.Inflicted)
		}
	}
	t.Run("one node", func(t *testing.T) { breaksNothing(t, "--for", "6s") })
	t.Run("two nodes on one database", func(t *testing.T) {
		store, bus := shared(t)
		breaksNothing(t, "--for", "8s", "--nodes", "2", "--store", store, "--bus", bus)
	})
}

// One thing after the other, each while everybody talks: the table says how it went.
func TestTorture_faults(t *testing.T) {
	report, status := run(t, build(t, ""), "", "--pairs", "6", "--fault", "kill", "--fault", "restart", "--during", "true")
	if status != 0 || !report.OK() {
		t.Errorf("status %d, %+v", status, report.Verdict)
	}
	var names []string
	for _, r := range report.Rounds {
		if names = append(names, r.Fault); r.Acked == 0 || r.Acked != r.Sent {
			t.Errorf("%+v", r)
		}
	}
	if got := strings.Join(names, ", "); got != "kill -9 of a node, rolling restart, true" {
		t.Errorf("the faults were %s", got)
	}
}

// shared starts what several nodes share, and returns their addresses.
func shared(t *testing.T) (store, bus string) {
	t.Helper()
	store = testkit.Engines()[0].Database(t).URL
	nats, err := natsserver.Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nats.Stop)
	return store, nats.URL()
}

// findsLate wants a round to find those who are not current. Of what is lost, what was said
// last may be spared.
func findsLate(t *testing.T, binary string, runs int) {
	t.Helper()
	for range runs {
		report, status := run(t, binary, "lost-events", "--pairs", "9", "--during", "true")
		if status == 0 || len(report.Rounds) != 1 {
			t.Errorf("status %d, %+v", status, report)
		}
		if report.Verdict.Late > 0 {
			return
		}
	}
	t.Errorf("nobody is late, in %d runs", runs)
}

// A broken server is found out. Each fault stands for a mistake that chats have made, see
// docs/torture.md. A short run on a busy machine may miss one; several do not.
func TestTorture_findsPlantedFaults(t *testing.T) {
	const runs = 5
	binary := build(t, "planted")
	for _, c := range []struct {
		fault string
		shows func(v *torture.Verdict) int
	}{
		{"dedupe", func(v *torture.Verdict) int { return v.Twice }},
		{"ack-before-sync", func(v *torture.Verdict) int { return v.Missing }},
		{"resync-by-time", func(v *torture.Verdict) int { return v.Behind + v.Unrecalled + v.Stale }},
		{"seq-before-lock", func(v *torture.Verdict) int { return v.Changed }},
		{"lost-events", func(v *torture.Verdict) int { return v.Behind + v.Unrecalled + v.Stale }},
	} {
		t.Run("fault="+c.fault, func(t *testing.T) {
			for range runs {
				report, status := run(t, binary, c.fault, "--for", "3s", "--pairs", "9", "--kill")
				if (status == 0) != report.OK() {
					t.Errorf("status %d for %+v", status, report.Verdict)
				}
				if c.shows(&report.Verdict) > 0 {
					return
				}
			}
			t.Errorf("it does not show as what it is, in %d runs", runs)
		})
	}
	t.Run("nobody is current after a fault", func(t *testing.T) { findsLate(t, binary, runs) })
	t.Run("none", func(t *testing.T) {
		if report, status := run(t, binary, "", "--for", "3s", "--pairs", "9", "--kill"); status != 0 || !report.OK() {
			t.Errorf("status %d, %+v", status, report.Verdict)
		}
	})
}
