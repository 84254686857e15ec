package rest

import (
	"context"
	"strconv"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

type searchIn struct {
	Text         string `query:"text" required:"true" minLength:"1" maxLength:"64" doc:"Words, all of which the message holds, letter case aside; of Chinese any run of characters"`
	Conversation string `query:"conversation" maxLength:"64" doc:"Only in this one"`
	Cursor       string `query:"cursor" maxLength:"32" doc:"From the page before; all else stays the same"`
	Limit        int    `query:"limit" minimum:"1" maximum:"100" default:"30"`
}

func (a *API) searchRoute() {
	actorIn(a, get("/v1/messages/search", "search-messages", tagMessages, "Find messages by what they say",
		"The latest first. A message can be found a moment after it was sent, and not once it is recalled. "+
			"Pages end when `cursor` is absent; the last may be empty."), a.searchMessages)
}

func (a *API) searchMessages(ctx context.Context, actor chat.Actor, in *searchIn) (*answer[wire.FoundMessages], error) {
	q := chat.MessageQuery{
		Conversation: chat.ConversationID(in.Conversation), Text: in.Text, Limit: min(in.Limit, a.svc.Limits().PageSize),
	}
	if in.Cursor != "" {
		before, err := strconv.ParseInt(in.Cursor, 10, 64)
		if err != nil || before <= 0 {
			return nil, chat.Codef(chat.Invalid, "invalid_cursor", "this cursor is not one of this list's")
		}
		q.Before = chat.SearchPlace(before)
	}
	found, err := a.svc.SearchMessages(ctx, actor, q)
	if err != nil {
		return nil, err
	}
	page := wire.FoundMessages{Found: wire.FromFound(found, actor.Side())}
	if n := len(found); n > 0 && n == q.Limit {
		page.Cursor = strconv.FormatInt(int64(found[n-1].Place), 10)
	}
	return &answer[wire.FoundMessages]{page}, nil
}
