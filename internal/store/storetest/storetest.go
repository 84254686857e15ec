package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"haggle/internal/chat"
)

// Run checks the stores that open returns. Each call of open returns an empty
// store of its own and arranges for its removal with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) chat.Store) {
	for _, group := range []struct {
		name  string
		cases []testCase
	}{
		{"Append", appendCases()},
		{"Advance", markCases()},
		{"Recall", recallCases()},
		{"Block", blockCases()},
		{"Flag", flagCases()},
		{"Lists", listCases()},
		{"Directory", directoryCases()},
		{"Files", fileCases()},
		{"Access", accessCases()},
		{"Login", loginCases()},
		{"Phrases", phraseCases()},
		{"Settings", settingsCases()},
		{"Search", searchCases()},
		{"Together", togetherCases()},
		{"Leaving", leavingCases()},
	} {
		for _, c := range group.cases {
			t.Run(group.name+"/"+c.name, func(t *testing.T) { c.run(t, open(t)) })
		}
	}
}

// testCase is one promise.
type testCase struct {
	name string
	run  func(t *testing.T, s chat.Store)
}

const (
	buyer    = chat.UID("U_1")
	merchant = chat.UID("V_1")
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

// tb is what a *testing.T and a *rapid.T have in common.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func text(s string) []chat.Block { return []chat.Block{{Type: chat.TextBlock, Text: s}} }

// from is a message of sender to the other one, beginning the conversation if
// need be.
func from(sender, other chat.UID, nonce string) chat.Append {
	st := &chat.Start{ID: chat.NewConversationID(), Buyer: sender, Other: other}
	if sender.Side() == chat.MerchantSide {
		st.Buyer, st.Other = other, sender
	}
	return chat.Append{
		Start: st, Sender: sender, Nonce: chat.Nonce(nonce), Hash: []byte("hash of " + nonce),
		Blocks: text("text of " + nonce), SentAt: at,
	}
}

func mustAppend(t *testing.T, s chat.Store, a chat.Append) chat.Appended {
	t.Helper()
	r, err := s.Append(t.Context(), a)
	if err != nil {
		t.Fatalf("append %s: %v", a.Nonce, err)
	}
	return r
}

// talk stores n messages, the buyer's first, then in turns, and returns the
// conversation.
func talk(t *testing.T, s chat.Store, n int) chat.Conversation {
	t.Helper()
	var c chat.Conversation
	for i := range n {
		a := from(buyer, merchant, fmt.Sprintf("talk-%d", i))
		if i%2 == 1 {
			a.Sender = merchant
		}
		c = mustAppend(t, s, a).Conversation
	}
	return c
}

func mustConversation(t *testing.T, s chat.Store, id chat.ConversationID) chat.Conversation {
	t.Helper()
	c, err := s.Conversation(t.Context(), id)
	if err != nil {
		t.Fatalf("conversation: %v", err)
	}
	return c
}

func mustMessages(t *testing.T, s chat.Store, id chat.ConversationID) []chat.Message {
	t.Helper()
	ms, err := s.MessagesAfter(t.Context(), id, 0, 10_000)
	if err != nil {
		t.Fatalf("messages: %v", err)
	}
	return ms
}

// wantError checks kind and code; code "" is the kind's own.
func wantError(t *testing.T, err error, kind chat.Kind, code string) {
	t.Helper()
	if code == "" {
		code = kind.String()
	}
	if err == nil {
		t.Errorf("no error, want %s", code)
		return
	}
	if e := chat.AsError(err); e.Kind != kind || e.Code != code {
		t.Errorf("error %v of kind %v with code %q, want %v with %q", err, e.Kind, e.Code, kind, code)
	}
}

// diff compares structures; no rows are the same as none. Most are the same to the bit,
// which is told much sooner than a difference.
func diff(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// look compares and complains.
func look(t tb, what string, want, got any) {
	t.Helper()
	if d := diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// everyText holds what encodings like to break: all planes, what JSON escapes,
// what is not normalized, what is not shown.
func everyText() string {
	var b strings.Builder
	b.WriteString("😀👩‍👩‍👧‍👦🇨🇳 发货 <b>&amp;</b> \" \\ / \t\r\n\u2028\u2029 e\u0301 é \u202eabc\u202c \ufeff \ufffd \x7f K k ß ſ İ ı ＡＢ")
	for r := rune(1); r <= 0x10ffff; r += 97 {
		if r < 0xd800 || r > 0xdfff {
			b.WriteRune(r)
		}
	}
	return b.String()
}
