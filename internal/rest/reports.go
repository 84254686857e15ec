package rest

import (
	"context"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

type reportsIn struct {
	After int64 `query:"after" minimum:"0" default:"0" doc:"The page after this num: the last one that one has read"`
	Limit int   `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

// ReportPage is a page of reports, in the order in which they came.
type ReportPage struct {
	Reports []Report `json:"reports"`
	More    bool     `json:"more,omitzero" doc:"There may be others: go on after the last num"`
}

// Report is a complaint about a conversation.
type Report struct {
	Num          int64         `json:"num" doc:"Counts reports: a later one has a greater num"`
	Conversation string        `json:"conversation"`
	Buyer        string        `json:"buyer" doc:"Uid"`
	Merchant     string        `json:"merchant" doc:"Uid"`
	By           string        `json:"by" doc:"Uid of the side that complains"`
	Agent        string        `json:"agent,omitzero" doc:"Who of the merchant's staff complains"`
	Seq          int64         `json:"seq,omitzero" doc:"The message it is about; absent: all of the conversation"`
	Message      *wire.Message `json:"message,omitzero" doc:"That message as it is now: without blocks once recalled"`
	Reason       string        `json:"reason" doc:"In the reporter's words"`
	At           int64         `json:"at"`
}

func (a *API) reportRoute() {
	backendIn(a, get("/v1/server/reports", "reports", tagServer, "What people complained about",
		"In the order in which it came. Keep the `num` of the last one that was read and ask for those after it."), a.reports)
}

func (a *API) reports(ctx context.Context, in *reportsIn) (*answer[ReportPage], error) {
	limit := min(in.Limit, a.svc.Limits().PageSize)
	found, err := a.svc.Backend().Reports(ctx, chat.ReportNum(in.After), limit)
	if err != nil {
		return nil, err
	}
	page := ReportPage{Reports: make([]Report, len(found)), More: len(found) == limit}
	for i := range found {
		page.Reports[i] = fromComplaint(&found[i])
	}
	return &answer[ReportPage]{page}, nil
}

func fromComplaint(c *chat.Complaint) Report {
	r := Report{
		Num: int64(c.Num), Conversation: string(c.Conversation),
		Buyer: string(c.UIDs[chat.BuyerSide]), Merchant: string(c.UIDs[chat.MerchantSide]),
		By: string(c.By), Agent: string(c.Agent), Seq: int64(c.Seq), Reason: c.Reason, At: c.At.UnixMilli(),
	}
	if c.Message != nil {
		m := wire.FromMessage(c.Message)
		r.Message = &m
	}
	return r
}
