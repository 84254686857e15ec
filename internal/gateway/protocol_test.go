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
