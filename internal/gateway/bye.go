package gateway

import (
	"math/rand/v2"
	"time"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// The codes of bye frames. docs/protocol.md says what a client does about each.
const (
	byeHelloExpected = "hello_expected"   // the first frame was something else
	byeHelloTimeout  = "hello_timeout"    // there was no hello in time
	byeTokenExpired  = "token_expired"    // come back with a fresh one
	byeTokenRevoked  = "token_revoked"    // the shop ended all sessions of this uid
	byeWrongIdentity = "wrong_identity"   // a renewal named somebody else
	byeManySockets   = "too_many_sockets" // newer sessions of the same actor took its place
	byeFrameTooLarge = "frame_too_large"
	byeProtocol      = "protocol_error" // not WebSocket as RFC 6455 has it
	byeFlood         = "flood"
	byeSlowConsumer  = "slow_consumer" // it reads more slowly than things happen
	byeHeartbeatLost = "heartbeat_lost"
	byeShutdown      = "shutdown"
	byeUnavailable   = "unavailable"
)

// The WebSocket status codes that go with them.
const (
	statusProtocol = 1002
	statusPolicy   = 1008
	statusTooLarge = 1009
	statusRestart  = 1012
	statusTryLater = 1013
)

func statusOf(b *wire.Bye) uint16 {
	switch b.Code {
	case byeShutdown:
		return statusRestart
	case byeSlowConsumer, byeUnavailable, byeManySockets, byeHeartbeatLost:
		return statusTryLater
	case byeFrameTooLarge:
		return statusTooLarge
	case byeProtocol:
		return statusProtocol
	}
	return statusPolicy
}

// tokenBye says goodbye to a client whose token does not count. Only one that
// has expired can be replaced without asking its user.
func tokenBye(e *chat.Error) wire.Bye {
	return wire.Bye{Code: e.Code, Message: e.Msg, Final: e.Code != byeTokenExpired}
}

func tooLargeBye() wire.Bye {
	return wire.Bye{Code: byeFrameTooLarge, Message: "a frame is larger than the server takes"}
}

// unavailableBye sends a client away for a moment, all of them not for the same.
func unavailableBye() wire.Bye {
	return wire.Bye{
		Code: byeUnavailable, Message: "the server cannot serve you now",
		RetryAfterMS: jitter(time.Second, 5*time.Second).Milliseconds(),
	}
}

// jitter returns a random duration between low and high.
func jitter(low, high time.Duration) time.Duration {
	return low + rand.N(high-low+1) //nolint:gosec // it spreads load and keeps no secret
}
