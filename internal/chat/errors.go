package chat

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies a failure by what its receiver can do about it.
type Kind uint8

// The kinds. Every transport maps each of them; the exhaustive linter sees to it.
const (
	Internal        Kind = iota // our fault: report it, show nothing of it
	Invalid                     // the request can never succeed as it stands
	Unauthenticated             // no valid token: sign in again
	Denied                      // the actor may not do this
	NotFound                    // no such thing, or none the actor may know of
	Conflict                    // the same nonce or key already means something else
	TooLarge                    // over a limit of size
	RateLimited                 // too often: try again after RetryAfter
	Unavailable                 // try again later
)

// String returns the name of k, which is also the code of an Error that was
// given no code of its own.
func (k Kind) String() string {
	switch k {
	case Internal:
		return "internal"
	case Invalid:
		return "invalid"
	case Unauthenticated:
		return "unauthenticated"
	case Denied:
		return "denied"
	case NotFound:
		return "not_found"
	case Conflict:
		return "conflict"
	case TooLarge:
		return "too_large"
	case RateLimited:
		return "rate_limited"
	case Unavailable:
		return "unavailable"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Error is a failure the domain has an opinion on. Code is stable and meant for
// programs, Msg may be shown to users.
type Error struct {
	Kind       Kind
	Code       string        // snake_case; never empty
	Msg        string        // one English sentence without a full stop
	RetryAfter time.Duration // when trying again makes sense; 0 unknown, never so for Unavailable
	Err        error         // cause, for the log; may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Msg
	}
	return e.Msg + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// retryUnavailable is when to try again what was Unavailable, unless its maker
// knows better. Without any a client would take the failure for final.
const retryUnavailable = time.Second

// Errorf makes an Error of the given kind whose code is the kind's name. A %w
// operand, which comes last and after a colon, becomes its cause: that is logged
// and never shown. What is Unavailable says when to try again.
func Errorf(kind Kind, format string, args ...any) *Error {
	return Codef(kind, kind.String(), format, args...)
}

// Codef is Errorf with a code of its own.
func Codef(kind Kind, code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Kind: kind, Code: code, Msg: err.Error(), Err: errors.Unwrap(err)}
	if e.Err != nil {
		var ok bool
		if e.Msg, ok = strings.CutSuffix(e.Msg, ": "+e.Err.Error()); !ok {
			e.Msg = kind.String() // the cause is somewhere in these words: show none
		}
	}
	if kind == Unavailable {
		e.RetryAfter = retryUnavailable
	}
	return e
}

// AsError returns the Error in err's chain. An error the domain did not make
// becomes an Internal one with err as its cause.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Code: Internal.String(), Msg: "internal error", Err: err}
}

// KindOf returns the kind of err; an error the domain did not make is Internal.
func KindOf(err error) Kind { return AsError(err).Kind }
