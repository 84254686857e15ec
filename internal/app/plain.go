package app

import (
	"net/http"
	"strings"
	"time"

	"haggle/internal/plain"
)

// openPlain makes the buyer's pages without a script.
func (a *app) openPlain(p *pages) (err error) {
	a.plain, err = plain.New(plain.Deps{
		Service: a.service, Uploader: a.media, UploadRoom: a.rest.UploadRoom, SignIn: a.rest, FileURL: a.rest.FileURL,
		Guests: a.cfg.Guests, OwnOrigins: a.ownOrigins(), Secret: a.secrets.forms, Zone: time.Local,
		Chinese: Chinese, Header: p.plainHeader, Log: a.log, Brand: p.looks.plain(),
	})
	return err
}

// plainHeader is header for pages that run no script at all.
func (p *pages) plainHeader(w http.ResponseWriter) {
	p.header(w, p.ancestors)
	policy := w.Header().Get("Content-Security-Policy")
	w.Header().Set("Content-Security-Policy", strings.Replace(policy, "script-src 'self'", "script-src 'none'", 1))
}
