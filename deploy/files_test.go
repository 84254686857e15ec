package deploy_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// files are those that say how Haggle is started.
func files(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".go") {
			return err
		}
		data, err := os.ReadFile(path)
		found[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestSettings holds the files to the settings that the program has.
func TestSettings(t *testing.T) {
	help, err := exec.CommandContext(t.Context(), program(t), "serve", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	setting := regexp.MustCompile(`\bHAGGLE_[A-Z0-9_]+|--[a-z][a-z-]+`)
	known := setting.FindAllString(string(help), -1)
	used := 0
	for path, text := range files(t) {
		for line := range strings.Lines(text) {
			if !strings.Contains(line, "HAGGLE_") && !strings.Contains(line, "haggle serve") {
				continue
			}
			for _, name := range setting.FindAllString(line, -1) {
				used++
				if !slices.Contains(known, name) {
					t.Errorf("%s: serve has no %s", path, name)
				}
			}
		}
	}
	if used == 0 {
		t.Error("no file sets anything")
	}
}

// documents decodes a YAML file, which may hold several.
func documents[T any](t *testing.T, path string) []T {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var one T
		switch err := d.Decode(&one); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, one)
	}
}

// TestCompose reads the file as far as its parts refer to one another: no engine
// starts it here.
func TestCompose(t *testing.T) {
	type service struct {
		DependsOn any      `yaml:"depends_on"`
		Volumes   []string `yaml:"volumes"`
	}
	file := documents[struct {
		Services map[string]service `yaml:"services"`
		Volumes  map[string]any     `yaml:"volumes"`
	}](t, "compose.yaml")[0]
	for name, s := range file.Services {
		for _, other := range names(s.DependsOn) {
			if _, ok := file.Services[other]; !ok {
				t.Errorf("%s depends on %s, which there is not", name, other)
			}
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, ok := file.Volumes[from]; !ok && !strings.HasPrefix(from, ".") {
				t.Errorf("%s has the volume %s, which there is not", name, from)
			}
			if _, err := os.Stat(from); strings.HasPrefix(from, ".") && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if len(file.Services) < 7 {
		t.Errorf("there are %d services", len(file.Services))
	}
}

// TestComposeCaddyfile: what the compose file changes in the Caddyfile has to be there.
func TestComposeCaddyfile(t *testing.T) {
	all := files(t)
	changes := regexp.MustCompile(`\bs/([^/]+)/`).FindAllStringSubmatch(all["compose.yaml"], -1)
	if len(changes) != 2 {
		t.Fatalf("it changes %q", changes)
	}
	for _, c := range changes {
		if !strings.Contains(all["Caddyfile"], c[1]) {
			t.Errorf("the Caddyfile says %q nowhere", c[1])
		}
	}
}

func names(v any) []string {
	var all []string
	switch v := v.(type) {
	case []any:
		for _, name := range v {
			all = append(all, name.(string)) //nolint:errcheck // another type fails the test
		}
	case map[string]any:
		for name := range v {
			all = append(all, name)
		}
	}
	return all
}

// TestKubernetes reads the manifests as far as they refer to one another: there is no
// cluster here.
func TestKubernetes(t *testing.T) {
	type ref struct {
		Name string `yaml:"name"`
	}
	type object struct {
		Kind     string `yaml:"kind"`
		Metadata ref    `yaml:"metadata"`
		Spec     struct {
			Template struct {
				Metadata struct {
					Labels map[string]string `yaml:"labels"`
				} `yaml:"metadata"`
				Spec struct {
					Containers []struct {
						EnvFrom []map[string]ref `yaml:"envFrom"`
					} `yaml:"containers"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	objects := documents[object](t, "kubernetes/haggle.yaml")
	there := make(map[string]bool)
	var taken []string
	for i := range objects {
		o := &objects[i]
		there[strings.ToLower(o.Kind)+"/"+o.Metadata.Name] = true
		for _, c := range o.Spec.Template.Spec.Containers {
			for _, from := range c.EnvFrom {
				for kind, r := range from {
					taken = append(taken, strings.ToLower(strings.TrimSuffix(kind, "Ref"))+"/"+r.Name)
				}
			}
		}
		if o.Kind == "Deployment" && o.Spec.Template.Metadata.Labels["app"] != "haggle" {
			t.Error("the service selects app=haggle, the pods are something else")
		}
	}
	for _, name := range taken {
		if !there[name] {
			t.Errorf("settings are taken from %s, which there is not", name)
		}
	}
	for _, want := range []string{"secret/haggle", "configmap/haggle", "deployment/haggle", "poddisruptionbudget/haggle", "service/haggle", "ingress/haggle"} {
		if !there[want] {
			t.Errorf("there is no %s", want)
		}
	}
}

// TestUnit has systemd look at its file, without starting anything.
func TestUnit(t *testing.T) {
	analyze := need(t, "systemd-analyze")
	data, err := os.ReadFile("haggle.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "haggle.service")
	if err := os.WriteFile(unit, bytes.ReplaceAll(data, []byte("/usr/local/bin/haggle"), []byte("/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
