package chat_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"haggle/internal/chat"
)

// Buyers were shown "the disk does not work: commit: disk I/O error (778)".
func TestCauseIsNotShown(t *testing.T) {
	disk := errors.New("commit: disk I/O error (778)")
	for _, tc := range []struct {
		name string
		err  *chat.Error
		want string
	}{
		{"at the end", chat.Codef(chat.Unavailable, "store_io", "the disk does not work: %w", disk), "the disk does not work"},
		{"after other operands", chat.Errorf(chat.Internal, "step %d of %s: %w", 2, "a", disk), "step 2 of a"},
		{"in the middle", chat.Errorf(chat.Unavailable, "because %w it failed", disk), "unavailable"},
		{"of a context", chat.Codef(chat.Unavailable, "canceled", "the request was given up: %w", context.Canceled), "the request was given up"},
		{"none", chat.Errorf(chat.Invalid, "100%% %s", "wrong: it"), "100% wrong: it"},
	} {
		if tc.err.Msg != tc.want {
			t.Errorf("%s: shows %q, want %q", tc.name, tc.err.Msg, tc.want)
		}
		cause := errors.Unwrap(tc.err)
		if (cause == nil) != (tc.name == "none") {
			t.Errorf("%s: cause %v", tc.name, cause)
		}
		if cause != nil && strings.Count(tc.err.Error(), cause.Error()) != 1 {
			t.Errorf("%s: the log says %q, want the cause once", tc.name, tc.err.Error())
		}
	}
}

// Clients took a store that was busy for the end of the message: without a time
// to come back a failure is final.
func TestUnavailableSaysWhenToComeBack(t *testing.T) {
	if err := chat.Codef(chat.Unavailable, "store_busy", "the store is locked"); err.RetryAfter <= 0 {
		t.Errorf("retry after %v, want a time", err.RetryAfter)
	}
	if err := chat.Errorf(chat.Denied, "no"); err.RetryAfter != 0 {
		t.Errorf("denied: retry after %v, want none", err.RetryAfter)
	}
}
