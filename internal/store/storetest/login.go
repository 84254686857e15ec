package storetest

import (
	"testing"
	"time"

	"haggle/internal/chat"
)

func loginCases() []testCase {
	return []testCase{
		{"a login that was ended stays so until it would have ended", testEndedLogin},
	}
}

func testEndedLogin(t *testing.T, s chat.Store) {
	ctx := t.Context()
	ended := func(id chat.LoginID, want bool) {
		t.Helper()
		if got, err := s.LoginEnded(ctx, id); err != nil || got != want {
			t.Errorf("login %s ended: %v, %v, want %v", id, got, err, want)
		}
	}
	ended("one", false)
	for range 2 { // whoever got no answer asks again
		if err := s.EndLogin(ctx, chat.EndedLogin{ID: "one", ExpiresAt: at.Add(time.Hour)}, at); err != nil {
			t.Fatal(err)
		}
	}
	ended("one", true)
	ended("ONE", false)
	ended("two", false)
	// Another one, just before the end of the first, does not bring it back.
	if err := s.EndLogin(ctx, chat.EndedLogin{ID: "two", ExpiresAt: at.Add(2 * time.Hour)}, at.Add(time.Hour-time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	ended("one", true)
	ended("two", true)
	// What has ended by itself may be forgotten, and nothing else is.
	if err := s.EndLogin(ctx, chat.EndedLogin{ID: "three", ExpiresAt: at.Add(3 * time.Hour)}, at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	ended("two", true)
	ended("three", true)
}
