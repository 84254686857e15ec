package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"haggle/internal/testkit"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"haggle": main})
}

// TestScripts runs the program as people and scripts do.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds:                scriptCommands(),
		Condition:           hasServer,
		Setup: func(env *testscript.Env) error {
			env.Values[hookKey{}] = &sync.Map{}
			return nil
		},
	})
}

// scriptCommands is what scripts can do beyond what testscript brings.
func scriptCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	commands := map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"freeport": freePort,
		"await":    await,
		"get":      get,
		"getfrom":  getFrom,
		"mode":     mode,
		"epoch":    epoch,
		"postgres": postgres,
		"mariadb":  mariaDB,
	}
	maps.Copy(commands, webhookCommands())
	return commands
}

// freePort VAR sets VAR to a port that is this script's until its end. It is below
// those that systems give to whoever asks for any. Other scripts, and other
// processes of these tests, are kept off by the port's UDP side, which nobody
// else uses.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	const first, ports, attempts = 20000, 12000, 100
	for range attempts {
		addr := "127.0.0.1:" + strconv.Itoa(first+rand.IntN(ports))
		ctx, config := context.Background(), &net.ListenConfig{}
		claim, err := config.ListenPacket(ctx, "udp", addr)
		if err != nil {
			continue
		}
		l, err := config.Listen(ctx, "tcp", addr)
		if err != nil {
			ts.Check(claim.Close())
			continue
		}
		ts.Defer(func() { ts.Check(claim.Close()) })
		ts.Check(l.Close())
		ts.Setenv(args[0], addr[len("127.0.0.1:"):])
		return
	}
	ts.Fatalf("no port is free")
}

// await URL [STATUS] waits until a server answers there with 200, or with STATUS.
func await(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	want := strconv.Itoa(http.StatusOK)
	if len(args) > 1 {
		want = args[1]
	}
	for {
		if status, _, err := fetch(ctx, args[0], ""); err == nil && strconv.Itoa(status) == want {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("nobody answers %s at %s", want, args[0])
		}
	}
}

// get URL STATUS [PATTERN [TOKENFILE]] asks for what is there, with a token if
// one is given.
func get(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var token string
	if len(args) > 3 {
		token = strings.TrimSpace(ts.ReadFile(args[3]))
	}
	status, body, err := fetch(ctx, args[0], token)
	ts.Check(err)
	if strconv.Itoa(status) != args[1] {
		ts.Fatalf("%s answers %d, want %s:\n%s", args[0], status, args[1], body)
	}
	if len(args) > 2 && !regexp.MustCompile(args[2]).MatchString(body) {
		ts.Fatalf("%s answers without %q:\n%s", args[0], args[2], body)
	}
}

// getfrom URL FILE TOKENFILE asks with a token and wants to find what FILE holds.
func getFrom(ts *testscript.TestScript, neg bool, args []string) {
	want := strings.TrimSpace(ts.ReadFile(args[1]))
	get(ts, neg, []string{args[0], "200", regexp.QuoteMeta(want), args[2]})
}

// epoch URL TOKENFILE VAR sets VAR to the epoch that the server at URL has.
func epoch(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, body, err := fetch(ctx, args[0]+"/v1/me", strings.TrimSpace(ts.ReadFile(args[1])))
	ts.Check(err)
	found := regexp.MustCompile(`"epoch":"([a-z0-9]+)"`).FindStringSubmatch(body)
	if found == nil {
		ts.Fatalf("no epoch in %s", body)
	}
	ts.Setenv(args[2], found[1])
}

// postgres VAR starts a server that is this script's, and sets VAR to the address of an
// empty database.
func postgres(ts *testscript.TestScript, _ bool, args []string) {
	p, err := testkit.StartPostgres(context.Background())
	ts.Check(err)
	ts.Defer(func() { ts.Check(p.Stop()) })
	url, err := p.NewDatabase(context.Background(), "")
	ts.Check(err)
	ts.Setenv(args[0], url)
}

// mariadb VAR starts a server that is this script's, and sets VAR to the address of an
// empty database.
func mariaDB(ts *testscript.TestScript, _ bool, args []string) {
	m, err := testkit.StartMariaDB(context.Background())
	ts.Check(err)
	ts.Defer(func() { ts.Check(m.Stop()) })
	ts.Check(m.Exec(context.Background(), "", "CREATE DATABASE haggle"))
	ts.Setenv(args[0], m.URL("haggle"))
}

// hasServer says whether a script may call for one. With CI set it may: that there is
// none is an error then.
func hasServer(condition string) (bool, error) {
	has := map[string]func() bool{"postgres": testkit.HasPostgres, "mariadb": testkit.HasMariaDB}[condition]
	if has == nil {
		return false, fmt.Errorf("unknown condition %q", condition)
	}
	return has() || os.Getenv("CI") != "", nil
}

// mode FILE MODE checks who may read a file.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

func fetch(ctx context.Context, url, token string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }() // only read
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), err
}
