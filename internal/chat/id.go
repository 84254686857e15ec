package chat

import (
	"crypto/rand"
	"strings"
)

// UID is a participant's address: a prefix that says what it is and, after it,
// the marketplace's own id, 1 to 64 of A-Za-z0-9._- ("U_42", "V_7", "E_9").
type UID string

// The prefixes of a UID.
const (
	PrefixBuyer    = "U_" // a buyer
	PrefixVirtual  = "V_" // a merchant of virtual goods
	PrefixPhysical = "E_" // a merchant of physical goods

	// prefixGuest starts the UIDs that the server itself hands out.
	prefixGuest = PrefixBuyer + "g-"
)

// maxName is the length of a shop's own ids, in bytes.
const maxName = 64

// ParseUID checks the form of a UID. Guests' UIDs pass: whoever takes a UID from
// a shop refuses them with IsGuest.
func ParseUID(s string) (UID, error) {
	uid := UID(s)
	if uid.Side() == NoSide {
		return "", Codef(Invalid, "invalid_uid", "a uid starts with U_, V_ or E_")
	}
	if name := s[2:]; !isName(name) {
		return "", Codef(Invalid, "invalid_uid", "after its prefix a uid is 1 to 64 of A-Z a-z 0-9 . _ -")
	}
	return uid, nil
}

// isName reports whether s is 1 to maxName of A-Za-z0-9._-.
func isName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// Side returns the side uid stands on, NoSide for what is no UID.
func (uid UID) Side() Side {
	switch {
	case strings.HasPrefix(string(uid), PrefixBuyer):
		return BuyerSide
	case strings.HasPrefix(string(uid), PrefixVirtual), strings.HasPrefix(string(uid), PrefixPhysical):
		return MerchantSide
	}
	return NoSide
}

// IsGuest reports whether the server handed out uid itself.
func (uid UID) IsGuest() bool { return strings.HasPrefix(string(uid), prefixGuest) }

// NewGuest returns a UID for somebody who is not signed in.
func NewGuest() UID { return UID(prefixGuest + strings.ToLower(rand.Text())) }

// Side is one of the two sides of a conversation. It indexes arrays of length 2.
type Side int8

// The sides.
const (
	NoSide       Side = -1
	BuyerSide    Side = 0
	MerchantSide Side = 1
)

// Other returns the opposite side.
func (s Side) Other() Side { return 1 - s }

// AgentID names a person on a merchant's staff, in the marketplace's own terms
// (the form of the part of a UID after its prefix). Empty on the buyer's side
// and for what the shop's backend says.
type AgentID string

// ParseAgentID checks the form of an AgentID.
func ParseAgentID(s string) (AgentID, error) {
	if !isName(s) {
		return "", Codef(Invalid, "invalid_agent", "an agent id is 1 to 64 of A-Z a-z 0-9 . _ -")
	}
	return AgentID(s), nil
}

// ConversationID names one conversation. It is opaque and cannot be guessed.
type ConversationID string

// NewConversationID returns an ID that nobody has.
func NewConversationID() ConversationID { return ConversationID(strings.ToLower(rand.Text())) }

// ProductID is the marketplace's own id of a product, 1 to 64 of A-Za-z0-9._-.
type ProductID string

// ParseProductID checks the form of a ProductID.
func ParseProductID(s string) (ProductID, error) {
	if !isName(s) {
		return "", Codef(Invalid, "invalid_product", "a product id is 1 to 64 of A-Z a-z 0-9 . _ -")
	}
	return ProductID(s), nil
}

// FileID names one uploaded file. It is opaque and cannot be guessed.
type FileID string

// NewFileID returns an ID that nobody has.
func NewFileID() FileID { return FileID(strings.ToLower(rand.Text())) }

// ClientID is the server's name for one live connection, a session.
type ClientID string

// Nonce is chosen by the sender's device, once per message it composes, and
// again as the key of an upload. A resend carries the same Nonce and so cannot
// store a second message. 1 to 64 of A-Za-z0-9._-.
type Nonce string

// ParseNonce checks the form of a Nonce.
func ParseNonce(s string) (Nonce, error) {
	if !isName(s) {
		return "", Codef(Invalid, "invalid_nonce", "a nonce is 1 to 64 of A-Z a-z 0-9 . _ -")
	}
	return Nonce(s), nil
}

// Seq numbers the messages of one conversation 1, 2, 3, … without gaps.
type Seq int64

// Rev counts the changes of one conversation.
type Rev int64

// Pos counts the changes in all of a participant's conversations.
type Pos int64

// Epoch names one life of the store. A restore or a reset begins another, after
// which no Seq, Rev or Pos that was learnt before means anything.
type Epoch string

// Position says up to where a participant has seen its changes.
type Position struct {
	Epoch Epoch
	Pos   Pos
}
