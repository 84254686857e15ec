package deploy_test

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile's.
type instruction struct {
	name  string
	flags map[string]string // like from, of --from=build
	args  []string
}

// dockerfile reads the Dockerfile, as far as one is written there.
func dockerfile(t *testing.T) (all []instruction) {
	t.Helper()
	text := strings.ReplaceAll(files(t)["Dockerfile"], "\\\n", " ")
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		in := instruction{name: words[0], flags: make(map[string]string)}
		for i, word := range words[1:] {
			flag, ok := strings.CutPrefix(word, "--")
			if !ok {
				in.args = words[1+i:]
				break
			}
			name, value, _ := strings.Cut(flag, "=")
			in.flags[name] = value
		}
		all = append(all, in)
	}
	return all
}

// rules are the lines of a file that say something.
func rules(t *testing.T, name string) (all []string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

// TestDockerfileCopies: what it copies is in the repository and goes to the builder, or
// comes from a stage before.
func TestDockerfileCopies(t *testing.T) {
	ignored := rules(t, "Dockerfile.dockerignore")
	var stages []string
	copies := 0
	for _, in := range dockerfile(t) {
		if in.name == "FROM" && len(in.args) == 3 {
			stages = append(stages, in.args[2])
		}
		if in.name != "COPY" {
			continue
		}
		copies++
		if len(in.args) < 2 {
			t.Errorf("COPY %q copies nothing", in.args)
			continue
		}
		if from, ok := in.flags["from"]; ok {
			if !slices.Contains(stages, from) {
				t.Errorf("COPY %q comes from %s, of which there is nothing before", in.args, from)
			}
			continue
		}
		for _, source := range in.args[:len(in.args)-1] {
			reachesBuilder(t, source, ignored)
		}
	}
	if copies == 0 {
		t.Error("it copies nothing")
	}
}

func reachesBuilder(t *testing.T, source string, ignored []string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", source)); err != nil {
		t.Errorf("COPY: %v", err)
	}
	for _, pattern := range ignored {
		if strings.HasPrefix(pattern, "!") || strings.Contains(pattern, "**") {
			t.Fatalf("Dockerfile.dockerignore: this test does not know what %s is", pattern)
		}
		pattern = path.Clean(strings.TrimPrefix(pattern, "/"))
		for at := path.Clean(source); ; at = path.Dir(at) { // what is in a folder goes with it
			if kept, err := path.Match(pattern, at); err != nil || kept {
				t.Errorf("COPY %s: Dockerfile.dockerignore keeps it from the builder by %s, %v", source, pattern, err)
			}
			if !strings.Contains(at, "/") {
				break
			}
		}
	}
}

// TestDockerfileImage: what runs has nothing beside it, starts what was copied, and may
// not do everything.
func TestDockerfileImage(t *testing.T) {
	all := dockerfile(t)
	last := 0
	for i, in := range all {
		if in.name == "FROM" {
			last = i
		}
	}
	if base := all[last].args[0]; base != "scratch" && !strings.HasPrefix(base, "gcr.io/distroless/") {
		t.Errorf("the image is %s with something added", base)
	}
	user, entry := "", ""
	var copied []string
	for _, in := range all[last:] {
		switch in.name {
		case "ADD":
			t.Errorf("ADD %q: the image is to have what was built, and nothing beside it", in.args)
		case "COPY":
			if in.flags["from"] == "" {
				t.Errorf("COPY %q: the image is to have what was built, and nothing beside it", in.args)
			}
			copied = append(copied, in.args[len(in.args)-1])
		case "USER":
			user, _, _ = strings.Cut(in.args[0], ":")
		case "ENTRYPOINT":
			entry = strings.Join(in.args, " ")
		}
	}
	if user == "" || user == "root" || strings.Trim(user, "0") == "" {
		t.Errorf("it runs as %q", user)
	}
	if program := strings.Trim(entry, `[]"`); !slices.Contains(copied, program) {
		t.Errorf("it starts %q, what was copied is %q", program, copied)
	}
}

// TestDockerfileGo: the builder has the Go that go.mod asks for.
func TestDockerfileGo(t *testing.T) {
	var want string
	for _, line := range rules(t, "../go.mod") {
		if version, ok := strings.CutPrefix(line, "go "); ok {
			want = strings.Join(strings.SplitN(version, ".", 3)[:2], ".")
		}
	}
	for _, in := range dockerfile(t) {
		if version, ok := strings.CutPrefix(path.Base(in.args[0]), "golang:"); ok && in.name == "FROM" {
			if got, _, _ := strings.Cut(version, "-"); got != want {
				t.Errorf("the builder has Go %s, go.mod wants %s", got, want)
			}
			return
		}
	}
	t.Error("nothing is built with Go")
}

// TestSecretsStayHere: where the compose file has its secrets is neither committed nor
// part of an image.
func TestSecretsStayHere(t *testing.T) {
	if first, _, _ := strings.Cut(files(t)["compose.yaml"], "\n"); !strings.Contains(first, ".env beside") {
		t.Errorf("its secrets are elsewhere: %s", first)
	}
	for name, want := range map[string]string{"../.gitignore": "/deploy/.env", "Dockerfile.dockerignore": "deploy/.env"} {
		if !slices.Contains(rules(t, name), want) {
			t.Errorf("%s lacks %s", name, want)
		}
	}
}
