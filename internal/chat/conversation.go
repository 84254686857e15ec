package chat

import "time"

// Conversation is the one lasting thread between a buyer and a merchant.
type Conversation struct {
	ID        ConversationID
	UIDs      [2]UID    // indexed by Side
	Product   ProductID // last talked about; may be empty
	LastSeq   Seq
	Rev       Rev
	Sides     [2]SideState // indexed by Side
	CreatedAt time.Time
	LastAt    time.Time // of the last message

	// Last is the message at LastSeq. Stores fill it in lists and leave it nil
	// where only the conversation was asked for.
	Last *Message
}

// SideState is what a conversation remembers of one side.
type SideState struct {
	Total     int64 // messages this side has sent
	Delivered Seq   // its devices have everything up to here
	Read      Seq   // it has seen everything up to here
	Unread    int64 // the other side's messages after Read
	Pos       Pos   // the participant's Pos at the last change it is told of
	Blocked   bool  // this side does not want to hear from the other
	Waiting   bool  // the other side has the last word, automatic ones aside

	// What this side has set for itself. The other side is told nothing of it.
	Pinned bool // it keeps the conversation at hand
	Muted  bool // it is not to be called for it
	Marked bool // it wants to come back: as unread, until it reads or writes on
}

// HasUnread reports whether the conversation counts as unread for this side.
func (s *SideState) HasUnread() bool { return s.Unread > 0 || s.Marked }

// Flag is something that a side sets on a conversation for itself. For a merchant it is
// the same for all agents, as what was read is.
type Flag string

// The flags.
const (
	PinnedFlag Flag = "pinned"
	MutedFlag  Flag = "muted"
	MarkedFlag Flag = "marked" // as unread
)

// Flag returns where s keeps a flag, nil for one that there is not.
func (s *SideState) Flag(f Flag) *bool {
	switch f {
	case PinnedFlag:
		return &s.Pinned
	case MutedFlag:
		return &s.Muted
	case MarkedFlag:
		return &s.Marked
	}
	return nil
}

// SideOf returns the side that uid takes part on, NoSide for a stranger.
func (c *Conversation) SideOf(uid UID) Side {
	switch uid {
	case c.UIDs[BuyerSide]:
		return BuyerSide
	case c.UIDs[MerchantSide]:
		return MerchantSide
	}
	return NoSide
}

// Positions returns each side's Pos.
func (c *Conversation) Positions() [2]Pos {
	return [2]Pos{c.Sides[BuyerSide].Pos, c.Sides[MerchantSide].Pos}
}

// ConversationView is a conversation with what is needed to draw it.
type ConversationView struct {
	Conversation

	Participants [2]Participant // indexed by Side
	Product      *Product       // last talked about; nil when there is none
}

// Spoken notes that side has said something, not automatically: now the other one is
// waited for, and what was marked to come back to has been come back to.
func (c *Conversation) Spoken(side Side) {
	c.Sides[side].Waiting = false
	c.Sides[side].Marked = false
	c.Sides[side.Other()].Waiting = true
}

// AskedAbout is a product that a conversation was about.
type AskedAbout struct {
	Product ProductID
	FirstAt time.Time // when the conversation first came to be about it
	LastAt  time.Time // when it last did
}

// AskedAboutView is AskedAbout with the product itself.
type AskedAboutView struct {
	AskedAbout

	Product Product
}
