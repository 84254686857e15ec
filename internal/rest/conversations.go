package rest

import (
	"context"

	"golang.org/x/text/unicode/norm"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

type listIn struct {
	Order   string `query:"order" enum:"newest,unread" default:"newest" doc:"Newest message first, or the unread ones before the others"`
	Filter  string `query:"filter" enum:"all,unread,waiting,pinned" default:"all" doc:"Only those that count as unread, that one has pinned, or in which the other side has the last word (automatic messages aside); all of these newest first, whatever the order"`
	Product string `query:"product" maxLength:"64" doc:"Only conversations that were ever about this product"`
	Search  string `query:"search" maxLength:"64" doc:"Part of the other side's name, letter case aside"`
	Cursor  string `query:"cursor" maxLength:"256" doc:"From the page before; all else stays the same"`
	Limit   int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type changesIn struct {
	Epoch string `query:"epoch" required:"true" maxLength:"64" doc:"From the position that one knows"`
	Pos   int64  `query:"pos" required:"true" minimum:"0" doc:"From the position that one knows"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

// ConversationPath names the conversation a route is about.
type ConversationPath struct {
	ID string `path:"id" maxLength:"64" doc:"The conversation's id"`
}

type messagesIn struct {
	ConversationPath

	After  optional[int64] `query:"after" doc:"The page after this seq; 0: from the first message on"`
	Before optional[int64] `query:"before" doc:"The page before this seq"`
	Limit  int             `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type imagesIn struct {
	ConversationPath

	Before int64 `query:"before" minimum:"1" default:"9007199254740991" doc:"The page before this seq"`
	Limit  int   `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type recallsIn struct {
	ConversationPath

	After int64 `query:"after" minimum:"0" default:"0" doc:"The page after this rev"`
	Limit int   `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type sendIn struct {
	Body wire.Send
}

type seqIn struct {
	ConversationPath

	Body SeqRequest
}

// SeqRequest names a message of the conversation in the path.
type SeqRequest struct {
	Seq int64 `json:"seq" minimum:"1"`
}

type reportIn struct {
	ConversationPath

	Body ReportRequest
}

// ReportRequest is a complaint about a conversation.
type ReportRequest struct {
	Seq    int64  `json:"seq,omitzero" minimum:"0" doc:"The message it is about; absent: all of the conversation"`
	Reason string `json:"reason" doc:"What is wrong, in the reporter's words"`
}

func (a *API) conversationRoutes() {
	actorIn(a, get("/v1/conversations", "list-conversations", tagConversations, "One's conversations",
		"Pages end when `cursor` is absent; the last may be empty."), a.listConversations)
	actorIn(a, get("/v1/conversations/{id}", "conversation", tagConversations, "A conversation", ""), a.conversation)
	actorIn(a, get("/v1/conversations/{id}/products", "conversation-products", tagConversations, "What a conversation was about",
		"The products that it was ever about, latest first."), a.productsAsked)
	actorIn(a, get("/v1/changes", "changes", tagConversations, "What changed since a position",
		"The conversations that changed since then, complete, in pages: go on from `position` while `more` is set. "+
			"409 with code `reset` means that the position means nothing any more: drop what is cached and reload."), a.changes)
	actorIn(a, get("/v1/conversations/{id}/messages", "messages", tagMessages, "Messages",
		"In order of seq. With neither `after` nor `before` the newest page."), a.messages)
	actorIn(a, get("/v1/conversations/{id}/images", "images", tagMessages, "Messages with pictures",
		"In order of seq, the newest page first: go on with `before` while `more` is set."), a.images)
	actorIn(a, get("/v1/conversations/{id}/recalls", "recalls", tagMessages, "Messages taken back",
		"In order of rev: what happened to messages that one has already."), a.recalls)
	actorIn(a, post("/v1/messages", "send", tagMessages, "Send a message",
		"Answered when the message is synced to disk. The same nonce and request again, at any time, returns the first "+
			"result and sends nothing; with another request it is a conflict (`nonce_reused`)."), a.send)
	actorIn(a, post("/v1/conversations/{id}/delivered", "delivered", tagMessages, "A device has everything up to a seq", ""), a.delivered)
	actorIn(a, post("/v1/conversations/{id}/read", "read", tagMessages, "Everything up to a seq was read", ""), a.read)
	actorIn(a, post("/v1/conversations/{id}/recall", "recall", tagMessages, "Take a message back",
		"One's own side's, within the time that `/v1/me` gives. A tombstone stays."), a.recall)
	actorIn(a, put("/v1/conversations/{id}/block", "block", tagSafety, "Do not hear from the other side", ""), a.block(true))
	actorIn(a, del("/v1/conversations/{id}/block", "unblock", tagSafety, "Hear from the other side again", ""), a.block(false))
	actorIn(a, put("/v1/conversations/{id}/pin", "pin", tagConversations, "Keep a conversation at hand",
		"It comes with the filter `pinned`. One's own, as all three flags are: the other side is not told."), a.flag(chat.PinnedFlag, true))
	actorIn(a, del("/v1/conversations/{id}/pin", "unpin", tagConversations, "Keep it at hand no more", ""), a.flag(chat.PinnedFlag, false))
	actorIn(a, put("/v1/conversations/{id}/mute", "mute", tagConversations, "Do not be called for a conversation",
		"It is left out of the totals of `/v1/me`, and the shop gets no `message.unread` for it."), a.flag(chat.MutedFlag, true))
	actorIn(a, del("/v1/conversations/{id}/mute", "unmute", tagConversations, "Be called for it again", ""), a.flag(chat.MutedFlag, false))
	actorIn(a, put("/v1/conversations/{id}/mark", "mark", tagConversations, "Mark a conversation as unread",
		"To come back to it: it counts as unread until one's side reads or writes on. What the other side sees as read stays so."), a.flag(chat.MarkedFlag, true))
	actorIn(a, del("/v1/conversations/{id}/mark", "unmark", tagConversations, "Take the mark away", ""), a.flag(chat.MarkedFlag, false))
	actorIn(a, post("/v1/conversations/{id}/report", "report", tagSafety, "Complain to the shop", ""), a.report)
}

func (a *API) listConversations(ctx context.Context, actor chat.Actor, in *listIn) (*answer[wire.ConversationPage], error) {
	order := chat.Order(in.Order)
	after, err := decodeCursor(in.Cursor, order)
	if err != nil {
		return nil, err
	}
	limit := min(in.Limit, a.svc.Limits().PageSize)
	views, err := a.svc.Conversations(ctx, actor, chat.ConversationQuery{
		Order: order, Filter: chat.Filter(in.Filter), Product: chat.ProductID(in.Product),
		Search: norm.NFC.String(in.Search), After: after, Limit: limit,
	})
	if err != nil {
		return nil, err
	}
	page := wire.ConversationPage{Conversations: wire.FromConversations(views, actor.Side())}
	if n := len(views); n > 0 && n == limit {
		if page.Cursor, err = encodeCursor(order, &views[n-1], actor.Side()); err != nil {
			return nil, err
		}
	}
	return &answer[wire.ConversationPage]{page}, nil
}

func (a *API) conversation(ctx context.Context, actor chat.Actor, in *ConversationPath) (*answer[wire.Conversation], error) {
	v, err := a.svc.Conversation(ctx, actor, chat.ConversationID(in.ID))
	if err != nil {
		return nil, err
	}
	return &answer[wire.Conversation]{wire.FromConversation(&v, actor.Side())}, nil
}

func (a *API) productsAsked(ctx context.Context, actor chat.Actor, in *ConversationPath) (*answer[wire.AskedPage], error) {
	views, err := a.svc.ProductsAsked(ctx, actor, chat.ConversationID(in.ID), 0)
	if err != nil {
		return nil, err
	}
	return &answer[wire.AskedPage]{wire.FromAsked(views)}, nil
}

func (a *API) changes(ctx context.Context, actor chat.Actor, in *changesIn) (*answer[wire.Changes], error) {
	since := chat.Position{Epoch: chat.Epoch(in.Epoch), Pos: chat.Pos(in.Pos)}
	changes, err := a.svc.ChangedSince(ctx, actor, since, in.Limit)
	if err != nil {
		return nil, err
	}
	if changes.Reset {
		return nil, chat.Codef(chat.Conflict, "reset", "this position means nothing any more, reload")
	}
	return &answer[wire.Changes]{*wire.FromChanges(&changes, actor.Side())}, nil
}

func (a *API) images(ctx context.Context, actor chat.Actor, in *imagesIn) (*answer[wire.MessagePage], error) {
	limit := min(in.Limit, a.svc.Limits().PageSize)
	ms, err := a.svc.MessagesWithImages(ctx, actor, chat.ConversationID(in.ID), chat.Seq(in.Before), limit)
	if err != nil {
		return nil, err
	}
	return &answer[wire.MessagePage]{wire.MessagePage{Messages: wire.FromMessages(ms), More: len(ms) == limit}}, nil
}

func (a *API) messages(ctx context.Context, actor chat.Actor, in *messagesIn) (*answer[wire.MessagePage], error) {
	id := chat.ConversationID(in.ID)
	limit := min(in.Limit, a.svc.Limits().PageSize)
	switch {
	case in.After.Set && in.Before.Set:
		return nil, chat.Codef(chat.Invalid, "invalid_request", "give after or before, not both")
	case in.After.Value < 0, in.Before.Set && in.Before.Value < 1:
		return nil, chat.Codef(chat.Invalid, "invalid_request", "after is a seq or 0, before is a seq")
	case in.After.Set:
		ms, err := a.svc.MessagesAfter(ctx, actor, id, chat.Seq(in.After.Value), limit)
		if err != nil {
			return nil, err
		}
		return &answer[wire.MessagePage]{wire.MessagePage{Messages: wire.FromMessages(ms), More: len(ms) == limit}}, nil
	}
	ms, err := a.svc.MessagesBefore(ctx, actor, id, chat.Seq(in.Before.Value), limit)
	if err != nil {
		return nil, err
	}
	// Seqs have no gaps and begin at 1.
	more := len(ms) > 0 && ms[0].Seq > 1
	return &answer[wire.MessagePage]{wire.MessagePage{Messages: wire.FromMessages(ms), More: more}}, nil
}

func (a *API) recalls(ctx context.Context, actor chat.Actor, in *recallsIn) (*answer[wire.RecallPage], error) {
	limit := min(in.Limit, a.svc.Limits().PageSize)
	rs, err := a.svc.RecallsAfter(ctx, actor, chat.ConversationID(in.ID), chat.Rev(in.After), limit)
	if err != nil {
		return nil, err
	}
	page := wire.RecallPage{Recalls: make([]wire.Recall, len(rs)), More: len(rs) == limit}
	for i := range rs {
		page.Recalls[i] = wire.FromRecall(&rs[i])
	}
	return &answer[wire.RecallPage]{page}, nil
}

func (a *API) send(ctx context.Context, actor chat.Actor, in *sendIn) (*answer[wire.Ack], error) {
	done, err := a.svc.Send(ctx, actor, wire.ToDraft(&in.Body), "")
	if err != nil {
		return nil, err
	}
	return &answer[wire.Ack]{wire.FromAppended(&done, actor.Side())}, nil
}

func (a *API) delivered(ctx context.Context, actor chat.Actor, in *seqIn) (*struct{}, error) {
	return nil, a.svc.Delivered(ctx, actor, chat.ConversationID(in.ID), chat.Seq(in.Body.Seq))
}

func (a *API) read(ctx context.Context, actor chat.Actor, in *seqIn) (*struct{}, error) {
	return nil, a.svc.Read(ctx, actor, chat.ConversationID(in.ID), chat.Seq(in.Body.Seq))
}

func (a *API) recall(ctx context.Context, actor chat.Actor, in *seqIn) (*answer[wire.Ack], error) {
	done, err := a.svc.Recall(ctx, actor, chat.ConversationID(in.ID), chat.Seq(in.Body.Seq), "")
	if err != nil {
		return nil, err
	}
	return &answer[wire.Ack]{wire.Ack{
		Conversation: in.ID, Seq: int64(done.Recall.Seq), Rev: int64(done.Recall.Rev),
		Pos: int64(done.Conversation.Sides[actor.Side()].Pos),
	}}, nil
}

func (a *API) block(blocked bool) func(context.Context, chat.Actor, *ConversationPath) (*answer[wire.Conversation], error) {
	return func(ctx context.Context, actor chat.Actor, in *ConversationPath) (*answer[wire.Conversation], error) {
		v, err := a.svc.SetBlocked(ctx, actor, chat.ConversationID(in.ID), blocked)
		if err != nil {
			return nil, err
		}
		return &answer[wire.Conversation]{wire.FromConversation(&v, actor.Side())}, nil
	}
}

func (a *API) flag(flag chat.Flag, on bool) func(context.Context, chat.Actor, *ConversationPath) (*answer[wire.Conversation], error) {
	return func(ctx context.Context, actor chat.Actor, in *ConversationPath) (*answer[wire.Conversation], error) {
		v, err := a.svc.SetFlag(ctx, actor, chat.ConversationID(in.ID), flag, on)
		if err != nil {
			return nil, err
		}
		return &answer[wire.Conversation]{wire.FromConversation(&v, actor.Side())}, nil
	}
}

func (a *API) report(ctx context.Context, actor chat.Actor, in *reportIn) (*struct{}, error) {
	return nil, a.svc.Report(ctx, actor, chat.ConversationID(in.ID), chat.Seq(in.Body.Seq), in.Body.Reason)
}
