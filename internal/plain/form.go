package plain

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"haggle/internal/chat"
)

const (
	formFor     = 24 * time.Hour  // how long a form can be sent
	fieldBytes  = 256 << 10       // of a field; more than any text may have, so that it can be said how much is allowed
	uploadFor   = 3 * time.Minute // how long a picture may take to arrive
	maxFields   = 16
	pictureName = "picture"
)

// form is what was sent, or is to be.
type form struct {
	Nonce, Token, Text string

	Product, Conversation string
	Lang                  string // as the address asked for; "" for the browser's

	picture    []byte
	hasPicture bool
	room       func() // gives the picture's memory back
}

// free is called when nothing more is done with the form.
func (f *form) free() {
	if f.room != nil {
		f.room()
	}
}

// target is what a form is about.
func (f *form) target() string {
	if f.Conversation != "" {
		return "c:" + f.Conversation
	}
	return "p:" + f.Product
}

// fresh gives the form a nonce of its own, and the token that goes with it.
func (p *Pages) fresh(f *form, id *chat.Identity) {
	// One that begins with the time is what the store likes.
	f.Nonce = strconv.FormatInt(p.now().UnixMilli(), 36) + "-" + strings.ToLower(rand.Text())
	f.Token = p.token(f, id, p.now().Add(formFor))
}

// token signs that this server made the form, for this sign-in, this conversation
// and this message, until then.
func (p *Pages) token(f *form, id *chat.Identity, until time.Time) string {
	end := strconv.FormatInt(until.Unix(), 36)
	mac := hmac.New(sha256.New, p.Secret)
	mac.Write([]byte(strings.Join([]string{
		string(id.Actor.UID), string(id.Login), strconv.FormatInt(id.IssuedAt.UnixMilli(), 10), f.Nonce, f.target(), end,
	}, "\n")))
	return end + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// checkToken refuses a form that was made for somebody or something else.
func (p *Pages) checkToken(f *form, id *chat.Identity) error {
	end, _, _ := strings.Cut(f.Token, ".")
	until, err := strconv.ParseInt(end, 36, 64)
	if err != nil || !hmac.Equal([]byte(f.Token), []byte(p.token(f, id, time.Unix(until, 0)))) || p.now().Unix() >= until {
		return chat.Codef(chat.Invalid, "form_expired", "this form is too old, or was made for somebody else")
	}
	return nil
}

// ownPage reports whether a browser says that the request comes from a page of this
// server. An old one says nothing; then the token has to do.
func (p *Pages) ownPage(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		return slices.Contains(p.OwnOrigins, origin)
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "" || site == "same-origin"
}

// readForm reads what was sent, up to the picture, for which accept is asked first, and
// then for room in memory. The caller frees the form, which has what was read also
// beside an error.
func (p *Pages) readForm(w http.ResponseWriter, r *http.Request, actor chat.Actor, accept func(f *form) error) (*form, error) {
	limit := p.Service.Limits().UploadBytes
	r.Body = http.MaxBytesReader(w, r.Body, limit+maxFields*fieldBytes)
	f := &form{}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && media == "application/x-www-form-urlencoded" {
		r.Body = http.MaxBytesReader(w, r.Body, maxFields*fieldBytes)
		if err := r.ParseForm(); err != nil {
			return f, incomplete(err)
		}
		for name, values := range r.PostForm {
			f.set(name, values[0])
		}
		return f, accept(f)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return f, incomplete(err)
	}
	picture, err := f.takeFields(parts)
	if err != nil {
		return f, err
	}
	// It comes last, so that nothing of it is read for who may not send.
	if err := accept(f); err != nil {
		return f, err
	}
	if picture != nil {
		// A writer that has no deadline keeps the server's own.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadFor))
		return f, p.takePicture(r, f, picture, actor)
	}
	return f, nil
}

// takeFields reads what comes before the picture, and returns that if one was chosen.
func (f *form) takeFields(parts *multipart.Reader) (picture *multipart.Part, err error) {
	for range maxFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, incomplete(err)
		}
		if part.FormName() != pictureName {
			if err := f.take(part); err != nil {
				return nil, err
			}
		} else if part.FileName() != "" { // where none is chosen, browsers send one without a name
			return part, nil
		}
	}
	return nil, nil
}

func (p *Pages) takePicture(r *http.Request, f *form, part *multipart.Part, actor chat.Actor) (err error) {
	limit := p.Service.Limits().UploadBytes
	room := limit
	if r.ContentLength >= 0 {
		room = min(room, r.ContentLength)
	}
	if f.room, err = p.UploadRoom(r.Context(), actor, room); err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return incomplete(err)
	}
	if int64(len(data)) > limit {
		return chat.Codef(chat.TooLarge, "upload_too_large", "a picture has at most %d bytes", limit)
	}
	f.picture, f.hasPicture = data, len(data) > 0
	return nil
}

func (f *form) take(part *multipart.Part) error {
	data, err := io.ReadAll(io.LimitReader(part, fieldBytes+1))
	if err != nil {
		return incomplete(err)
	}
	f.set(part.FormName(), string(data))
	return nil
}

func (f *form) set(name, value string) {
	switch name {
	case "nonce":
		f.Nonce = value
	case "token":
		f.Token = value
	case "product":
		f.Product = value
	case "c":
		f.Conversation = value
	case "lang":
		f.Lang = value
	case "text":
		f.Text = strings.ReplaceAll(value, "\r\n", "\n") // the line breaks of forms
	}
}

func incomplete(err error) error {
	e := chat.Codef(chat.Invalid, "incomplete", "the form did not arrive whole, try again")
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		e = chat.Codef(chat.TooLarge, "upload_too_large", "a picture is too large")
	}
	e.Err = err
	return e
}
