package compat

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"haggle/internal/chat"
)

// dividerAfter is the pause before which a history shows the time.
const dividerAfter = 180 * time.Second

// chat leads from the old chat's page of a product to the new one, signed in, or
// serves the history as the old page has it in itself (old=1).
func (e *Endpoints) chat(w http.ResponseWriter, r *http.Request, params url.Values) {
	form := r.URL.Query()
	for name, values := range params {
		if !form.Has(name) {
			form[name] = values
		}
	}
	id, err := e.srv.identify(r)
	if err == nil {
		err = e.srv.svc.Allow(chat.ActionRequest, id.Actor)
	}
	q := &request{Request: r, id: id, form: form}
	old := form.Get("old") == "1"
	switch {
	case err != nil && (old || chat.KindOf(err) != chat.Unauthenticated):
	case old:
		err = e.history(r.Context(), w, q)
	default:
		err = e.redirect(r.Context(), w, q)
	}
	outcome := "ok"
	if err != nil {
		c := chat.AsError(err)
		outcome = c.Code
		e.failPage(w, r, c)
	}
	e.srv.stats.posts.WithLabelValues(actionChat, outcome).Inc()
}

// failPage answers a request for a page that there is not.
func (e *Endpoints) failPage(w http.ResponseWriter, r *http.Request, err *chat.Error) {
	status := http.StatusNotFound
	switch err.Kind { //nolint:exhaustive // to a stranger nothing is there
	case chat.Unauthenticated:
		status = http.StatusUnauthorized
	case chat.RateLimited:
		status = http.StatusTooManyRequests
	case chat.Unavailable:
		status = http.StatusServiceUnavailable
	case chat.Internal:
		status = http.StatusInternalServerError
		e.srv.log.ErrorContext(r.Context(), "old page's request", "action", actionChat, "err", err)
	}
	http.Error(w, err.Code, status)
}

// redirect leads to the new page of the product. Somebody who is signed in with the
// shop is signed in there by a one-time code: a token is never in an address.
func (e *Endpoints) redirect(ctx context.Context, w http.ResponseWriter, q *request) error {
	pid := chat.ProductID(q.form.Get("pid"))
	if _, err := e.srv.svc.Product(ctx, pid); err != nil {
		return err
	}
	to := "/chat?product=" + url.QueryEscape(string(pid))
	if q.id.Actor.Side() == chat.BuyerSide {
		code, _, err := e.logins.Create(ctx, q.id.Actor)
		if err != nil {
			return err
		}
		to = "/v1/login?" + url.Values{"code": {code}, "next": {to}}.Encode()
	}
	w.Header().Set("Location", e.srv.opts.BaseURL+to)
	w.WriteHeader(http.StatusFound)
	return nil
}

// historyPage is what the template of a history draws.
type historyPage struct {
	Conversation chat.ConversationID
	Shown        string // by which the page says at its binding that it shows this
	More         bool
	Before       chat.Seq // where an earlier page ends
	Rows         []historyRow
}

type historyRow struct {
	Seq      chat.Seq
	Own      bool
	Avatar   string
	Divider  bool
	Time     string
	Recalled string // words for what was taken back
	Parts    []part
}

// history serves the last messages of a conversation, or those before a seq, oldest
// first: with the merchant of a product, or for a merchant with the buyer of a code.
func (e *Endpoints) history(ctx context.Context, w http.ResponseWriter, q *request) error {
	actor := q.id.Actor
	other, err := e.other(ctx, q)
	if err != nil {
		return err
	}
	page := historyPage{}
	conv, err := e.srv.svc.ConversationWith(ctx, actor, other)
	if err != nil && chat.KindOf(err) != chat.NotFound {
		return err
	}
	if err == nil {
		before, _ := strconv.ParseInt(q.form.Get("before"), 10, 64) // what is no number is none
		ms, err := e.srv.svc.MessagesBefore(ctx, actor, conv.ID, chat.Seq(max(before, 0)), 0)
		if err != nil {
			return err
		}
		if before <= 0 {
			if ms, err = e.undelivered(ctx, &conv, ms, actor); err != nil {
				return err
			}
		}
		page = e.historyOf(&conv, ms, actor)
		if n := len(ms); n > 0 && before <= 0 {
			page.Shown = e.srv.shown.put(shownPage{e.srv.now(), ownerOf(actor), conv.ID, ms[0].Seq, ms[n-1].Seq})
		}
	}
	html, err := e.srv.draw.draw("history", &page)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(html + "\n")) // who asked has gone
	return nil
}

// historyPages is how many pages a history has at the most.
const historyPages = 10

// undelivered puts before the last page those ahead of it that have messages which no
// device of the reader's has had: a page shows all of these, or is pushed them.
func (e *Endpoints) undelivered(ctx context.Context, conv *chat.ConversationView, ms []chat.Message, reader chat.Actor) ([]chat.Message, error) {
	for range historyPages - 1 {
		if len(ms) == 0 || ms[0].Seq <= conv.Sides[reader.Side()].Delivered+1 {
			break
		}
		earlier, err := e.srv.svc.MessagesBefore(ctx, reader, conv.ID, ms[0].Seq, 0)
		if err != nil {
			return nil, err
		}
		if len(earlier) == 0 {
			break
		}
		ms = append(earlier, ms...)
	}
	return ms, nil
}

// other returns whom the history is with.
func (e *Endpoints) other(ctx context.Context, q *request) (chat.UID, error) {
	actor := q.id.Actor
	if actor.Side() == chat.MerchantSide {
		return e.srv.codes.OpenBuyer(actor.UID, q.form.Get("toUserCode"))
	}
	p, err := e.srv.svc.Product(ctx, chat.ProductID(q.form.Get("pid")))
	return p.Merchant, err
}

func (e *Endpoints) historyOf(conv *chat.ConversationView, ms []chat.Message, reader chat.Actor) historyPage {
	page := historyPage{Conversation: conv.ID, Rows: make([]historyRow, len(ms))}
	today := e.srv.wall().In(e.srv.opts.Location).Format(dated[:len("2006/01/02")])
	var before time.Time
	for i := range ms {
		m := &ms[i]
		at := m.SentAt.In(e.srv.opts.Location)
		row := historyRow{
			Seq: m.Seq, Own: m.Sender == reader.UID, Parts: e.srv.draw.parts(m.Blocks),
			Avatar: conv.Participants[m.Sender.Side()].Avatar, Time: at.Format(dated),
			Divider: i == 0 || at.Sub(before) > dividerAfter,
		}
		if at.Format(dated[:len(today)]) == today {
			row.Time = at.Format(clock)
		}
		if m.Recalled() {
			row.Recalled = "[已撤回]"
		}
		page.Rows[i] = row
		before = at
	}
	if len(ms) > 0 && ms[0].Seq > 1 {
		page.More, page.Before = true, ms[0].Seq
	}
	return page
}
