package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Whoever is killed in the middle of an import starts again, and in the end every row
// is there once.
func TestImport_killed(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	haggle := filepath.Join(dir, "haggle") // by which the test binary knows what it is to be
	if err := os.Symlink(self, haggle); err != nil {
		t.Fatal(err)
	}
	const rows = 12_000
	var dump strings.Builder
	dump.WriteString("CREATE TABLE `hp_chat_log` (`id` int,`user_id` int,`merchant_id` text,`send_message` text,`send_message_type` int,`sender` int,`send_time` int,`read_status` int,`acc_isonline` int);\n")
	for i := range rows {
		fmt.Fprintf(&dump, "INSERT INTO `hp_chat_log` VALUES (%d,%d,'V_1','row %d',1,%d,%d,0,0);\n", i+1, i%300+1, i+1, i%2+1, 1_500_000_000+i)
	}
	file, data := filepath.Join(dir, "dump.sql"), filepath.Join(dir, "data")
	if err := os.WriteFile(file, []byte(dump.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	killed := 0
	for range 5 {
		if !importOnce(t, time.Duration(rng.Int64N(int64(time.Second))), haggle, file, data) {
			killed++
		}
	}
	t.Logf("killed %d times", killed)
	if !importOnce(t, time.Hour, haggle, file, data) {
		t.Fatal("the last import was killed")
	}
	out, err := exec.CommandContext(t.Context(), haggle, "export", "hp-chat-log", "--data", data, "--format", "csv").Output()
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(records) != rows+1 {
		t.Fatalf("%d rows, %v, want %d", len(records)-1, err, rows)
	}
	for i, r := range records[1:] {
		if r[0] != strconv.Itoa(i+1) || r[3] != "row "+strconv.Itoa(i+1) {
			t.Fatalf("row %d is %v", i+1, r)
		}
	}
}

// importOnce imports the file, unless it is killed after a while: anywhere from its
// start to its end, wherever that is on this machine. It reports whether it ended by
// itself.
func importOnce(t *testing.T, killAfter time.Duration, haggle, file, data string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), haggle, "import", "hp-chat-log", "--from", file, "--data", data)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(killAfter, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if err != nil && cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("import: %v\n%s", err, &out)
	}
	return err == nil
}
