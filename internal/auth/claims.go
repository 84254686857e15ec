package auth

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/text/unicode/norm"

	"haggle/internal/chat"
)

// audience is what every token is for.
const audience = "haggle"

// issuer is who signs the server's own tokens.
const issuer = "haggle"

// MaxTokenLife bounds the life of a marketplace's token.
const MaxTokenLife = 24 * time.Hour

// maxAgentName is how much of an agent's name is kept. It goes with every
// message, and nobody cleans it later.
const maxAgentName = 64

// use says what one of the server's own tokens is good for.
type use string

const (
	useAccess use = "access" // in Authorization and hello frames
	useCookie use = "cookie" // in the browser's cookie, to get access tokens with
)

// claims is what tokens of both kinds say. jwt.RegisteredClaims would cut times
// to whole seconds, which revocation must not.
type claims struct {
	Issuer    string           `json:"iss,omitempty"`
	Subject   string           `json:"sub,omitempty"`
	Audience  jwt.ClaimStrings `json:"aud,omitempty"`
	ExpiresAt *numericDate     `json:"exp,omitempty"`
	NotBefore *numericDate     `json:"nbf,omitempty"`
	IssuedAt  *numericDate     `json:"iat,omitempty"`

	Name      string `json:"name,omitempty"`
	Avatar    string `json:"avatar,omitempty"`
	Agent     string `json:"agent,omitempty"`
	AgentName string `json:"agent_name,omitempty"`

	// Of the server's own only.
	Use     use          `json:"use,omitempty"`
	Login   chat.LoginID `json:"sid,omitempty"`
	Address string       `json:"net,omitempty"` // of a guest
}

// The methods of jwt.Claims. The library's parser wants them and never calls
// them: see Verifier.checkClaims.

// GetExpirationTime returns exp.
func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.ExpiresAt.jwt(), nil }

// GetIssuedAt returns iat.
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error) { return c.IssuedAt.jwt(), nil }

// GetNotBefore returns nbf.
func (c *claims) GetNotBefore() (*jwt.NumericDate, error) { return c.NotBefore.jwt(), nil }

// GetIssuer returns iss.
func (c *claims) GetIssuer() (string, error) { return c.Issuer, nil }

// GetSubject returns sub.
func (c *claims) GetSubject() (string, error) { return c.Subject, nil }

// GetAudience returns aud.
func (c *claims) GetAudience() (jwt.ClaimStrings, error) { return c.Audience, nil }

// identity returns who the claims are about. What an agent's token says of name
// and avatar is the agent's own, and must not become the shop's.
func (c *claims) identity(own bool) (chat.Identity, error) {
	actor, err := ActorOf(c.Subject, c.Agent, c.AgentName)
	if err != nil {
		return chat.Identity{}, refusef("%w", err)
	}
	id := chat.Identity{Actor: actor, IssuedAt: c.IssuedAt.Time, ExpiresAt: c.ExpiresAt.Time}
	if actor.Agent == "" {
		id.Name, id.Avatar = norm.NFC.String(c.Name), c.Avatar
	}
	if own {
		id.Login, id.Actor.Address = c.Login, c.Address
	}
	return id, nil
}

// ActorOf returns the actor that these words of the marketplace name. Only
// merchants have agents; a merchant without one is its owner.
func ActorOf(sub, agent, agentName string) (chat.Actor, error) {
	uid, err := chat.ParseUID(sub)
	if err != nil {
		return chat.Actor{}, fmt.Errorf("uid: %w", err)
	}
	if agent == "" && agentName == "" {
		return chat.Actor{UID: uid}, nil
	}
	if uid.Side() != chat.MerchantSide {
		return chat.Actor{}, chat.Codef(chat.Invalid, "invalid_agent", "a buyer has no agent")
	}
	id, err := chat.ParseAgentID(agent)
	if err != nil {
		return chat.Actor{}, fmt.Errorf("agent: %w", err)
	}
	return chat.Actor{UID: uid, Agent: id, AgentName: chat.CleanName(norm.NFC.String(agentName), maxAgentName)}, nil
}

// claimsOf is the inverse of identity, for the server's own tokens. They say
// nothing of name and avatar: those were kept when the marketplace's word came,
// and an old cookie must not undo what the shop has told since.
func claimsOf(id *chat.Identity) *claims {
	return &claims{
		Issuer: issuer, Subject: string(id.Actor.UID), Audience: jwt.ClaimStrings{audience},
		ExpiresAt: &numericDate{id.ExpiresAt}, IssuedAt: &numericDate{id.IssuedAt},
		Agent: string(id.Actor.Agent), AgentName: id.Actor.AgentName,
		Login: id.Login, Address: id.Actor.Address,
	}
}

// numericDate is a JWT's time, in seconds since 1970, to the millisecond.
type numericDate struct{ time.Time }

func (d *numericDate) jwt() *jwt.NumericDate {
	if d == nil {
		return nil
	}
	return &jwt.NumericDate{Time: d.Time}
}

// MarshalJSON writes whole seconds without a fraction, as most libraries do.
func (d numericDate) MarshalJSON() ([]byte, error) {
	ms := d.UnixMilli()
	if ms%1000 == 0 {
		return json.Marshal(ms / 1000)
	}
	return json.Marshal(float64(ms) / 1000)
}

// UnmarshalJSON reads seconds with or without a fraction.
func (d *numericDate) UnmarshalJSON(data []byte) error {
	var sec float64
	if err := json.Unmarshal(data, &sec); err != nil {
		return fmt.Errorf("a time is a number of seconds: %w", err)
	}
	if math.Abs(sec) > 1e11 { // the year 5138; beyond it somebody sent milliseconds
		return fmt.Errorf("a time is a number of seconds, %g is none", sec)
	}
	d.Time = time.UnixMilli(int64(math.Floor(sec*1000 + 0.5))).UTC()
	return nil
}
