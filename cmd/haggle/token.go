package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"haggle/internal/app"
	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/config"
)

type tokenCommand struct {
	config.Common

	TokenSecret config.Secrets `help:"Secret to sign with, like serve's. Without one, that of the data directory." placeholder:"[KID:]SECRET"`
	UID         string         `name:"uid" required:"" env:"-" help:"Who the token is about: U_… a buyer, V_… or E_… a merchant." placeholder:"UID"`
	Name        string         `env:"-" help:"Name that is shown, of a buyer: a merchant's is what the shop's backend says." placeholder:"TEXT"`
	Avatar      string         `env:"-" help:"Address of a buyer's picture." placeholder:"URL"`
	Agent       string         `env:"-" help:"Who of the merchant's staff it is." placeholder:"ID"`
	AgentName   string         `env:"-" help:"Name of that person." placeholder:"TEXT"`
	TTL         time.Duration  `name:"ttl" env:"-" help:"How long the token is good for, 24h at the most." default:"1h" placeholder:"TIME"`
}

// Run prints the token and nothing else, so that a script can use it.
func (c *tokenCommand) Run() error {
	claims, err := c.claims()
	if err != nil {
		return &usageError{err}
	}
	var secret []byte
	if claims.KeyID, secret, err = c.secret(); err != nil {
		return err
	}
	token, err := auth.SignShopToken(secret, claims)
	if err != nil {
		return err
	}
	fmt.Println(token)
	return nil
}

func (c *tokenCommand) claims() (auth.ShopClaims, error) {
	uid, err := chat.ParseUID(c.UID)
	switch {
	case err != nil:
		return auth.ShopClaims{}, fmt.Errorf("--uid %q: %w", c.UID, err)
	case uid.IsGuest():
		return auth.ShopClaims{}, fmt.Errorf("--uid %q: guests are let in by the server itself", c.UID)
	case uid.Side() == chat.BuyerSide && (c.Agent != "" || c.AgentName != ""):
		return auth.ShopClaims{}, errors.New("--agent and --agent-name are for merchants: a buyer has no staff")
	case uid.Side() == chat.MerchantSide && c.Agent == "":
		return auth.ShopClaims{}, errors.New("--agent is needed: say who of the merchant's staff it is")
	case c.TTL <= 0 || c.TTL > auth.MaxTokenLife:
		return auth.ShopClaims{}, fmt.Errorf("--ttl is %v, allowed is more than 0 and up to %v", c.TTL, auth.MaxTokenLife)
	}
	if c.Agent != "" {
		if _, err := chat.ParseAgentID(c.Agent); err != nil {
			return auth.ShopClaims{}, fmt.Errorf("--agent %q: %w", c.Agent, err)
		}
	}
	now := time.Now()
	return auth.ShopClaims{
		UID: uid, Name: c.Name, Avatar: c.Avatar, Agent: chat.AgentID(c.Agent), AgentName: c.AgentName,
		IssuedAt: now, ExpiresAt: now.Add(c.TTL),
	}, nil
}

// secret returns what the server verifies with. The server holds its data
// directory for itself, so the secret is read from the file that it leaves there.
func (c *tokenCommand) secret() (kid string, secret []byte, err error) {
	if len(c.TokenSecret) > 0 {
		kid, text := config.SplitKey(c.TokenSecret[0])
		return kid, []byte(text), nil
	}
	text, err := os.ReadFile(filepath.Join(c.Data, app.TokenSecretFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("there is no secret in %s: start the server on it once, or give --token-secret "+
			"(where the marketplace signs with a key pair, only the marketplace can)", c.Data)
	}
	return "", []byte(strings.TrimSpace(string(text))), err
}
