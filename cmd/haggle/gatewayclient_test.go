package main

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"haggle/internal/testkit"
)

// phpNode is a server of a cluster that the shop's PHP reaches.
type phpNode struct {
	*server
	socket, register, inner string
}

func (c *cluster) startForPHP() phpNode {
	c.t.Helper()
	n := phpNode{socket: unusedAddress(c.t), register: unusedAddress(c.t), inner: unusedAddress(c.t)}
	n.server = c.start("--compat", "--compat-listen", n.socket, "--compat-gateway", n.register,
		"--compat-gateway-inner", n.inner, "--compat-gateway-secret", "s3cret")
	return n
}

func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// told returns what a node's Register tells PHP.
func (n *phpNode) told() []string {
	n.c.t.Helper()
	conn, err := net.DialTimeout("tcp", n.register, clusterWait)
	if err != nil {
		n.c.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(clusterWait)); err != nil {
		n.c.t.Fatal(err)
	}
	if _, err := conn.Write([]byte(`{"event":"worker_connect","secret_key":"s3cret"}` + "\n")); err != nil {
		n.c.t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadBytes('\n')
	if err != nil {
		n.c.t.Fatal(err)
	}
	var told struct{ Addresses []string }
	if err := json.Unmarshal(line, &told); err != nil {
		n.c.t.Fatal(err)
	}
	return told.Addresses
}

func (n *phpNode) awaitTold(what string, want ...string) {
	n.c.t.Helper()
	slices.Sort(want)
	n.c.eventually(what, func() bool { return slices.Equal(n.told(), want) })
}

// PHP asks the Register of any server, and reaches the sockets of all. One that stops is
// told no more at once, and one that dies within seconds.
func TestCluster_gatewayClient(t *testing.T) {
	_, err := exec.LookPath("php")
	testkit.Need(t, err == nil, err)
	c := newCluster(t, testkit.Engines()[0])
	one, two, three := c.startForPHP(), c.startForPHP(), c.startForPHP()
	for _, n := range []phpNode{one, two, three} {
		n.awaitTold("each knows all", one.inner, two.inner, three.inner)
	}
	_ = three.cmd.Process.Kill()
	one.awaitTold("the dead one is forgotten", one.inner, two.inner)
	two.awaitTold("the dead one is forgotten", one.inner, two.inner)

	sdk, err := filepath.Abs(filepath.Join("..", "..", "sdk", "php"))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{"every.php", "worker.php"} {
		php := exec.CommandContext(t.Context(), "php", filepath.Join("testdata", "gatewayclient", script))
		php.Env = append(os.Environ(), "SDK="+sdk, "REGISTER="+two.register, "SOCKETS="+one.socket+","+two.socket,
			"WEBS="+two.base+","+one.base, "GATEWAY_SECRET=s3cret", "SHOP_SECRET="+clusterSecret)
		out, err := php.CombinedOutput()
		if err != nil || !strings.Contains(string(out), ", 0 failed") {
			t.Errorf("%s: %v\n%s", script, err, out)
		}
	}
	// Silence would have it forgotten as well, a while later: so it is looked whether it is on
	// the first list with one that has come after it.
	two.stop(syscall.SIGTERM)
	four := c.startForPHP()
	var told []string
	c.eventually("the one that has come is told", func() bool {
		told = one.told()
		return slices.Contains(told, four.inner)
	})
	if slices.Contains(told, two.inner) {
		t.Errorf("told are %q, and %s has stopped", told, two.inner)
	}
	one.awaitTold("those that are left", one.inner, four.inner)
}
