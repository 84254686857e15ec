package rest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/rest"
	"haggle/internal/wire"
)

// A form as wx.uploadFile and uni.uploadFile send it.
const (
	formType  = "multipart/form-data; boundary=" + formCut
	formCut   = "----parts7d1e"
	formFile  = `name="file"; filename="tmp_1.jpg"` + "\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nbytes"
	formField = `name="from"` + "\r\n\r\nphone"
)

// formOf returns a form of these parts; what they begin with is of Content-Disposition.
func formOf(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteString("--" + formCut + "\r\nContent-Disposition: form-data; " + part + "\r\n")
	}
	return b.String() + "--" + formCut + "--\r\n"
}

func fileOf(data string) string { return `name="file"; filename="a.jpg"` + "\r\n\r\n" + data }

// putPicture and postForm are the two ways to upload under a key.
func putPicture(key, body string) request {
	return request{method: http.MethodPut, path: "/v1/files/" + key, as: "U_1", body: body, header: map[string]string{"Content-Type": "image/png"}}
}

func postForm(key, body string) request {
	return request{method: http.MethodPost, path: "/v1/files/" + key, as: "U_1", body: body, header: map[string]string{"Content-Type": formType}}
}

// stream sends a body whose length is not known before.
func (f *fixture) stream(r request, body io.Reader) *httptest.ResponseRecorder {
	f.t.Helper()
	req := httptest.NewRequestWithContext(f.t.Context(), r.method, ownOrigin+r.path, io.MultiReader(body))
	if req.ContentLength != -1 {
		f.t.Fatalf("the length is known: %d", req.ContentLength)
	}
	req.Header.Set("Content-Type", r.header["Content-Type"])
	req.Header.Set("Authorization", "Bearer "+token(f.t, auth.ShopClaims{UID: r.as}))
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	return rec
}

// A picture is the same whether it comes by itself or in a form, and so is its key:
// an app that is not sure sends again, in either way.
func TestFormUpload(t *testing.T) {
	f := newFixture(t)
	var put, file, again wire.File
	f.want(postForm("k1", formOf(formFile)), http.StatusOK, &file)
	f.want(postForm("k1", formOf(formFile)), http.StatusOK, &again)
	f.want(putPicture("k1", "bytes"), http.StatusOK, &put)
	if file.ID == "" || file != again || file != put {
		t.Errorf("a form's file is %+v, again %+v, put %+v, want the same", file, again, put)
	}
	f.want(putPicture("k2", "bytes"), http.StatusOK, &put)
	f.want(postForm("k2", formOf(formFile)), http.StatusOK, &file)
	if file != put {
		t.Errorf("put it is %+v, as a form's file %+v, want the same", put, file)
	}
	f.fails(postForm("k2", formOf(fileOf("other bytes"))), http.StatusConflict, "nonce_reused")

	// It can be sent like any other.
	body := `{"product":"1001","nonce":"n1","blocks":[{"type":"image","file":"` + file.ID + `"}]}`
	f.want(request{method: "POST", path: "/v1/messages", as: "U_1", body: body}, http.StatusOK, nil)
}

// Whatever an app calls the file and says besides, the picture is what is in it.
func TestFormUpload_shapes(t *testing.T) {
	f := newFixture(t)
	var want wire.File
	f.want(putPicture("k1", "bytes"), http.StatusOK, &want)
	for name, form := range map[string]string{
		"fields before it":            formOf(formField, `name="a"`+"\r\n\r\n", formFile),
		"fields after it":             formOf(formFile, formField),
		"a field as large as may be":  formOf(`name="a"`+"\r\n\r\n"+strings.Repeat("x", 7<<10), formFile),
		"another name":                formOf(`name="x y"; filename="1.png"` + "\r\nContent-Type: application/octet-stream\r\n\r\nbytes"),
		"a type that no picture has":  formOf(`name="file"; filename="1.html"` + "\r\nContent-Type: text/html\r\n\r\nbytes"),
		"a Chinese file name":         formOf(`name="file"; filename="微信图片 1.jpg"` + "\r\n\r\nbytes"),
		"an encoding":                 formOf(`name="file"; filename="a"` + "\r\nContent-Transfer-Encoding: binary\r\n\r\nbytes"),
		"one without a name before":   formOf(`name="none"; filename=""`+"\r\n\r\n", formFile),
		"another after it":            formOf(formFile, fileOf("another")),
		"something before the form":   "a form follows\r\n" + formOf(formFile),
		"no line break at the end":    strings.TrimSuffix(formOf(formFile), "\r\n"),
		"line breaks of another kind": strings.ReplaceAll(formOf(formField, formFile), "\r\n", "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			var got wire.File
			f.want(postForm("k1", form), http.StatusOK, &got)
			if got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			rec := f.stream(postForm("k1", ""), strings.NewReader(form))
			if rec.Code != http.StatusOK {
				t.Errorf("of unknown length: status %d: %s", rec.Code, rec.Body)
			}
		})
	}
	f.t = t
	// An encoding that is said to be undone first is not.
	const encoded = "by=74es"
	f.want(putPicture("k2", encoded), http.StatusOK, &want)
	var got wire.File
	f.want(postForm("k2", formOf(`name="file"; filename="a"`+"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"+encoded)), http.StatusOK, &got)
	if got != want {
		t.Errorf("quoted-printable: %+v, want %+v", got, want)
	}
}

func TestFormUpload_refused(t *testing.T) {
	f := newFixture(t)
	whole := formOf(formField, formFile)
	tests := []struct {
		name   string
		req    request
		media  string // "" for a form's
		status int
		code   string
	}{
		{"nobody", request{method: "POST", path: "/v1/files/k1", body: whole}, "", 401, "token_missing"},
		{"a key that is none", postForm("a%20b", whole), "", 400, "invalid_nonce"},
		{"the other route's name", postForm("urls", whole), "", 415, "unsupported_media_type"},
		{"a picture", postForm("k1", whole), "image/png", 415, "unsupported_media_type"},
		{"a form of text", postForm("k1", "file=bytes"), "application/x-www-form-urlencoded", 415, "unsupported_media_type"},
		{"parts that are no form", postForm("k1", whole), "multipart/mixed; boundary=" + formCut, 415, "unsupported_media_type"},
		{"no boundary", postForm("k1", whole), "multipart/form-data", 415, "unsupported_media_type"},
		{"a broken type", postForm("k1", whole), formType + "; boundary=x", 415, "unsupported_media_type"},
		{"a form as it is put", putPicture("k1", whole), "", 415, "unsupported_media_type"},
		{"nothing", postForm("k1", ""), "", 400, "file_missing"},
		{"no part", postForm("k1", formOf()), "", 400, "file_missing"},
		{"fields only", postForm("k1", formOf(formField, formField)), "", 400, "file_missing"},
		{"a file without a name", postForm("k1", formOf(`name="file"; filename=""`+"\r\n\r\nbytes")), "", 400, "file_missing"},
		{"another boundary", postForm("k1", strings.ReplaceAll(whole, formCut, "another")), "", 400, "file_missing"},
		{"it ends in a field", postForm("k1", whole[:strings.Index(whole, "phone")+2]), "", 400, "file_missing"},
		{"something after what parts it", postForm("k1", strings.Replace(whole, "phone\r\n--"+formCut, "phone\r\n--"+formCut+" ?", 1)), "", 400, "incomplete"},
		{"no colon", postForm("k1", "--"+formCut+"\r\nnonsense\r\n\r\n"+whole), "", 400, "incomplete"},
		{"it ends in the file", postForm("k1", whole[:strings.Index(whole, "bytes")+2]), "", 400, "incomplete"},
		{"it ends in what parts it", postForm("k1", strings.TrimSuffix(whole, "1e--\r\n")), "", 400, "incomplete"},
		{"the server's own fault", postForm("k1", formOf(fileOf("boom"))), "", 500, "internal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.t = t
			if tt.req.header == nil {
				tt.req.header = map[string]string{}
			}
			if tt.req.header["Content-Type"] = tt.media; tt.media == "" {
				tt.req.header["Content-Type"] = formType
			}
			f.fails(tt.req, tt.status, tt.code)
		})
	}
	f.t = t
	// Nothing of all that has used the key up.
	f.want(putPicture("k1", "some other bytes"), http.StatusOK, nil)
}

// A picture may be as large in a form as it may be by itself, however its length is
// said, and one byte more is too much.
func TestFormUpload_limit(t *testing.T) {
	const limit = 10_000
	f := newFixture(t, func(_ *rest.Deps, _ *auth.Config, l *chat.Limits) { l.UploadBytes = limit })
	for name, form := range map[string]func(data string) string{
		"the file alone": func(data string) string { return formOf(fileOf(data)) },
		"beside as much as there may be": func(data string) string {
			return formOf(`name="a"`+"\r\n\r\n"+strings.Repeat("x", 7<<10), fileOf(data))
		},
	} {
		most, more := form(strings.Repeat("x", limit)), form(strings.Repeat("x", limit+1))
		t.Run(name, func(t *testing.T) {
			f.t = t
			f.want(postForm("k1", most), http.StatusOK, nil)
			f.fails(postForm("k2", more), http.StatusRequestEntityTooLarge, "upload_too_large")
			if rec := f.stream(postForm("k1", ""), strings.NewReader(most)); rec.Code != http.StatusOK {
				t.Errorf("of unknown length: status %d: %s", rec.Code, rec.Body)
			}
			rec := f.stream(postForm("k2", ""), strings.NewReader(more))
			if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), `"upload_too_large"`) {
				t.Errorf("too large, of unknown length: status %d: %s", rec.Code, rec.Body)
			}
		})
	}
}

// endless counts how much of it is read, and gives up where that is far too much.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	if e.read > 1<<20 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

// Whoever fills a form with something else than a picture is not listened to.
func TestFormUpload_endless(t *testing.T) {
	f := newFixture(t)
	const most = 8 << 10
	begin := "--" + formCut + "\r\n"
	for name, tt := range map[string]struct {
		start  string
		status int
		code   string
	}{
		"a field":            {begin + `Content-Disposition: form-data; name="a"` + "\r\n\r\n", 413, "too_large"},
		"a header":           {begin + "X: ", 413, "too_large"},
		"the name of a file": {begin + `Content-Disposition: form-data; name="a"; filename="`, 413, "too_large"},
		"fields":             {strings.Repeat(begin+`Content-Disposition: form-data; name="a"`+"\r\n\r\n\r\n", 200), 413, "too_large"},
		"lines before it":    {strings.Repeat("\r\n", 5000), 413, "too_large"},
		"a line before it":   {"", 400, "incomplete"}, // no reader of forms has room for such a one
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			var more endless
			rec := f.stream(postForm("k1", ""), io.MultiReader(strings.NewReader(tt.start), &more))
			if rec.Code != tt.status || !strings.Contains(rec.Body.String(), `"`+tt.code+`"`) {
				t.Errorf("status %d, want %d and %s: %s", rec.Code, tt.status, tt.code, rec.Body)
			}
			if more.read > most {
				t.Errorf("%d bytes of it are read, want %d at most", more.read, most)
			}
		})
	}
	// What is announced to be more than there may be is not even begun.
	f.t = t
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, ownOrigin+"/v1/files/k1", &broken{t: t})
	req.ContentLength = f.svc.Limits().UploadBytes + 8<<10 + 1
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Authorization", "Bearer "+token(t, auth.ShopClaims{UID: "U_1"}))
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), `"upload_too_large"`) {
		t.Errorf("announced: status %d: %s", rec.Code, rec.Body)
	}
}

// broken fails at the first read; with t, there must be none.
type broken struct{ t *testing.T }

func (b *broken) Read([]byte) (int, error) {
	if b.t != nil {
		b.t.Error("the body is read")
	}
	return 0, errors.New("the network is gone")
}

// Wherever a connection breaks, before the end of the file, nothing is kept.
func TestFormUpload_broken(t *testing.T) {
	f := newFixture(t)
	form := formOf(formField, formFile)
	file := strings.Index(form, "bytes") + len("bytes")
	for n := range file + 1 {
		rec := f.stream(postForm("k1", ""), io.MultiReader(strings.NewReader(form[:n]), &broken{}))
		if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), `"incomplete"`) {
			t.Errorf("after %q: status %d: %s", form[:n], rec.Code, rec.Body)
		}
		if strings.Contains(rec.Body.String(), "network") {
			t.Errorf("the answer %s tells of the server's insides", rec.Body)
		}
	}
	f.want(putPicture("k1", "some other bytes"), http.StatusOK, nil)
}

// meanwhile does something when it is read first.
type meanwhile struct {
	io.Reader

	do func()
}

func (m *meanwhile) Read(p []byte) (int, error) {
	if m.do != nil {
		m.do()
		m.do = nil
	}
	return m.Reader.Read(p)
}

// Forms and pictures of one person wait in one line.
func TestFormUpload_budget(t *testing.T) {
	f := newFixture(t, func(_ *rest.Deps, _ *auth.Config, l *chat.Limits) { l.Images = 1 })
	for _, tt := range []struct{ first, second request }{
		{postForm("k1", formOf(formFile)), putPicture("k2", "bytes")},
		{putPicture("k1", "bytes"), postForm("k2", formOf(formFile))},
	} {
		rec := f.stream(tt.first, &meanwhile{strings.NewReader(tt.first.body), func() {
			f.fails(tt.second, http.StatusTooManyRequests, "too_many_uploads")
		}})
		if rec.Code != http.StatusOK {
			t.Errorf("status %d: %s", rec.Code, rec.Body)
		}
		f.want(tt.second, http.StatusOK, nil) // the room is free again
	}
}

// Over a real connection, too, a form that ends in the middle gets an answer, and the
// next one is heard.
func TestServer_formBroken(t *testing.T) {
	f := newFixture(t)
	srv := httptest.NewServer(f.handler)
	defer srv.Close()
	form := formOf(formField, formFile)
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /v1/files/k1 HTTP/1.1\r\nHost: chat.example\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		token(t, auth.ShopClaims{UID: "U_1"}), formType, len(form), form[:strings.Index(form, "bytes")+2])
	if err != nil {
		t.Fatal(err)
	}
	if tcp, ok := conn.(*net.TCPConn); !ok || tcp.CloseWrite() != nil {
		t.Fatal("the connection cannot be ended on this side")
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), `"incomplete"`) {
		t.Errorf("status %d, %v: %s", res.StatusCode, err, body)
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/v1/files/k1", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Authorization", "Bearer "+token(t, auth.ShopClaims{UID: "U_1"}))
	if res, err = srv.Client().Do(req); err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("sent again: status %d", res.StatusCode)
	}
}
