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
	zipped   func() []byte // nil where it gains nothing
}

// assets are the files of the pages by name. They are few and small: they stay
// in memory, compressed when first asked for.
type assets map[string]*asset

// loadAssets reads all files below dist. NAME.gz is NAME compressed, by what takes more
// time for it than a server has.
func loadAssets(dist fs.FS) (assets, error) {
	all, zipped := make(assets), make(map[string][]byte)
	err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		data, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		if of, packed := strings.CutSuffix(name, ".gz"); packed {
			zipped[of] = data
			return nil
		}
		all[name] = newAsset(name, data)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	for name, data := range zipped {
		if a := all[name]; a != nil {
			a.zipped = func() []byte { return data }
		}
	}
	return all, nil
}

func newAsset(name string, data []byte) *asset {
	sum := sha256.Sum256(data)
	a := &asset{data: data, mimeType: mimeType(name), etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	if len(data) >= worthGzip && compressible(a.mimeType) {
		a.zipped = sync.OnceValue(func() []byte { return zip(data) })
	}
	return a
}

// with returns the asset with one text in place of another: a page for one address.
func (a *asset) with(old, text string) *asset {
	changed := newAsset("page.html", bytes.ReplaceAll(a.data, []byte(old), []byte(text)))
	changed.zipped = nil // not worth it for one answer
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
	if a.zipped != nil {
		h.Add("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			if z := a.zipped(); z != nil {
				body = z
				h.Set("Content-Encoding", "gzip")
				// A compressed form is another representation, with a tag of its own.
				h.Set("ETag", strings.TrimSuffix(a.etag, `"`)+`-gz"`)
			}
		}
	}
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body))))
}

// acceptsGzip reads the header Accept-Encoding as far as gzip goes.
func acceptsGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q, _ := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			return strings.Trim(q, "0.") != "" || params == ""
		}
	}
	return false
}
