package wire_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// example is a block of docs/protocol.md, under the name of its golden file.
var example = regexp.MustCompile("(?s)<!-- ([a-z-]+) -->\n```json\n(.*?)\n```")

// The page shows what is really said, and every kind of frame.
func TestProtocolPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := make(map[string]bool)
	for _, m := range example.FindAllStringSubmatch(string(page), -1) {
		want, err := os.ReadFile(filepath.Join("testdata", m[1]+".json"))
		if err != nil {
			t.Error(err)
			continue
		}
		shown[strings.Join(strings.Split(m[1], "-")[:2], "-")] = true
		if diff := cmp.Diff(compact(t, want), compact(t, []byte(m[2]))); diff != "" {
			t.Errorf("%s is shown wrong (-golden file +page):\n%s", m[1], diff)
		}
	}
	for name := range clientFrames() {
		if kind := "client-" + strings.Split(name, "-")[0]; !shown[kind] {
			t.Errorf("the page shows no %s", kind)
		}
	}
	for name := range serverFrames() {
		if kind := "server-" + strings.Split(name, "-")[0]; !shown[kind] {
			t.Errorf("the page shows no %s", kind)
		}
	}
}

// The page about webhooks shows what is really posted.
func TestWebhookPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	found := example.FindAllStringSubmatch(string(page), -1)
	if len(found) == 0 {
		t.Error("the page shows nothing")
	}
	for _, m := range found {
		want, err := os.ReadFile(filepath.Join("testdata", m[1]+".json"))
		if err != nil {
			t.Error(err)
		} else if diff := cmp.Diff(compact(t, want), compact(t, []byte(m[2]))); diff != "" {
			t.Errorf("%s is shown wrong (-golden file +page):\n%s", m[1], diff)
		}
	}
}

func compact(t *testing.T, data []byte) string {
	t.Helper()
	v := jsontext.Value(data)
	if err := v.Compact(); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return string(v)
}
