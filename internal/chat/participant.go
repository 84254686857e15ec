package chat

import "time"

// Actor is who is asking, taken from a verified token. It is a parameter of
// everything that somebody can ask for.
type Actor struct {
	UID       UID
	Agent     AgentID // who of the merchant's staff; "" for buyers
	AgentName string
	Address   string // what guests count under beside their uid, see Service.Allow; "" for others
}

// Side returns the side the actor stands on.
func (a Actor) Side() Side { return a.UID.Side() }

// limitKey is what an actor's rate limits are counted under: agents count for
// themselves.
func (a Actor) limitKey() string { return string(a.UID) + "/" + string(a.Agent) }

// Participant is a buyer or a merchant (one for a merchant's whole staff).
type Participant struct {
	UID    UID
	Name   string // cleaned with CleanName; "" when nobody said
	Avatar string // https URL or a path of the shop; "" when there is none

	// RevokedAt ends every token that was issued before it. Zero: none.
	RevokedAt time.Time
}

// Product is something for sale. Who sells it is said here and nowhere else.
type Product struct {
	ID       ProductID
	Merchant UID
	Title    string
	Price    Money
	Image    string // URL; may be empty
	URL      string // the product's page; may be empty
	Kind     ProductKind
	Stock    *int64 // nil: not counted
	Deleted  bool   // no longer for sale: cards stay, conversations cannot begin from it
}

// Money is an amount in minor units of an ISO 4217 currency: 12.50 CNY is
// {1250, "CNY"}.
type Money struct {
	Amount   int64
	Currency string
}

// ProductKind says what kind of goods a product is.
type ProductKind string

// The kinds of goods.
const (
	Virtual  ProductKind = "virtual"
	Physical ProductKind = "physical"
)
