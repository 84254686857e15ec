package app

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

const (
	forEver   = "public, max-age=31536000, immutable" // the name changes with the content
	askAgain  = "no-cache"                            // keep it, but ask whether it is still the same
	forAWhile = "public, max-age=600"                 // every page of a shop loads it; an update may take that long
	worthGzip = 1 << 10
)

// asset is a file of the pages, as it is served.
type asset struct {
	data     []byte
	mimeType string
	etag     string
	packed   []packed // the smallest first
}

// packed is a compressed form of an asset.
type packed struct {
	coding string        // as the header Accept-Encoding names it
	data   func() []byte // nil where it gains nothing
}

// byTheBuild are the compressed forms that the build makes, by what their files' names end in.
func byTheBuild() []struct{ suffix, coding string } {
	return []struct{ suffix, coding string }{{".br", "br"}, {".gz", "gzip"}}
}

// assets are the files of the pages by name. They are few and small: they stay
// in memory, compressed when first asked for.
type assets map[string]*asset

// loadAssets reads all files below dist. NAME.br and NAME.gz are NAME compressed, by what
// takes more time for it than a server has.
func loadAssets(dist fs.FS) (assets, error) {
	all := make(assets)
	err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		data, err := fs.ReadFile(dist, name)
		all[name] = newAsset(name, data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	for name, a := range all {
		a.packed = all.takeBuilt(name, a.packed)
	}
	return all, nil
}

// takeBuilt takes out what the build made of an asset; without any, it stays as it was.
func (all assets) takeBuilt(name string, before []packed) []packed {
	var built []packed
	for _, form := range byTheBuild() {
		if file := all[name+form.suffix]; file != nil {
			delete(all, name+form.suffix)
			built = append(built, packed{form.coding, func() []byte { return file.data }})
		}
	}
	if built == nil {
		return before
	}
	return built
}

// panel returns the one that the widget's script asks for, nil where there is none. A build
// may have left another one of before beside it.
func (all assets) panel() *asset {
	for name, file := range all {
		found, _ := path.Match(panelFiles, name)
		if script := all[widgetFile]; found && script != nil && bytes.Contains(script.data, []byte(path.Base(name))) {
			return file
		}
	}
	return nil
}

func newAsset(name string, data []byte) *asset {
	sum := sha256.Sum256(data)
	a := &asset{data: data, mimeType: mimeType(name), etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	if len(data) >= worthGzip && compressible(a.mimeType) {
		a.packed = []packed{{"gzip", sync.OnceValue(func() []byte { return zip(data) })}}
	}
	return a
}

// with returns the asset with one text in place of another: a page for one address.
func (a *asset) with(old, text string) *asset {
	changed := newAsset("page.html", bytes.ReplaceAll(a.data, []byte(old), []byte(text)))
	changed.packed = nil // not worth it for one answer
	return changed
}

// mimeType does not ask the machine's own tables, which differ.
func mimeType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".woff2":
		return "font/woff2"
	case ".mp3":
		return "audio/mpeg"
	case ".ogg", ".oga", ".opus":
		return "audio/ogg"
	case ".wav":
		return "audio/wav"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

func compressible(mimeType string) bool {
	return strings.HasPrefix(mimeType, "text/") || strings.HasPrefix(mimeType, "application/") || mimeType == "image/svg+xml"
}

// zip returns data compressed, nil where that gains nothing.
func zip(data []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(data); err != nil || w.Close() != nil || b.Len() >= len(data) {
		return nil
	}
	return b.Bytes()
}

// serve answers with the asset; cache says for how long it may be kept.
func (a *asset) serve(w http.ResponseWriter, r *http.Request, cache string) {
	h := w.Header()
	h.Set("Content-Type", a.mimeType)
	h.Set("Cache-Control", cache)
	h.Set("ETag", a.etag)
	body := a.data
	if len(a.packed) > 0 {
		h.Add("Vary", "Accept-Encoding")
	}
	for _, form := range a.packed {
		if !accepts(r.Header.Get("Accept-Encoding"), form.coding) {
			continue
		}
		if data := form.data(); data != nil {
			body = data
			h.Set("Content-Encoding", form.coding)
			// A compressed form is another representation, with a tag of its own.
			h.Set("ETag", strings.TrimSuffix(a.etag, `"`)+"-"+form.coding+`"`)
			break
		}
	}
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body))))
}

// accepts reads the header Accept-Encoding as far as one coding goes.
func accepts(accept, wanted string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), wanted) {
			q, _ := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			return strings.Trim(q, "0.") != "" || params == ""
		}
	}
	return false
}
