package wire_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	conversationID = "5q3vhd2xw7n4c6tzk1m8r9yjpe"
	fileID         = "9f0kzv3mh6w2x8q4n7c5t1rjdp"
	epoch          = "e7k2m9x4w1"
	sentAt         = 1763935200123 // 2025-11-23 22:00:00.123 UTC
)

// clientFrames is one frame of every kind that a client sends.
func clientFrames() map[string]wire.ClientFrame {
	position := &wire.Position{Epoch: epoch, Pos: 41}
	return map[string]wire.ClientFrame{
		"hello":       {ID: 1, Hello: &wire.Hello{Token: "header.claims.signature", Position: position, Client: "web/1.0"}},
		"hello-first": {ID: 1, Hello: &wire.Hello{Token: "header.claims.signature"}},
		"token":       {ID: 2, Token: &wire.Token{Token: "header.claims.signature"}},
		"send": {ID: 3, Send: &wire.Send{
			Conversation: conversationID, Nonce: "n-0001",
			Blocks: []wire.DraftBlock{{Type: "text", Text: "Is it still available? 还有货吗 🙂"}},
		}},
		"send-begin": {ID: 4, Send: &wire.Send{
			Product: "1001", Merchant: "V_7", Nonce: "n-0002",
			Blocks: []wire.DraftBlock{
				{Type: "text", Text: "Like this one?"},
				{Type: "image", File: fileID},
				{Type: "product", Product: "1001"},
			},
		}},
		"delivered": {Delivered: &wire.Mark{Conversation: conversationID, Seq: 12}},
		"read":      {ID: 5, Read: &wire.Mark{Conversation: conversationID, Seq: 12}},
		"recall":    {ID: 6, Recall: &wire.RecallReq{Conversation: conversationID, Seq: 12}},
		"typing":    {Typing: &wire.Typing{Conversation: conversationID}},
		"viewing":   {Viewing: &wire.Viewing{Conversation: conversationID}},
		"watch":     {ID: 7, Watch: &wire.Watch{UIDs: []string{"V_7", "E_9"}}},
		"heartbeat": {Heartbeat: &wire.Heartbeat{}},
	}
}

// domain makes the values of the domain that server frames and bodies tell of.
type domain struct {
	message      chat.Message
	conversation chat.ConversationView
	product      chat.Product
	recall       chat.Recall
	file         chat.File
}

func newDomain() domain {
	at := time.UnixMilli(sentAt).UTC()
	product := chat.Product{
		ID: "1001", Merchant: "V_7", Title: "Steam gift card", Price: chat.Money{Amount: 12550, Currency: "CNY"},
		Image: "https://shop.example/1001.jpg", URL: "https://shop.example/p/1001", Kind: chat.Virtual, Stock: new(int64(3)),
	}
	file := chat.File{ID: fileID, Uploader: "U_42", Type: "image/jpeg", Bytes: 48213, Width: 1200, Height: 900, Preview: "3OcRJYB4d3h/iIeHeEh3eIhw+j2w"}
	message := chat.Message{
		Conversation: conversationID, Seq: 12, Rev: 31, Sender: "U_42", Nonce: "n-0001",
		Blocks: []chat.Block{{Type: chat.TextBlock, Text: "Is it still available? 还有货吗 🙂"}},
		SentAt: at, Ordinal: 7, RecipientOnline: new(true),
	}
	conv := chat.ConversationView{
		Conversation: chat.Conversation{
			ID: conversationID, UIDs: [2]chat.UID{"U_42", "V_7"}, Product: "1001", LastSeq: 12, Rev: 31,
			Sides: [2]chat.SideState{
				chat.BuyerSide:    {Total: 7, Delivered: 11, Read: 11, Pos: 41},
				chat.MerchantSide: {Total: 5, Delivered: 12, Read: 10, Unread: 2, Pos: 977, Blocked: true, Waiting: true, Pinned: true, Muted: true, Marked: true},
			},
			CreatedAt: at.Add(-time.Hour), LastAt: at, Last: &message,
		},
		Participants: [2]chat.Participant{
			{UID: "U_42", Name: "小明", Avatar: "https://shop.example/42.png"},
			{UID: "V_7", Name: "Gift Card House"},
		},
		Product: &product,
	}
	return domain{
		message: message, conversation: conv, product: product, file: file,
		recall: chat.Recall{Conversation: conversationID, Seq: 12, Rev: 32, By: "U_42", At: at.Add(time.Minute)},
	}
}

// mixed is a message of an agent with a block of every type that one can send.
func (d *domain) mixed() chat.Message {
	m := d.message
	m.Seq, m.Rev, m.Sender, m.Agent, m.AgentName = 13, 33, "V_7", "alice", "Alice"
	m.Nonce, m.RecipientOnline = "n-0002", nil
	m.Blocks = []chat.Block{
		{Type: chat.TextBlock, Text: "Like this one?"},
		{Type: chat.ImageBlock, Image: &chat.Image{File: d.file.ID, Width: d.file.Width, Height: d.file.Height, Preview: d.file.Preview}},
		{Type: chat.ProductBlock, Product: d.product.Card()},
	}
	return m
}

// imported is a message of another chat's, whose picture was lost on the way.
func (d *domain) imported() chat.Message {
	m := d.message
	m.Seq, m.Rev, m.Nonce, m.RecipientOnline = 14, 34, "hp-157-k4x9", nil
	m.Blocks = []chat.Block{
		{Type: chat.NoticeBlock, Notice: &chat.Notice{Code: chat.NoticeLate}},
		{Type: chat.NoticeBlock, Notice: &chat.Notice{Code: chat.NoticeImageMissing, Detail: "./upload/chat/2019/05/01/a.jpg"}},
	}
	return m
}

// recalled is what is left of a message that was taken back.
func (d *domain) recalled() chat.Message {
	m := d.message
	m.Rev, m.Blocks, m.RecalledAt = d.recall.Rev, nil, d.recall.At
	return m
}

// serverFrames is one frame of every kind that the server sends.
func serverFrames() map[string]wire.ServerFrame {
	d := newDomain()
	mixed, imported := d.mixed(), d.imported()
	position := wire.Position{Epoch: epoch, Pos: 43}
	changes := wire.FromChanges(&chat.Changes{
		Conversations: []chat.ConversationView{d.conversation}, Position: chat.Position{Epoch: epoch, Pos: 43},
	}, chat.BuyerSide)
	welcome := wire.Welcome{
		ClientID: "k4x9m2w7c1", UID: "U_42", Position: position, HeartbeatMS: 25000, ServerTime: sentAt,
	}
	resumed, reset, agent := welcome, welcome, welcome
	resumed.Changes = changes
	reset.Reset = true
	agent.UID, agent.Agent = "V_7", "alice"
	ack := wire.FromAppended(&chat.Appended{Message: d.message, Conversation: d.conversation.Conversation, Fresh: true}, chat.BuyerSide)
	begun := wire.FromAppended(&chat.Appended{Message: mixed, Conversation: d.conversation.Conversation, Fresh: true, Begun: true}, chat.BuyerSide)
	mark := wire.WatermarkEvent{Pos: 44, Conversation: conversationID, Rev: 34, Side: "merchant", Seq: 12}
	return map[string]wire.ServerFrame{
		"welcome":         {ID: 1, Welcome: &welcome},
		"welcome-changes": {ID: 1, Welcome: &resumed},
		"welcome-reset":   {ID: 1, Welcome: &reset},
		"welcome-agent":   {ID: 1, Welcome: &agent},
		"ack":             {ID: 3, Ack: &ack},
		"ack-begun":       {ID: 4, Ack: &begun},
		"ack-empty":       {ID: 7, Ack: &wire.Ack{}},
		"message":         {Message: &wire.MessageEvent{Pos: 42, Message: wire.FromMessage(&d.message)}},
		"message-mixed":   {Message: &wire.MessageEvent{Pos: 43, Message: wire.FromMessage(&mixed)}},
		"message-notice":  {Message: &wire.MessageEvent{Pos: 44, Message: wire.FromMessage(&imported)}},
		"delivered":       {Delivered: &mark},
		"read":            {Read: &mark},
		"recall":          {Recall: &wire.RecallEvent{Pos: 45, Recall: wire.FromRecall(&d.recall)}},
		"conversation": {Conversation: &wire.ConversationEvent{
			Pos: 41, Conversation: wire.FromConversation(&d.conversation, chat.BuyerSide),
		}},
		"typing":    {Typing: &wire.TypingEvent{Conversation: conversationID, UID: "V_7", AgentName: "Alice"}},
		"colleague": {Colleague: &wire.ColleagueEvent{Conversation: conversationID, Agent: "alice", AgentName: "Alice", Typing: true}},
		"presence":  {Presence: &wire.PresenceEvent{UIDs: map[string]string{"V_7": "online", "E_9": "offline", "V_8": "unknown"}}},
		"push":      {Push: &wire.PushEvent{Payload: jsontext.Value(`{"order":"A-17","paid":true}`)}},
		"heartbeat": {Heartbeat: &wire.Heartbeat{Position: &position}},
		"error": {ID: 3, Error: &wire.Error{
			Code: "rate_limited", Message: "too many requests, try again in a moment", RetryAfterMS: 1500,
		}},
		"error-internal": {ID: 3, Error: &wire.Error{
			Code: "internal", Message: "something went wrong on the server", RequestID: "r6w2k8m4",
		}},
		"bye":       {Bye: &wire.Bye{Code: "shutdown", Message: "the server restarts", RetryAfterMS: 2750}},
		"bye-final": {Bye: &wire.Bye{Code: "token_revoked", Message: "signed out", Final: true}},
	}
}

// bodies is one value of every body that REST answers with.
func bodies() map[string]any {
	d := newDomain()
	recalled := d.recalled()
	conv := wire.FromConversation(&d.conversation, chat.MerchantSide)
	return map[string]any{
		"message":          wire.FromMessage(&d.message),
		"message-recalled": wire.FromMessage(&recalled),
		"message-page":     wire.MessagePage{Messages: wire.FromMessages([]chat.Message{recalled, d.mixed()}), More: true},
		"recall-page":      wire.RecallPage{Recalls: []wire.Recall{wire.FromRecall(&d.recall)}},
		"product":          wire.FromProduct(&d.product),
		"asked-page": wire.FromAsked([]chat.AskedAboutView{{
			AskedAbout: chat.AskedAbout{Product: "1001", FirstAt: d.message.SentAt.Add(-time.Hour), LastAt: d.message.SentAt}, Product: d.product,
		}}),
		"product-page": wire.ProductPage{Products: wire.FromProducts([]chat.Product{d.product}), Cursor: "1001"},
		"shop-settings": wire.FromShopSettings(&chat.ShopSettings{
			Version:  3,
			Greeting: chat.AutoText{On: true, Text: "您好，在的 🙂"},
			Hours:    chat.Hours{TimeZone: "Asia/Shanghai", Openings: []chat.Opening{{Day: time.Monday, From: 540, To: 1080}}},
		}),
		"begin-closed": wire.Begin{
			Product: wire.FromProduct(&d.product), Merchant: wire.Participant{UID: "V_7", Name: "Gift Card House"}, Presence: "offline",
			Closed: wire.FromClosed(&chat.Closed{Until: time.UnixMilli(sentAt)}),
		},
		"begin-replies": wire.Begin{
			Product: wire.FromProduct(&d.product), Merchant: wire.Participant{UID: "V_7", Name: "Gift Card House"}, Presence: "offline",
			RepliesWithinMS: 3_600_000,
		},
		"phrases": wire.Phrases{
			Mine: wire.FromPhrases([]chat.Phrase{{ID: "p1", Title: "发货", Text: "亲 {buyer}，{product} 今天发货 🚚", Place: 1024}}),
			Shop: wire.FromPhrases(nil),
		},
		"conversation": conv,
		"found-messages": wire.FoundMessages{
			Found: []wire.FoundMessage{{Message: wire.FromMessage(&d.message), Conversation: conv}}, Cursor: "bmV4dA",
		},
		"conversation-page": wire.ConversationPage{
			Conversations: []wire.Conversation{conv}, Cursor: "bmV4dA",
		},
		"changes": wire.FromChanges(&chat.Changes{
			Conversations: []chat.ConversationView{d.conversation}, Position: chat.Position{Epoch: epoch, Pos: 977}, More: true,
		}, chat.MerchantSide),
		"me": wire.Me{
			Participant: wire.Participant{UID: "V_7", Name: "Gift Card House"}, Side: "merchant", Agent: "alice", AgentName: "Alice",
			Position: wire.Position{Epoch: epoch, Pos: 977}, UnreadConversations: 1, Unread: 2,
			Limits: wire.Limits{Text: 4000, Blocks: 20, Images: 9, UploadBytes: 20 << 20, UploadPixels: 40_000_000, RecallMS: 120_000},
		},
		"me-wechat": wire.Me{
			Participant: wire.Participant{UID: "U_42", Name: "小明"}, Side: "buyer", Position: wire.Position{Epoch: epoch, Pos: 41},
			Limits: wire.Limits{Text: 4000, Blocks: 20, Images: 9, UploadBytes: 20 << 20, UploadPixels: 40_000_000, RecallMS: 120_000},
			WeChat: &wire.WeChat{JS: "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"},
		},
		"js-config": wire.JSConfig{
			AppID: "wx0123456789abcdef", Timestamp: 1763935200, NonceStr: "k4x9m2w7c1", Signature: "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
		},
		"begin": wire.Begin{
			Product: wire.FromProduct(&d.product), Merchant: wire.Participant{UID: "V_7", Name: "Gift Card House"}, Presence: "online",
		},
		"stream": wire.Stream{ClientID: "k4x9m2w7c1", Key: "q7w3n9x2"},
		"file":   wire.FromFile(&d.file),
		"file-urls": wire.FileURLs{Files: map[string]wire.FileURL{fileID: {
			URL: "/files/" + fileID + "/image?e=1764021600&s=c2ln", Thumb: "/files/" + fileID + "/thumb?e=1764021600&s=c2ln",
			ExpiresAt: sentAt + 86_400_000,
		}}},
		"error": map[string]wire.Error{"error": {Code: "not_found", Message: "no such conversation", RequestID: "r6w2k8m4"}},
	}
}

// webhooks is one of each that the shop is told.
func webhooks() map[string]wire.Webhook {
	d := newDomain()
	d.conversation.Sides[chat.MerchantSide].Blocked = false
	answer := d.conversation
	mixed := d.mixed()
	answer.Last, answer.Product = &mixed, nil
	answer.Sides[chat.BuyerSide].Unread = 1
	r := chat.Reminder{
		ID: "q8w2m5r7tzk1xv3n6c9p4hjd0s", Conversation: conversationID, Side: chat.MerchantSide, Seq: 12,
		Since: d.message.SentAt.Add(-time.Minute), MadeAt: d.message.SentAt.Add(time.Minute),
	}
	toBuyer := r
	toBuyer.Side, toBuyer.Seq = chat.BuyerSide, 13
	return map[string]wire.Webhook{
		"message-unread":       wire.FromReminder(&r, &d.conversation),
		"message-unread-buyer": wire.FromReminder(&toBuyer, &answer),
		"ping":                 wire.Ping("q8w2m5r7tzk1xv3n6c9p4hjd0s", d.message.SentAt),
	}
}

// check compares v with its golden file, or writes it.
func check(t *testing.T, name string, v any) []byte {
	t.Helper()
	got, err := json.Marshal(v, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got = append(got, '\n')
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what clients rely on (-want +got):\n%s", path, diff)
	}
	return want
}

func TestGolden_clientFrames(t *testing.T) {
	for name, frame := range clientFrames() {
		data := check(t, "client-"+name, frame)
		var got wire.ClientFrame
		if err := wire.Decode(data, &got); err != nil {
			t.Errorf("%s: the server refuses its own example: %v", name, err)
		}
		if diff := cmp.Diff(frame, got); diff != "" {
			t.Errorf("%s, read again (-want +got):\n%s", name, diff)
		}
	}
}

func TestGolden_serverFrames(t *testing.T) {
	for name, frame := range serverFrames() {
		check(t, "server-"+name, frame)
	}
}

func TestGolden_bodies(t *testing.T) {
	for name, body := range bodies() {
		check(t, "body-"+name, body)
	}
}

func TestGolden_webhooks(t *testing.T) {
	for name, body := range webhooks() {
		check(t, "webhook-"+name, body)
	}
}

// A file that no test writes any more would mislead the clients' tests.
func TestGolden_nothingLeftOver(t *testing.T) {
	known := map[string]bool{}
	for name := range clientFrames() {
		known["client-"+name] = true
	}
	for name := range serverFrames() {
		known["server-"+name] = true
	}
	for name := range bodies() {
		known["body-"+name] = true
	}
	for name := range webhooks() {
		known["webhook-"+name] = true
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if name := strings.TrimSuffix(filepath.Base(path), ".json"); !known[name] {
			t.Errorf("%s belongs to no frame or body", path)
		}
	}
}

// The encoder the server uses gives the same JSON as the golden files, only on
// one line.
func TestEncode_sameAsGolden(t *testing.T) {
	for name, frame := range serverFrames() {
		got, err := wire.Encode(frame)
		if err != nil {
			t.Fatal(err)
		}
		want := jsontext.Value(bytes.Clone(check(t, "server-"+name, frame)))
		sorted := jsontext.Value(got)
		if err := want.Canonicalize(); err != nil {
			t.Fatal(err)
		}
		if err := sorted.Canonicalize(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, sorted) {
			t.Errorf("%s: got %s, want %s", name, sorted, want)
		}
	}
}
