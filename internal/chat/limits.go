package chat

import "time"

// Limits are the bounds of what anybody may ask for: the one table that
// validation, the store's column types and the documentation derive from.
// DefaultLimits returns the values that the documentation speaks of.
type Limits struct {
	TextRunes     int // characters of text in one message, in all its blocks
	Blocks        int // blocks in one message
	Images        int // image blocks in one message
	FrameBytes    int // one socket frame, encoded, in either direction
	UploadBytes   int64
	UploadPixels  int64 // of one upload, all frames of an animation counted
	DecodePixels  int64 // being decoded at any one time, in the whole process
	NameRunes     int   // of a participant or an agent
	TitleRunes    int   // of a product
	URLBytes      int   // of an avatar, a product's image or page
	ReportRunes   int   // of the reason in a report
	Phrases       int   // quick phrases of an agent, and as many of its shop
	Pinned        int   // conversations that a participant has pinned
	PageSize      int   // rows of a list at the most
	FileURLs      int   // files in one request for URLs
	Watched       int   // uids a session watches
	Sockets       int   // live sessions of a buyer or an agent
	PushBytes     int   // of a push from the shop's backend
	BulkLineBytes int   // of one line of a bulk upload

	RecallWithin  time.Duration // how long a message can be recalled
	FileURLTTL    time.Duration
	UnattachedFor time.Duration // how long an upload waits for its message
	LoginCodeTTL  time.Duration
	TokenTTL      time.Duration // of the tokens a page gets; the shop's own may live 24 h

	// RemindAfter says, by side, how long a message waits for it to read before the
	// shop is told; 0: for ever.
	RemindAfter [2]time.Duration

	// Rates by what is asked for.
	Rates map[Action][]Rate
}

// Rate allows Burst at once and Burst per Window over time.
type Rate struct {
	Burst  int
	Window time.Duration
}

// Action is what a rate limit counts.
type Action string

// The actions that are counted.
const (
	ActionSend        Action = "send"         // messages of a buyer or an agent
	ActionBegin       Action = "begin"        // new conversations of a buyer
	ActionUploadBuyer Action = "upload_buyer" // uploads of a buyer
	ActionUploadAgent Action = "upload_agent" // uploads of an agent
	ActionTyping      Action = "typing"       // typing notices of a session's actor
	ActionReport      Action = "report"       // reports of a buyer or an agent
	ActionLogin       Action = "login"        // logins from one address
	ActionConnect     Action = "connect"      // sockets from one address; many people may share it
	ActionGuest       Action = "guest"        // guests from one address
	ActionGuestSend   Action = "guest_send"   // messages of all guests from one address
	ActionGuestBegin  Action = "guest_begin"  // new conversations of all guests from one address
	ActionRequest     Action = "request"      // requests and frames of any other kind
)

// DefaultLimits returns the limits of an installation that sets none.
func DefaultLimits() Limits {
	const mi = 1 << 20
	return Limits{
		TextRunes: 4000, Blocks: 20, Images: 9, FrameBytes: 64 << 10,
		UploadBytes: 20 * mi, UploadPixels: 40_000_000, DecodePixels: 80_000_000,
		NameRunes: 64, TitleRunes: 200, URLBytes: 2048, ReportRunes: 1000, Phrases: 500,
		Pinned: 50, PageSize: 100, FileURLs: 100, Watched: 200, Sockets: 10,
		PushBytes: 16 << 10, BulkLineBytes: 64 << 10,
		RecallWithin: 2 * time.Minute, FileURLTTL: 24 * time.Hour, UnattachedFor: 8 * 24 * time.Hour,
		LoginCodeTTL: time.Minute, TokenTTL: 10 * time.Minute,
		Rates: map[Action][]Rate{
			ActionSend:        {{20, 10 * time.Second}, {100, time.Minute}},
			ActionBegin:       {{6, time.Hour}},
			ActionUploadBuyer: {{30, time.Hour}},
			ActionUploadAgent: {{300, time.Hour}},
			ActionTyping:      {{4, 2 * time.Second}},
			ActionReport:      {{10, time.Hour}},
			ActionLogin:       {{20, 20 * time.Second}},
			ActionConnect:     {{2000, 10 * time.Second}},
			ActionGuest:       {{5, time.Minute}},
			ActionGuestSend:   {{100, 10 * time.Second}, {500, time.Minute}}, // five guests' worth
			ActionGuestBegin:  {{30, time.Hour}},
			ActionRequest:     {{200, 10 * time.Second}},
		},
	}
}
