package plain

import (
	"fmt"
	"strings"
	"time"

	"haggle/internal/chat"
)

// words are what the pages say in one language.
type words struct {
	Lang string

	Chats, NoChats, Full, Skip, You, Seller, Shop, Product, Price, SoldOut, Gone, Look                       string
	Messages, Older, Newest, ToEnd, Check, New, Begin, Answer, Message, Picture, PictureHint, Send           string
	Sent, Delivered, Read, WasSent, Recalled, Unsupported, Notice, Automatic, Guest, Unread, Away, AwayUntil string
	SignedOut, SignIn, AsGuest, Missing, MissingText, Foreign, ForeignText, Later, Back                      string
	BlockedByYou, Blocked, OnlyOld, Error, Kept, OlderChats                                                  string

	date    func(t time.Time) string
	replies func(within time.Duration) string // "" for 0
	zone    string                            // a sentence with the name of the time zone in it
	limits  func(l *chat.Limits) string
	errors  map[string]string
	other   string
	notice  map[chat.NoticeCode]string
}

// Date returns a day.
func (w *words) Date(t time.Time) string { return w.date(t) }

// Zone returns what to say of the times on a page.
func (w *words) Zone(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") { // it has none
		name = t.Format("UTC-07:00")
	}
	return fmt.Sprintf(w.zone, name)
}

// About says what a refusal means to who wrote.
func (w *words) About(e *chat.Error, l *chat.Limits) string {
	switch e.Code {
	case "text_too_long":
		return w.limits(l)
	case "token_expired", "form_expired":
		return w.errors["form_expired"]
	}
	if e.Kind == chat.RateLimited {
		return w.errors["rate_limited"]
	}
	if e.Kind == chat.Unavailable || e.Kind == chat.Internal {
		return w.errors["unavailable"]
	}
	if text, ok := w.errors[e.Code]; ok {
		return text
	}
	return w.other
}

// Says returns the words of a notice.
func (w *words) Says(code chat.NoticeCode) string {
	if text, ok := w.notice[code]; ok {
		return text
	}
	return w.notice[""]
}

// within chooses the words for a time of chat.Service's RepliesWithin.
func within(minutes, hour, day string) func(time.Duration) string {
	return func(d time.Duration) string {
		switch {
		case d == 0:
			return ""
		case d < time.Hour:
			return minutes
		case d == time.Hour:
			return hour
		}
		return day
	}
}

func english() *words {
	return &words{
		Lang:  "en",
		Chats: "Your chats", NoChats: "No chats yet. Open a product at the shop and write to its seller.", Full: "Open the full chat", Skip: "Skip to writing",
		You: "You", Seller: "Seller", Shop: "Shop", Product: "Product", Price: "Price", SoldOut: "Sold out", Gone: "No longer for sale", Look: "View product",
		Messages: "Messages", Older: "Older messages", Newest: "Newest messages", ToEnd: "Newest, and write", Check: "Check for new messages", New: "New messages",
		Begin: "Nothing has been said yet. Write the first message below.", Answer: "Write a message", Message: "Message",
		Picture: "Picture", PictureHint: "Optional. JPEG, PNG, WebP or GIF.", Send: "Send",
		Sent: "sent", Delivered: "delivered", Read: "read", WasSent: "Your message was sent.", Recalled: "This message was taken back",
		Unsupported: "This part can only be seen in the full chat", Notice: "Notice", Automatic: "automatic", Unread: "unread",
		Away: "The seller is away just now.", AwayUntil: "The seller is away just now and answers from %s.",
		Guest:     "You write as a guest. If you clear this browser’s cookies, the chat is gone.",
		SignedOut: "You are signed out", SignIn: "Go back to the shop, sign in there and open the chat again. Your messages are kept.", AsGuest: "Write as a guest",
		Missing: "There is nothing here", MissingText: "There is no such chat or product, or it is not yours.",
		Foreign: "This form did not come from the chat", ForeignText: "Open the chat again and write there.",
		Later: "The chat cannot answer at the moment. Try again in a minute.", Back: "Back to your chats",
		BlockedByYou: "You blocked this seller. Unblock it in the full chat to write again.", Blocked: "This seller does not take messages from you.",
		OnlyOld: "These are older messages.", Error: "Error", OlderChats: "Older chats",
		Kept:    "What you wrote was not sent. Copy it before you go on.",
		date:    func(t time.Time) string { return t.Format("2 January 2006") },
		replies: within("The seller usually replies within 5 minutes.", "The seller usually replies within an hour.", "The seller usually replies within a day."),
		zone:    "Times are in the time zone %s.",
		limits: func(l *chat.Limits) string {
			return fmt.Sprintf("The text is too long: at most %d characters.", l.TextRunes)
		},
		errors: map[string]string{
			"empty_message": "Write something, or choose a picture.", "form_expired": "This page was open for too long. Send it again.",
			"rate_limited": "That was a lot at once. Wait a moment and send it again.", "unavailable": "The message could not be stored. Send it again in a moment; it will arrive once.",
			"nonce_reused": "This page has sent another message already. Send again if this one is to be sent too.",
			"blocked":      "This seller does not take messages from you.", "blocked_by_you": "You blocked this seller. Unblock it in the full chat to write again.",
			"invalid_text": "The text holds characters that cannot be sent.", "product_gone": "This product is no longer for sale.",
			"unsupported_image": "This kind of file cannot be sent. Choose a JPEG, PNG, WebP or GIF picture.",
			"upload_too_large":  "The picture is too large.", "image_too_large": "The picture is too large.",
			"broken_image": "The picture is damaged. Choose another one.", "incomplete": "The picture did not arrive whole. Choose it again.",
		},
		other: "This could not be sent.",
		notice: map[chat.NoticeCode]string{
			"": "A notice that this page cannot show", chat.NoticeLate: "An older message, added later",
			chat.NoticeImageMissing: "A picture is missing here", chat.NoticeImageBroken: "A picture here is damaged",
			chat.NoticeCardBroken: "A product that cannot be read, as text", chat.NoticeListBroken: "Pictures that cannot be read, as text",
			chat.NoticeUnknownType: "A message of an unknown kind, as text", chat.NoticeBadBytes: "Some characters cannot be read",
		},
	}
}

func chinese() *words {
	return &words{
		Lang:  "zh-CN",
		Chats: "我的聊天", NoChats: "还没有聊天。请在商城打开商品，给卖家留言。", Full: "打开完整版聊天", Skip: "跳到输入框",
		You: "我", Seller: "卖家", Shop: "店铺", Product: "商品", Price: "价格", SoldOut: "已售罄", Gone: "已下架", Look: "查看商品",
		Messages: "消息", Older: "更早的消息", Newest: "最新消息", ToEnd: "看最新消息并回复", Check: "查看有无新消息", New: "新消息",
		Begin: "还没有消息，请在下面写第一条。", Answer: "写消息", Message: "消息内容",
		Picture: "图片", PictureHint: "可选，支持 JPEG、PNG、WebP、GIF。", Send: "发送",
		Sent: "已发送", Delivered: "已送达", Read: "已读", WasSent: "消息已发送。", Recalled: "此消息已撤回",
		Unsupported: "此内容只能在完整版聊天中查看", Notice: "提示", Automatic: "自动回复", Unread: "条未读",
		Away: "店铺暂不营业。", AwayUntil: "店铺暂不营业，%s 起恢复回复。",
		Guest:     "您正以访客身份留言。清除浏览器 Cookie 后将无法再看到此聊天。",
		SignedOut: "您已退出登录", SignIn: "请回到商城登录，再重新打开聊天。您的消息都已保存。", AsGuest: "以访客身份留言",
		Missing: "这里没有内容", MissingText: "没有这个聊天或商品，或者它不属于您。",
		Foreign: "此表单并非来自聊天页面", ForeignText: "请重新打开聊天再发送。",
		Later: "聊天暂时无法响应，请稍后再试。", Back: "返回我的聊天",
		BlockedByYou: "您已屏蔽此卖家，请在完整版聊天中解除屏蔽后再写。", Blocked: "此卖家不接收您的消息。",
		OnlyOld: "以下是较早的消息。", Error: "错误", OlderChats: "更早的聊天",
		Kept:    "您写的内容尚未发送，请先复制再继续。",
		date:    func(t time.Time) string { return t.Format("2006年1月2日") },
		replies: within("店铺通常 5 分钟内回复。", "店铺通常 1 小时内回复。", "店铺通常 1 天内回复。"),
		zone:    "时间所用时区：%s。",
		limits:  func(l *chat.Limits) string { return fmt.Sprintf("内容过长，最多 %d 个字符。", l.TextRunes) },
		errors: map[string]string{
			"empty_message": "请输入内容或选择图片。", "form_expired": "页面打开时间过长，请再发送一次。",
			"rate_limited": "发送过于频繁，请稍候再发送。", "unavailable": "消息未能保存，请稍后再发送，不会重复送达。",
			"nonce_reused": "此页面已经发送过另一条消息。如果这条也要发送，请再点一次发送。",
			"blocked":      "此卖家不接收您的消息。", "blocked_by_you": "您已屏蔽此卖家，请在完整版聊天中解除屏蔽后再写。",
			"invalid_text": "内容中有无法发送的字符。", "product_gone": "此商品已下架。",
			"unsupported_image": "不支持此类文件，请选择 JPEG、PNG、WebP 或 GIF 图片。",
			"upload_too_large":  "图片过大。", "image_too_large": "图片过大。",
			"broken_image": "图片已损坏，请另选一张。", "incomplete": "图片未完整上传，请重新选择。",
		},
		other: "发送失败。",
		notice: map[chat.NoticeCode]string{
			"": "此页面无法显示的提示", chat.NoticeLate: "较早的消息，后来补上",
			chat.NoticeImageMissing: "此处的图片已丢失", chat.NoticeImageBroken: "此处的图片已损坏",
			chat.NoticeCardBroken: "无法识别的商品，以文字显示", chat.NoticeListBroken: "无法识别的图片，以文字显示",
			chat.NoticeUnknownType: "未知类型的消息，以文字显示", chat.NoticeBadBytes: "部分字符无法识别",
		},
	}
}
