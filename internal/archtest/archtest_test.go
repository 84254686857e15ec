// Package archtest holds the rules of the repository that a compiler does not
// check: which package may import which, and that each says what it is for.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "haggle"

// mayImport lists, for each package, the packages of this module it may import
// outside its tests. A package that is not listed here may not exist.
var mayImport = map[string][]string{
	"internal/chat": {},
	"internal/wire": {"internal/chat"},

	"internal/auth":      {"internal/chat"},
	"internal/media":     {"internal/chat"},
	"internal/ratelimit": {"internal/chat"},

	// A transport, beside gateway and rest.
	"internal/plain": {"internal/chat", "internal/wire"},

	"internal/webhook": {"internal/chat", "internal/wire"},

	"internal/wechat":         {"internal/chat"},
	"internal/wechat/standin": {},

	"internal/gateway":        {"internal/chat", "internal/wire"},
	"internal/rest":           {"internal/auth", "internal/chat", "internal/wechat", "internal/wire"},
	"internal/store/sqlstore": {"internal/chat", "internal/compat/legacy", "internal/store/terms"},
	"internal/bus/localbus":   {"internal/chat"},
	"internal/bus/natsbus":    {"internal/chat"},

	"internal/doctor": {},

	// A data directory is SQLite's file and pictures on disk, and no port stands for it:
	// a database server and a bucket have backups of their own.
	"internal/backup": {"internal/chat", "internal/media", "internal/store/sqlstore"},

	// The port between the PHP chat's door and the store, and nothing else.
	"internal/compat/legacy": {"internal/chat"},

	"internal/bus/sharedbus": {"internal/chat"},

	// A transport, beside gateway and rest.
	"internal/compat":          {"internal/chat", "internal/compat/gatewayworker", "internal/compat/legacy", "internal/compat/richtext"},
	"internal/compat/richtext": {},
	// A door to sockets and to nothing else: it knows no chat.Service, so no message.
	"internal/compat/gatewayworker":          {"internal/chat", "internal/compat/gatewayworker/phpvalue"},
	"internal/compat/gatewayworker/phpvalue": {},
	// The old chat's table: it reaches the store through the port, like the door.
	"internal/compat/hplog": {"internal/chat", "internal/compat/legacy", "internal/compat/richtext"},

	"internal/store/terms":     {},
	"internal/store/storetest": {"internal/chat", "internal/compat/legacy", "internal/store/terms"},
	"internal/bus/bustest":     {"internal/chat"},
	"internal/media/blobtest":  {"internal/chat", "internal/media"},
	"internal/media/s3blobs":   {"internal/chat", "internal/media"},
	"internal/testkit":         {"internal/chat", "internal/store/terms", "internal/wire"},
	"internal/archtest":        {},

	// By itself, as it is large: only what starts a server has it.
	"internal/testkit/natsserver": {},
	"internal/testkit/s3server":   {},

	// A client like any other: it knows the JSON and nothing behind it.
	"internal/bench": {"internal/wire"},
	// Many clients like any other, on the load tool's connections.
	"internal/torture": {"internal/bench", "internal/wire"},
	// A marketplace like any other: it signs tokens and calls the public API.
	"internal/demo": {"internal/auth", "internal/chat"},

	"web":             {},
	"internal/brand":  {},
	"internal/config": {"internal/auth", "internal/brand", "internal/chat"},
	"internal/app": {
		"internal/auth", "internal/backup", "internal/brand", "internal/bus/localbus", "internal/bus/natsbus", "internal/bus/sharedbus", "internal/chat", "internal/compat", "internal/compat/gatewayworker",
		"internal/compat/hplog", "internal/config", "internal/doctor", "internal/gateway",
		"internal/media", "internal/media/s3blobs", "internal/plain", "internal/ratelimit", "internal/rest", "internal/store/sqlstore",
		"internal/webhook", "internal/wechat", "web",
	},
	// It measures, and starts what it measures as tests do. It fills in what would take a
	// store hours, words too.
	"cmd/growth": {
		"internal/auth", "internal/bench", "internal/chat", "internal/store/sqlstore", "internal/store/terms", "internal/testkit", "internal/testkit/natsserver",
	},
	"cmd/haggle": {
		"internal/app", "internal/auth", "internal/backup", "internal/bench", "internal/chat", "internal/compat/hplog",
		"internal/config", "internal/demo", "internal/doctor", "internal/torture", "internal/webhook", "internal/wechat/standin", "internal/wire",
	},
}

type pkg struct {
	ImportPath string
	Doc        string
	Imports    []string
}

func TestImports(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range list(t) {
		rel := strings.TrimPrefix(p.ImportPath, module+"/")
		seen[rel] = true
		allowed, known := mayImport[rel]
		if !known {
			t.Errorf("%s: not in mayImport; decide where it belongs", rel)
			continue
		}
		for _, imp := range p.Imports {
			imp, ours := strings.CutPrefix(imp, module+"/")
			if ours && !slices.Contains(allowed, imp) {
				t.Errorf("%s must not import %s", rel, imp)
			}
			// A first element with a dot is a host: the package is from outside.
			if rel == "internal/chat" && strings.Contains(imp, ".") {
				t.Errorf("%s must not import %s: the domain uses the standard library only", rel, imp)
			}
		}
	}
	for rel := range mayImport {
		if !seen[rel] {
			t.Errorf("mayImport lists %s, which does not exist", rel)
		}
	}
}

func TestPackageDocs(t *testing.T) {
	for _, p := range list(t) {
		if p.Doc == "" && !strings.HasSuffix(p.ImportPath, "/archtest") {
			t.Errorf("%s: no package comment", p.ImportPath)
		}
	}
}

func list(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Doc,Imports", module+"/cmd/...", module+"/internal/...", module+"/web").Output()
	if err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}
