package gateway

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"haggle/internal/wire"
)

// The page tells clients what to do about every goodbye, and its status.
func TestProtocolPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{
		byeHelloExpected, byeHelloTimeout, byeTokenExpired, "token_invalid", byeTokenRevoked, byeWrongIdentity, byeManySockets,
		byeFrameTooLarge, byeProtocol, byeFlood, byeSlowConsumer, byeHeartbeatLost, byeShutdown, byeUnavailable,
	} {
		found := false
		for line := range strings.SplitSeq(string(page), "\n") {
			status := fmt.Sprintf("| %d |", statusOf(&wire.Bye{Code: code}))
			found = found || strings.HasPrefix(line, "| `") && strings.Contains(line, "`"+code+"`") && strings.Contains(line, status)
		}
		if !found {
			t.Errorf("docs/protocol.md has no row for bye code %s with its status", code)
		}
	}
}

// And what to do when a request up or a stream is refused.
func TestProtocolPage_refusals(t *testing.T) {
	page, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "## Where WebSocket is blocked")
	if !found {
		t.Fatal("docs/protocol.md does not say what to do where WebSocket is blocked")
	}
	for _, code := range []string{"invalid_batch", "body_broken", "timeout", "origin_not_allowed", "session_gone", "batch_missing", "too_many_batches", byeFrameTooLarge, "rate_limited", byeShutdown} {
		if !strings.Contains(section, "`"+code+"`") {
			t.Errorf("docs/protocol.md does not explain %s there", code)
		}
	}
}
