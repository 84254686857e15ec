package wire_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

func TestDecode(t *testing.T) {
	const ok, refused = true, false
	for _, tc := range []struct {
		name string
		in   string
		want bool
	}{
		{"a frame", `{"id":1,"typing":{"conversation":"c"}}`, ok},
		{"blanks around", " \n\t{\"id\":1} \r\n", ok},
		{"escapes", `{"typing":{"conversation":"\u4f60\ud83d\ude42"}}`, ok},
		{"null for nothing", `{"typing":null}`, ok},
		{"an emoji as it is", `{"typing":{"conversation":"🙂"}}`, ok},
		{"bidi as it is", "{\"typing\":{\"conversation\":\"\u202e\"}}", ok}, // drawn apart, never altered
		{"NUL, which the domain refuses where it matters", `{"typing":{"conversation":"\u0000"}}`, ok},

		{"nothing", ``, refused},
		{"blanks", `  `, refused},
		{"half", `{"id":1`, refused},
		{"two values", `{} {}`, refused},
		{"a trailing comma", `{"id":1,}`, refused},
		{"a comment", `{"id":1/* one */}`, refused},
		{"single quotes", `{'id':1}`, refused},
		{"NaN", `{"id":NaN}`, refused},
		{"a raw control character", "{\"typing\":{\"conversation\":\"a\nb\"}}", refused},
		{"a byte order mark", "\ufeff{}", refused},
		{"a string for a frame", `"abc"`, refused},
		{"an array for a frame", `[]`, refused},
		{"a number in quotes", `{"id":"1"}`, refused},
		{"a fraction", `{"id":1.5}`, refused},
		{"a number too large", `{"id":9223372036854775808}`, refused},
		{"an exponent too large", `{"id":1e999}`, refused},

		{"a duplicate name", `{"id":1,"id":1}`, refused},
		{"a duplicate name inside", `{"read":{"conversation":"c","seq":1,"seq":2}}`, refused},
		{"a duplicate name by escape", `{"id":1,"\u0069d":1}`, refused},
		{"another letter case", `{"ID":1}`, refused},
		{"another letter case inside", `{"read":{"Conversation":"c","seq":1}}`, refused},
		{"an unknown name", `{"id":1,"color":"red"}`, refused},
		{"an unknown name inside", `{"read":{"conversation":"c","seq":1,"sender":"V_7"}}`, refused},
		{"an unknown name in a list", `{"send":{"nonce":"n","blocks":[{"type":"text","html":"<b>"}]}}`, refused},

		{"invalid UTF-8", "{\"typing\":{\"conversation\":\"\xff\"}}", refused},
		{"UTF-8 cut short", "{\"typing\":{\"conversation\":\"\xe4\xbd\"}}", refused},
		{"an overlong form", "{\"typing\":{\"conversation\":\"\xc0\xaf\"}}", refused},
		{"a surrogate in UTF-8", "{\"typing\":{\"conversation\":\"\xed\xa0\x80\"}}", refused},
		{"a lone high surrogate", `{"typing":{"conversation":"\ud800"}}`, refused},
		{"a lone low surrogate", `{"typing":{"conversation":"\udc00"}}`, refused},
		{"surrogates the wrong way round", `{"typing":{"conversation":"\ude42\ud83d"}}`, refused},

		{"arrays without end", strings.Repeat("[", 1_000_000), refused},
		{"objects without end", strings.Repeat(`{"send":`, 100_000), refused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var f wire.ClientFrame
			err := wire.Decode([]byte(tc.in), &f)
			if tc.want == ok {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			e := chat.AsError(err)
			if err == nil || e.Kind != chat.Invalid || e.Code != "invalid_json" || e.Msg == "" {
				t.Errorf("got %+v, %v; want invalid_json", f, err)
			}
		})
	}
}

// A client's author was told of "Go wire.ClientFrame", of which the protocol says
// nothing. What is said is where, and what is expected there.
func TestDecode_errorNamedGoTypes(t *testing.T) {
	for in, want := range map[string]string{
		`"abc"`:                            "want an object at the top",
		`[]`:                               "want an object at the top",
		`{"id":"1"}`:                       "want a whole number that is not too large at /id",
		`{"id":1.5}`:                       "want a whole number that is not too large at /id",
		`{"id":9223372036854775808}`:       "want a whole number that is not too large at /id",
		`{"send":{"nonce":7}}`:             "want a string at /send/nonce",
		`{"send":{"blocks":{}}}`:           "want a list at /send/blocks",
		`{"watch":{"uids":["U_1",2]}}`:     "want a string at /watch/uids/1",
		`{"send":{"blocks":[{"html":1}]}}`: "unknown name at /send/blocks/0/html",
		`{"read":{"Seq":1}}`:               "unknown name at /read/Seq",
		`{"id":1,"id":2}`:                  "a name twice at /id",
		`{"id":1`:                          "the JSON ends too soon",
		``:                                 "the JSON ends too soon",
		`{"id":x}`:                         "at byte 6",
		`{"` + strings.Repeat("x", 60_000) + `":1}`: "unknown name at …x",
	} {
		var f wire.ClientFrame
		msg := chat.AsError(wire.Decode([]byte(in), &f)).Msg
		if !strings.HasPrefix(msg, "not a valid request: ") || !strings.Contains(msg, want) {
			t.Errorf("%.60q: message %.300q, want %q", in, msg, want)
		}
		for _, inside := range []string{"Go ", "wire.", "json:", "jsontext", "int64", "unmarshal"} {
			if strings.Contains(msg, inside) {
				t.Errorf("%.60q: message %.300q tells of the server's insides: %q", in, msg, inside)
			}
		}
		if len(msg) > 300 {
			t.Errorf("%.60q: a message of %d bytes", in, len(msg))
		}
	}
}

// Text comes through as it was sent, whatever is in it.
func TestDecode_textIsNotAltered(t *testing.T) {
	for _, text := range []string{"", "é", "e\u0301", "\u202eabc", "a\u0000b", "👨‍👩‍👧", "\ufffd", "<b>&amp;</b>", "\u2028", strings.Repeat("的", 4000)} {
		in := wire.ClientFrame{Send: &wire.Send{Nonce: "n", Blocks: []wire.DraftBlock{{Type: "text", Text: text}}}}
		data, err := wire.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		var out wire.ClientFrame
		if err := wire.Decode(data, &out); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := out.Send.Blocks; text != "" && got[0].Text != text {
			t.Errorf("sent %q, got %q", text, got[0].Text)
		}
	}
}

// What is accepted means the same after it was written again, and nothing makes
// the decoder panic.
func FuzzDecode(f *testing.F) {
	for _, frame := range clientFrames() {
		data, err := wire.Encode(frame)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"id":1,"\u0069d":1}`))
	f.Add([]byte(`{"typing":{"conversation":"\ud83d\ude42"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var frame, again wire.ClientFrame
		if err := wire.Decode(data, &frame); err != nil {
			return
		}
		out, err := wire.Encode(frame)
		if err != nil {
			t.Fatalf("%q is accepted and cannot be written: %v", data, err)
		}
		if err := wire.Decode(out, &again); err != nil {
			t.Fatalf("%q was written as %q: %v", data, out, err)
		}
		if diff := cmp.Diff(normal(frame), normal(again)); diff != "" {
			t.Errorf("%q (-first +again):\n%s", data, diff)
		}
	})
}

// normal makes an absent list and an empty one the same.
func normal(f wire.ClientFrame) wire.ClientFrame {
	if f.Send != nil && len(f.Send.Blocks) == 0 {
		f.Send.Blocks = nil
	}
	if f.Watch != nil && len(f.Watch.UIDs) == 0 {
		f.Watch.UIDs = nil
	}
	return f
}

func TestFromError(t *testing.T) {
	limited := chat.Errorf(chat.RateLimited, "slow down")
	limited.RetryAfter = 100 // nanoseconds: still not at once
	for _, tc := range []struct {
		name string
		err  error
		want wire.Error
	}{
		{"worded", chat.Codef(chat.Denied, "blocked", "no"), wire.Error{Code: "blocked", Message: "no", RequestID: "r"}},
		{"not worded", foreignError("disk on fire"), wire.Error{Code: "internal", Message: "something went wrong on the server", RequestID: "r"}},
		{"limited", limited, wire.Error{Code: "rate_limited", Message: "slow down", RetryAfterMS: 1, RequestID: "r"}},
	} {
		if diff := cmp.Diff(tc.want, wire.FromError(tc.err, "r")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

type foreignError string

func (e foreignError) Error() string { return string(e) }
