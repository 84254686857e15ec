package plain

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// Path is where the pages are, and StylePath where their stylesheet is.
const (
	Path      = "/chat/plain"
	StylePath = "/assets/chat-plain.css"
)

//go:embed page
var files embed.FS

// Uploader takes pictures in.
type Uploader interface {
	Upload(ctx context.Context, actor chat.Actor, key chat.Nonce, data []byte) (chat.File, error)
}

// SignIn knows who a browser is; *rest.API does.
type SignIn interface {
	// Buyer returns who the buyer's cookie is about; Unauthenticated for nobody.
	Buyer(r *http.Request) (chat.Identity, error)

	// EnterGuest signs the browser in as a guest, unless it is signed in.
	EnterGuest(w http.ResponseWriter, r *http.Request) error
}

// Deps is what the pages are made of.
type Deps struct {
	Service  *chat.Service
	Uploader Uploader

	// UploadRoom waits for room in memory for a picture; free gives it back.
	UploadRoom func(ctx context.Context, actor chat.Actor, bytes int64) (free func(), err error)

	SignIn  SignIn
	FileURL func(file chat.FileID) (image, thumb string, expires time.Time)

	Guests     bool     // one may come in without a sign-in
	OwnOrigins []string // the server's own
	Secret     []byte   // signs forms
	Zone       *time.Location

	Chinese func(r *http.Request) bool
	Header  func(w http.ResponseWriter) // what every page of the server's says, without a script; who may frame it too

	Brand Brand
	Log   *slog.Logger
}

// Brand is how the shop is shown. All of it may be empty.
type Brand struct {
	Name, Logo, Style string // Style is the address of a stylesheet
}

// Pages are the pages.
type Pages struct {
	Deps

	pages *template.Template
	now   func() time.Time
}

// New returns the pages.
func New(d Deps) (*Pages, error) {
	pages, err := template.New("").Funcs(template.FuncMap{
		"clock": func(t time.Time) string { return t.Format("15:04") },
		"iso":   func(t time.Time) string { return t.Format(time.RFC3339) },
	}).ParseFS(files, "page/*.html")
	if err != nil {
		return nil, err
	}
	return &Pages{Deps: d, pages: pages, now: time.Now}, nil
}

// Style returns the stylesheet.
func Style() ([]byte, error) { return files.ReadFile("page/chat.css") }

// Register adds the pages' paths to mux.
func (p *Pages) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET "+Path, p.show)
	mux.HandleFunc("POST "+Path, p.send)
	mux.HandleFunc("POST "+Path+"/guest", p.guest)
}

func (p *Pages) words(r *http.Request) *words {
	if p.Chinese(r) {
		return chinese()
	}
	return english()
}

// targetOf reads what the address asks for.
func targetOf(r *http.Request) target {
	q := r.URL.Query()
	before, err := strconv.ParseInt(q.Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	return target{
		Product: q.Get("product"), Conversation: q.Get("c"), Lang: askedLang(q.Get("lang")), Before: chat.Seq(before), Older: parseOlder(q.Get("older")),
	}
}

// parseOlder reads the place in the list of what link wrote; anything else is its start.
func parseOlder(s string) *chat.ConversationCursor {
	at, id, _ := strings.Cut(s, ".")
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" {
		return nil
	}
	return &chat.ConversationCursor{LastAt: time.UnixMilli(ms), ID: chat.ConversationID(id)}
}

// LinkFrom returns where the page without a script is that goes with the query of
// the one that needs it.
func LinkFrom(q url.Values) string {
	return link(target{Product: q.Get("product"), Conversation: q.Get("c"), Lang: askedLang(q.Get("lang"))})
}

// askedLang keeps of ?lang what goes into links again.
func askedLang(lang string) string {
	switch {
	case lang == "":
		return ""
	case strings.HasPrefix(strings.ToLower(lang), "zh"):
		return "zh-CN"
	}
	return "en"
}

func seqText(s chat.Seq) string { return strconv.FormatInt(int64(s), 10) }

// identify returns who is asking, within their allowance.
func (p *Pages) identify(r *http.Request) (chat.Identity, error) {
	id, err := p.SignIn.Buyer(r)
	if err != nil {
		return id, err
	}
	return id, p.Service.Allow(chat.ActionRequest, id.Actor)
}

// show draws what is there, and notes that it was seen.
func (p *Pages) show(w http.ResponseWriter, r *http.Request) {
	t, say := targetOf(r), p.words(r)
	id, err := p.identify(r)
	if err != nil {
		p.fail(w, r, say, t, err)
		return
	}
	v := &view{words: say, Title: say.Chats}
	if t.Conversation == "" && t.Product == "" {
		if v.List, v.More, err = p.list(r.Context(), say, id.Actor, t); err != nil {
			p.fail(w, r, say, t, err)
			return
		}
		p.draw(w, r, "list.html", http.StatusOK, v)
		return
	}
	f := form{Product: t.Product, Conversation: t.Conversation, Lang: t.Lang}
	if v.Thread, err = p.thread(r, say, &id, t, &f); err != nil {
		p.fail(w, r, say, t, err)
		return
	}
	v.Thread.Sent = r.URL.Query().Get("sent") != ""
	p.drawThread(w, r, http.StatusOK, v, &id)
}

// drawThread completes the form with a nonce and draws.
func (p *Pages) drawThread(w http.ResponseWriter, r *http.Request, status int, v *view, id *chat.Identity) {
	p.fresh(&v.Thread.Form, id)
	v.Title = v.Thread.Seller
	if v.Thread.Error != "" {
		v.Title = v.Error + ": " + v.Title
	}
	p.draw(w, r, "thread.html", status, v)
}

// thread returns what there is of the conversation that f is about.
func (p *Pages) thread(r *http.Request, say *words, id *chat.Identity, t target, f *form) (*thread, error) {
	ctx := r.Context()
	th := &thread{Guest: id.Actor.UID.IsGuest(), PictureHint: say.PictureHint}
	var conv *chat.ConversationView
	var replies time.Duration
	if t.Conversation != "" {
		c, err := p.Service.Conversation(ctx, id.Actor, chat.ConversationID(t.Conversation))
		if err != nil {
			return nil, err
		}
		conv = &c
		closed, err := p.Service.ClosedNow(ctx, c.UIDs[chat.MerchantSide])
		if err != nil {
			return nil, err
		}
		th.Away = p.away(say, closed)
		if closed == nil {
			replies = p.Service.RepliesWithin(ctx, c.UIDs[chat.MerchantSide])
		}
		th.Seller = name(&c.Participants[chat.MerchantSide], say.Seller)
		if c.Product != nil {
			th.Product = say.product(c.Product)
		}
	} else {
		product, err := chat.ParseProductID(t.Product)
		if err != nil {
			return nil, chat.Errorf(chat.NotFound, "no such product")
		}
		b, err := p.Service.Begin(ctx, id.Actor, product)
		if err != nil {
			return nil, err
		}
		conv = b.Conversation
		th.Away = p.away(say, b.Closed)
		replies = b.RepliesWithin
		th.Seller, th.Product = name(&b.Merchant, say.Seller), say.product(&b.Product)
		if b.Product.Deleted {
			f.Product, f.Conversation = "", string(conv.ID) // the talk goes on without it
		}
	}
	th.Named = th.Seller != say.Seller
	if th.Away == "" {
		th.Away = say.replies(replies)
	}
	th.Form = *f
	at := t
	at.Before = 0
	th.Check = linkToEnd(at)
	th.Full = strings.Replace(link(target{Product: t.Product, Conversation: t.Conversation, Lang: t.Lang}), Path, "/chat", 1)
	if conv == nil {
		return th, nil
	}
	return th, p.fill(r, say, id, t, th, conv)
}

// fill puts a page of messages in, and notes that they were read: those on the newest
// page, if somebody looks and not only a browser that guesses where they will go.
func (p *Pages) fill(r *http.Request, say *words, id *chat.Identity, t target, th *thread, conv *chat.ConversationView) error {
	ctx := r.Context()
	messages, err := p.Service.MessagesBefore(ctx, id.Actor, conv.ID, t.Before, pageSize)
	if err != nil {
		return err
	}
	mine := &conv.Sides[chat.BuyerSide]
	readBefore := chat.Seq(0)
	if mine.Unread > 0 && t.Before == 0 {
		readBefore = max(mine.Read, 1)
	}
	th.Days = p.days(say, conv, messages, readBefore)
	switch {
	case mine.Blocked:
		th.Closed = say.BlockedByYou
	case conv.Sides[chat.MerchantSide].Blocked:
		th.Closed = say.Blocked
	}
	if len(messages) > 0 && messages[0].Seq > 1 {
		older := t
		older.Before = messages[0].Seq
		th.Older = link(older)
	}
	if t.Before > 0 {
		th.Newest = th.Check
		return nil
	}
	guess := r.Header.Get("Sec-Purpose") != "" || r.Header.Get("Purpose") == "prefetch" || r.Method == http.MethodHead
	if n := len(messages); n > 0 && messages[n-1].Seq > mine.Read && !guess {
		if err := p.Service.Read(ctx, id.Actor, conv.ID, messages[n-1].Seq); err != nil {
			p.Log.WarnContext(ctx, "plain page: note what was read", "conversation", conv.ID, "err", err)
		}
	}
	return nil
}

// send takes a form. What cannot be sent comes back with its text, and why.
func (p *Pages) send(w http.ResponseWriter, r *http.Request) {
	say := p.words(r)
	if !p.ownPage(r) {
		p.only(w, r, say, http.StatusForbidden, say.Foreign, &only{Text: say.ForeignText, Back: true})
		return
	}
	id, refusal := p.identify(r)
	if refusal != nil {
		r.Body = http.MaxBytesReader(w, r.Body, fieldBytes) // enough to give a text back
	}
	f, err := p.readForm(w, r, id.Actor, func(f *form) error {
		if refusal != nil {
			return refusal
		}
		return p.checkToken(f, &id)
	})
	defer f.free()
	f.Lang = askedLang(f.Lang)
	if f.Lang != "" {
		say = english()
		if f.Lang != "en" {
			say = chinese()
		}
	}
	if refusal != nil {
		p.refuse(w, r, say, f, refusal)
		return
	}
	if err != nil {
		p.again(w, r, say, &id, f, err)
		return
	}
	done, err := p.deliver(r.Context(), id.Actor, f)
	if err != nil {
		p.again(w, r, say, &id, f, err)
		return
	}
	next := link(target{Conversation: string(done.Conversation.ID), Lang: f.Lang})
	http.Redirect(w, r, next+"&sent="+seqText(done.Message.Seq)+"#end", http.StatusSeeOther)
}

// deliver uploads the picture and sends.
func (p *Pages) deliver(ctx context.Context, actor chat.Actor, f *form) (chat.Appended, error) {
	d := chat.Draft{Conversation: chat.ConversationID(f.Conversation), Product: chat.ProductID(f.Product), Nonce: chat.Nonce(f.Nonce)}
	if strings.TrimSpace(f.Text) != "" {
		d.Blocks = append(d.Blocks, chat.DraftBlock{Type: chat.TextBlock, Text: f.Text})
	}
	if f.hasPicture {
		// What is wrong with the rest is said before anything is kept of the picture.
		rest := d
		rest.Blocks = append(slices.Clip(rest.Blocks), chat.DraftBlock{Type: chat.ImageBlock, File: "x"})
		if err := rest.Validate(p.Service.Limits()); err != nil {
			return chat.Appended{}, err
		}
		file, err := p.Uploader.Upload(ctx, actor, d.Nonce, f.picture)
		if err != nil {
			return chat.Appended{}, err
		}
		d.Blocks = append(d.Blocks, chat.DraftBlock{Type: chat.ImageBlock, File: file.ID})
	}
	return p.Service.Send(ctx, actor, d, "")
}

// again draws the form that was refused, with what was written in it. While the
// outcome is unknown it keeps its nonce: sent again, the message is there once.
func (p *Pages) again(w http.ResponseWriter, r *http.Request, say *words, id *chat.Identity, f *form, cause error) {
	e := chat.AsError(cause)
	if e.Kind == chat.Internal {
		p.Log.ErrorContext(r.Context(), "plain page: send", "err", cause)
	}
	if f.Conversation == "" && f.Product == "" {
		p.refuse(w, r, say, f, cause)
		return
	}
	v := &view{words: say}
	th, err := p.thread(r, say, id, target{Product: f.Product, Conversation: f.Conversation, Lang: f.Lang}, f)
	if err != nil {
		p.refuse(w, r, say, f, err)
		return
	}
	th.Error = say.About(e, p.Service.Limits())
	switch e.Code {
	case "unsupported_image", "image_too_large", "upload_too_large", "broken_image", "incomplete":
		th.PictureError = true
	}
	v.Thread = th
	nonce, token := f.Nonce, f.Token
	status := wire.StatusOf(e.Kind)
	if e.Kind == chat.Unavailable || e.Kind == chat.Internal {
		v.Title = say.Error + ": " + th.Seller
		v.Thread.Form.Nonce, v.Thread.Form.Token = nonce, token
		p.draw(w, r, "thread.html", status, v)
		return
	}
	p.drawThread(w, r, status, v, id)
}

// guest lets somebody in who is not signed in.
func (p *Pages) guest(w http.ResponseWriter, r *http.Request) {
	say := p.words(r)
	if !p.ownPage(r) || !p.Guests {
		p.only(w, r, say, http.StatusForbidden, say.Foreign, &only{Text: say.ForeignText, Back: true})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	t := target{Product: r.PostFormValue("product"), Conversation: r.PostFormValue("c"), Lang: askedLang(r.PostFormValue("lang"))}
	if err := p.SignIn.EnterGuest(w, r); err != nil {
		p.fail(w, r, say, t, err)
		return
	}
	http.Redirect(w, r, linkToEnd(t), http.StatusSeeOther)
}

// refuse is fail for a form that has no page to go back to. What was written in it is
// shown, to be kept.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, say *words, f *form, cause error) {
	t := target{Product: f.Product, Conversation: f.Conversation, Lang: f.Lang}
	p.failWith(w, r, say, &only{Next: t, Kept: f.Text}, cause)
}

// fail draws the page that says why there is nothing.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, say *words, t target, cause error) {
	p.failWith(w, r, say, &only{Next: t}, cause)
}

func (p *Pages) failWith(w http.ResponseWriter, r *http.Request, say *words, o *only, cause error) {
	e := chat.AsError(cause)
	o.Back = true
	switch e.Kind { //nolint:exhaustive // the others are one
	case chat.Unauthenticated:
		o.Text, o.Guest, o.Back = say.SignIn, p.Guests, false
		p.only(w, r, say, http.StatusUnauthorized, say.SignedOut, o)
	case chat.NotFound, chat.Denied, chat.Invalid:
		o.Text = say.MissingText
		p.only(w, r, say, http.StatusNotFound, say.Missing, o)
	case chat.RateLimited:
		o.Text = say.About(e, p.Service.Limits())
		p.only(w, r, say, http.StatusTooManyRequests, say.Error, o)
	default:
		if e.Kind == chat.Internal {
			p.Log.ErrorContext(r.Context(), "plain page", "err", cause)
		}
		o.Text = say.Later
		p.only(w, r, say, http.StatusServiceUnavailable, say.Error, o)
	}
}

func (p *Pages) only(w http.ResponseWriter, r *http.Request, say *words, status int, title string, o *only) {
	p.draw(w, r, "only.html", status, &view{words: say, Title: title, Only: o, Asked: askedLang(r.URL.Query().Get("lang"))})
}

func (p *Pages) draw(w http.ResponseWriter, r *http.Request, page string, status int, v *view) {
	v.Brand, v.Logo = p.Brand.Name, p.Brand.Logo
	v.Style = []string{StylePath}
	if p.Brand.Style != "" {
		v.Style = append(v.Style, p.Brand.Style)
	}
	var b bytes.Buffer
	if err := p.pages.ExecuteTemplate(&b, page, v); err != nil {
		p.Log.ErrorContext(r.Context(), "plain page: draw", "page", page, "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	p.Header(w)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Lang)
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language, Cookie")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // who asked has gone
}
