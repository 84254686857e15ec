package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	docPath   = regexp.MustCompile("`((?:cmd|internal|web|docs|api|e2e)/[a-z0-9_./-]+)`")
	docLink   = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	docSymbol = regexp.MustCompile("`([a-z]+)\\.([A-Za-z]+)\\b")
)

// TestDocsNameRealThings fails when a document at the root, under docs or under sdk names a
// path or a declaration that is gone.
func TestDocsNameRealThings(t *testing.T) {
	root := filepath.Join("..", "..")
	declared := declaredNames(t, root)
	var docs []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "sdk/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, found...)
	}
	for _, doc := range docs {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range docPath.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s names %s: %v", filepath.Base(doc), m[1], err)
			}
		}
		checkLinks(t, doc, string(text))
		for _, m := range docSymbol.FindAllStringSubmatch(string(text), -1) {
			if names, ours := declared[m[1]]; ours && !names[m[2]] {
				t.Errorf("%s names %s.%s, which does not exist", filepath.Base(doc), m[1], m[2])
			}
		}
	}
}

// checkLinks fails when a document links to a file that is not there.
func checkLinks(t *testing.T, doc, text string) {
	t.Helper()
	for _, m := range docLink.FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
			t.Errorf("%s links to %s: %v", filepath.Base(doc), m[1], err)
		}
	}
}

// declaredNames returns the top-level names of each package under internal.
func declaredNames(t *testing.T, root string) map[string]map[string]bool {
	t.Helper()
	declared := make(map[string]map[string]bool)
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		names := declared[file.Name.Name]
		if names == nil {
			names = make(map[string]bool)
			declared[file.Name.Name] = names
		}
		for _, decl := range file.Decls {
			addNames(names, decl)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return declared
}

func addNames(names map[string]bool, decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		names[decl.Name.Name] = true
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names[spec.Name.Name] = true
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names[name.Name] = true
				}
			}
		}
	}
}
