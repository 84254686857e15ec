package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Clients were told store_full, store_io, canceled and more, and no document said
// what these ask of them. Every code that says to come back later is in the
// protocol's table.
func TestUndocumentedCodes(t *testing.T) {
	root := filepath.Join("..", "..")
	protocol, err := os.ReadFile(filepath.Join(root, "docs", "protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	codes := unavailableCodes(t, root)
	if len(codes) < 5 {
		t.Fatalf("found only the codes %v: is Codef still what makes them?", codes)
	}
	for code, where := range codes {
		if !strings.Contains(string(protocol), "`"+code+"`") {
			t.Errorf("%s: the code %q is not in docs/protocol.md", where, code)
		}
	}
}

// unavailableCodes returns the codes that Codef makes of chat.Unavailable, and
// where.
func unavailableCodes(t *testing.T, root string) map[string]token.Position {
	t.Helper()
	codes := make(map[string]token.Position)
	files := token.NewFileSet()
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 3 || name(call.Fun) != "Codef" || name(call.Args[0]) != "Unavailable" {
				return true
			}
			if lit, ok := call.Args[1].(*ast.BasicLit); ok {
				code, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Error(err)
				}
				codes[code] = files.Position(lit.Pos())
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// name returns the last part of an identifier, with or without its package.
func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
