package compat

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"haggle/internal/chat"
)

const (
	// fetching is how many media of one post are fetched side by side.
	fetching = 3

	// fetchesAtOnce bounds the posts whose media are being fetched, in the whole
	// process: each medium is in memory until it is stored. Others wait for bodyWait.
	fetchesAtOnce = 4
)

// failedMedia names a picture that could not be had.
type failedMedia struct {
	ID   string `json:"media_id"`
	Code string `json:"code"`
}

// upload fetches the pictures that a buyer's page has uploaded to WeChat and sends
// them as one message: all of them, or none.
func (e *Endpoints) upload(ctx context.Context, q *request) (any, error) {
	ids := mediaIDs(q)
	to, err := chat.ParseUID(q.form.Get("toMid"))
	switch limit := e.srv.svc.Limits().Images; {
	case len(ids) == 0:
		return nil, nil // as it always was: an empty answer
	case !isClientID(q.client) || e.srv.foreign(q.id.Actor, q.client):
		return nil, refuse(statusClient, errClientID())
	case q.id.Actor.Side() != chat.BuyerSide:
		return nil, refuse(statusClient, chat.Codef(chat.Denied, "not_a_buyer", "only a buyer's page uploads like this"))
	case err != nil:
		return nil, refuse(statusWrong, err)
	case to.Side() != chat.MerchantSide:
		return nil, refuse(statusWrong, chat.Codef(chat.Invalid, "invalid_merchant", "toMid is the merchant's uid"))
	case len(ids) > limit:
		return nil, refuse(statusWrong, chat.Codef(chat.TooLarge, "too_many_images", "a message has at most %d images", limit))
	case e.media == nil:
		return nil, refuse(statusWrong, chat.Codef(chat.Denied, "wechat_off", "this server is not connected to WeChat"))
	}
	d, err := e.talkWith(ctx, q, to)
	if err != nil {
		return nil, refuse(statusFailed, err)
	}
	if d.Nonce, err = nonceOf(q); err != nil {
		return nil, err
	}
	free, err := e.takeFetch(ctx, ownerOf(q.id.Actor))
	if err != nil {
		return nil, refuse(statusFailed, err)
	}
	defer free()
	if d.Blocks, err = e.fetchAll(ctx, q.id.Actor, d.Nonce, ids); err != nil {
		return nil, err
	}
	sent, err := e.srv.svc.Send(ctx, q.id.Actor, d, q.client)
	if err != nil {
		return nil, refuse(statusFailed, err)
	}
	return e.sent(&sent), nil
}

// takeFetch waits for its turn to fetch. Nobody has two posts of pictures under way.
func (e *Endpoints) takeFetch(ctx context.Context, who owner) (free func(), err error) {
	e.mu.Lock()
	_, under := e.fetcher[who]
	e.fetcher[who] = struct{}{}
	e.mu.Unlock()
	if under {
		return nil, chat.Codef(chat.RateLimited, "upload_under_way", "earlier pictures are still being fetched, try again in a moment")
	}
	done := func() {
		e.mu.Lock()
		delete(e.fetcher, who)
		e.mu.Unlock()
	}
	wait, cancel := context.WithTimeout(ctx, bodyWait)
	defer cancel()
	if err := e.fetches.Acquire(wait, 1); err != nil {
		done()
		return nil, chat.Codef(chat.Unavailable, "busy", "too much to do, try again in a moment")
	}
	return func() { e.fetches.Release(1); done() }, nil
}

// mediaIDs returns the post's images, an array in PHP's way: images[]=a&images[]=b,
// or images[0]=a&images[1]=b.
func mediaIDs(q *request) []string {
	var ids []string
	for _, name := range []string{"images[]", "images"} {
		ids = append(ids, q.form[name]...)
	}
	type numbered struct {
		n  int
		id string
	}
	var list []numbered
	for name, values := range q.form {
		index, ok := strings.CutPrefix(name, "images[")
		if n, err := strconv.Atoi(strings.TrimSuffix(index, "]")); ok && err == nil {
			list = append(list, numbered{n, values[0]})
		}
	}
	slices.SortFunc(list, func(a, b numbered) int { return a.n - b.n })
	for _, item := range list {
		ids = append(ids, item.id)
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == "" })
}

// fetchAll fetches and keeps every picture. Of those that cannot be had all are
// named; what was kept by then is swept away like any upload without a message.
func (e *Endpoints) fetchAll(ctx context.Context, actor chat.Actor, nonce chat.Nonce, ids []string) ([]chat.DraftBlock, error) {
	blocks := make([]chat.DraftBlock, len(ids))
	errs := make([]error, len(ids))
	var g errgroup.Group
	g.SetLimit(fetching)
	for i, id := range ids {
		g.Go(func() error {
			f, err := e.fetch(ctx, actor, mediaKey(nonce, i, id), id)
			blocks[i], errs[i] = chat.DraftBlock{Type: chat.ImageBlock, File: f.ID}, err
			return nil
		})
	}
	_ = g.Wait() // what failed is in errs: all of it is to be named
	no := &refusal{status: statusWrong}
	for i, err := range errs {
		if err != nil {
			no.err = err
			if chat.KindOf(err) == chat.Internal {
				e.srv.log.ErrorContext(ctx, "keep a picture from WeChat", "uid", actor.UID, "err", err)
			}
			no.failed = append(no.failed, failedMedia{ids[i], chat.AsError(err).Code})
		}
	}
	if no.err == nil {
		return blocks, nil
	}
	no.err = &chat.Error{
		Kind: chat.Invalid, Code: "media_failed", Msg: "some pictures could not be fetched, nothing was sent",
		Err: errors.Join(errs...),
	}
	return nil, no
}

// mediaKey is uploadKey for a picture that WeChat has: with other pictures it is
// another upload, so that the message, too, is found to be another one.
func mediaKey(nonce chat.Nonce, i int, id string) chat.Nonce {
	return uploadKey(chat.Nonce(string(nonce)+"\n"+id), i)
}

// fetch fetches and keeps one picture, or finds that an earlier post did: WeChat
// keeps its media for three days, and we the message for ever.
func (e *Endpoints) fetch(ctx context.Context, actor chat.Actor, key chat.Nonce, id string) (chat.File, error) {
	if f, err := e.uploader.Uploaded(ctx, actor, key); chat.KindOf(err) != chat.NotFound {
		return f, err
	}
	data, err := e.media.Media(ctx, id)
	if err != nil {
		return chat.File{}, err
	}
	return e.uploader.Upload(ctx, actor, key, data)
}
