// Package web holds the built pages and their assets, so that the binary needs
// no files beside it.
package web

import (
	"embed"
	"fmt"
	"io/fs"
)

// dist is empty but for a placeholder until the pages have been built.
//
//go:embed all:dist
var dist embed.FS

//go:embed src/ui/tokens.css
var tokens string

// Tokens returns the design tokens as a stylesheet: :root has the light theme, and
// after it :root[data-theme="dark"] what is different in the dark.
func Tokens() string { return tokens }

// Dist returns the built files: buyer.html, console.html and what they load,
// under assets. Names below assets carry a hash of their content.
func Dist() (fs.FS, error) {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("embedded pages: %w", err)
	}
	return sub, nil
}
