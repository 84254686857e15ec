package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

const (
	envPrefix = "HAGGLE"
	fileFlag  = "config"
)

// FileError says what is wrong with the file that --config names. kong words it
// as if it were about the flag whose value was being looked for.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string {
	return fmt.Sprintf("--config: settings file %s: %v", e.Path, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

// fileResolver gives flags their values from the file that --config names. kong
// asks resolvers after it has read the environment and lets them win: so this
// one keeps quiet about what the environment says. It is good for one parse.
type fileResolver struct {
	loaded bool
	values map[string]any
}

// Validate implements kong.Resolver. It has nothing to say about the model.
func (f *fileResolver) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver.
func (f *fileResolver) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if flag.Name == fileFlag {
		return nil, nil //nolint:nilnil // this is how a resolver says that it has no value
	}
	if !f.loaded {
		path := pathOf(ctx)
		values, err := load(path, known(ctx.Model.Node))
		if err != nil {
			return nil, &FileError{Path: path, Err: err}
		}
		f.values, f.loaded = values, true
	}
	if slices.ContainsFunc(flag.Envs, func(name string) bool { _, set := os.LookupEnv(name); return set }) {
		return nil, nil //nolint:nilnil // see above
	}
	return f.values[flag.Name], nil
}

// pathOf returns what --config says, on the command line or in the environment.
func pathOf(ctx *kong.Context) string {
	for _, p := range ctx.Path {
		for _, flag := range p.Flags {
			if path, ok := ctx.FlagValue(flag).(string); ok && flag.Name == fileFlag && path != "" {
				return path
			}
		}
	}
	return ""
}

// known returns the names of all settings. One file serves all commands, so it
// may say what the command at hand has no use for.
func known(node *kong.Node) map[string]bool {
	names := make(map[string]bool)
	eachFlag(node, func(flag *kong.Flag) {
		if len(flag.Envs) > 0 && flag.Name != fileFlag {
			names[flag.Name] = true
		}
	})
	return names
}

// eachFlag visits the flags of all commands.
func eachFlag(node *kong.Node, visit func(*kong.Flag)) {
	for _, child := range node.Children {
		for _, group := range child.AllFlags(true) {
			for _, flag := range group {
				visit(flag)
			}
		}
		eachFlag(child, visit)
	}
}

// UnknownVariables returns the names in environ that look like settings and are
// none: a misspelt one would otherwise leave its default without a word.
func UnknownVariables(node *kong.Node, environ []string) []string {
	names := make(map[string]bool)
	eachFlag(node, func(flag *kong.Flag) {
		for _, name := range flag.Envs {
			names[name] = true
		}
	})
	var unknown []string
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, envPrefix+"_") && !names[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// load reads the settings in the file at path; "" is no file.
func load(path string, known map[string]bool) (map[string]any, error) {
	if path == "" {
		return map[string]any{}, nil
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator's own path
	if err != nil {
		if reason, ok := errors.AsType[*os.PathError](err); ok {
			return nil, reason.Err
		}
		return nil, err
	}
	var nodes map[string]yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&nodes); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("it holds more than one document")
	}
	values := make(map[string]any, len(nodes))
	for name, node := range nodes {
		if !known[name] {
			return nil, fmt.Errorf("line %d: unknown setting %q%s", node.Line, name, suggestion(name, known))
		}
		if values[name], err = value(&node); err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", node.Line, name, err)
		}
	}
	return values, nil
}

// suggestion helps who wrote a name in another style.
func suggestion(name string, known map[string]bool) string {
	if flag := strings.ToLower(strings.ReplaceAll(strings.TrimLeft(name, "-"), "_", "-")); known[flag] {
		return fmt.Sprintf(", did you mean %q", flag)
	}
	return "; the settings are the long flags of \"haggle serve --help\", without the dashes in front"
}

// value returns what kong makes a flag's value from: text as written, so that
// "0600" and "off" stay what they are, a list or a map of text.
func value(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.ScalarNode:
		if node.Tag == "!!null" {
			return nil, nil //nolint:nilnil // a key without a value says nothing
		}
		return node.Value, nil
	case yaml.SequenceNode:
		var list []string
		if err := node.Decode(&list); err != nil {
			return nil, errors.New("want a list of plain values")
		}
		anys := make([]any, len(list))
		for i, s := range list {
			anys[i] = s
		}
		return anys, nil
	case yaml.MappingNode:
		var m map[string]string
		if err := node.Decode(&m); err != nil {
			return nil, errors.New("want plain values under names")
		}
		anys := make(map[string]any, len(m))
		for k, s := range m {
			anys[k] = s
		}
		return anys, nil
	case yaml.AliasNode:
		return value(node.Alias)
	case yaml.DocumentNode:
	}
	return nil, errors.New("want a plain value or a list")
}
