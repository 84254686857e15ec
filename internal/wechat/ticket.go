package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"haggle/internal/chat"
)

// ticketName names one of the two things that WeChat lends.
type ticketName string

const (
	ticketAccess ticketName = "wechat_access_token"
	ticketJS     ticketName = "wechat_jsapi_ticket"
)

const (
	// ticketMargin is how long before its end a ticket is no longer used.
	ticketMargin = 5 * time.Minute

	// leaseFor is how long a node may take to fetch one. After that another may.
	leaseFor = 2 * askWithin

	// lookAgain is how often a node looks whether another has fetched one.
	lookAgain = 200 * time.Millisecond
)

// ticket returns a ticket that is good, and is not the one that was found to be none.
// However many ask, on all nodes one fetches it.
func (c *Client) ticket(ctx context.Context, name ticketName, stale string) (string, error) {
	flight := c.flights.DoChan(string(name)+"\n"+stale, func() (any, error) {
		// Others wait for it too, so that no caller's leaving ends it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseFor+askWithin)
		defer cancel()
		return c.share(ctx, name, stale)
	})
	select {
	case r := <-flight:
		value, _ := r.Val.(string) // "" beside an error
		return value, r.Err
	case <-ctx.Done():
		return "", fmt.Errorf("wait for a ticket of WeChat's: %w", ctx.Err())
	}
}

// share returns the ticket that the nodes have, or fetches one for all of them.
func (c *Client) share(ctx context.Context, name ticketName, stale string) (string, error) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		if value, _, err := c.kept(ctx, name, stale); err != nil || value != "" {
			return value, err
		}
		now := c.now()
		mine, err := c.tickets.LeaseTicket(ctx, string(name), now, now.Add(leaseFor))
		if err != nil {
			return "", err
		}
		if mine {
			// Between the look and the lease another node may have fetched one.
			value, expires, err := c.kept(ctx, name, stale)
			switch {
			case err != nil: // the lease ends by itself: what the others use is not touched
				return "", err
			case value != "":
				return value, c.tickets.PutTicket(ctx, string(name), value, expires)
			}
			return c.renew(ctx, name)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", fmt.Errorf("wait for another node's ticket of WeChat's: %w", ctx.Err())
		}
	}
}

// kept returns the ticket that the nodes have and its end, "" for none that is good.
func (c *Client) kept(ctx context.Context, name ticketName, stale string) (string, time.Time, error) {
	value, expires, err := c.tickets.Ticket(ctx, string(name))
	if chat.KindOf(err) == chat.NotFound {
		err = nil
	} else if err == nil && value != stale && c.now().Before(expires.Add(-ticketMargin)) {
		return value, expires, nil
	}
	return "", time.Time{}, err
}

// renew fetches a ticket and keeps it. When that fails the lease ends: the next to ask
// tries again.
func (c *Client) renew(ctx context.Context, name ticketName) (string, error) {
	var value string
	var life time.Duration
	var err error
	asked := c.now()
	switch name {
	case ticketAccess:
		value, life, err = c.fetchAccessToken(ctx)
	case ticketJS:
		value, life, err = c.fetchJSTicket(ctx)
	}
	if err == nil && (value == "" || life <= 0) {
		err = errors.New("WeChat's answer has no ticket")
	}
	if err != nil {
		return "", errors.Join(err, c.tickets.PutTicket(ctx, string(name), "", time.Time{}))
	}
	// What lives for less than the margin is used once, by this request.
	return value, c.tickets.PutTicket(ctx, string(name), value, asked.Add(life))
}

func (c *Client) fetchAccessToken(ctx context.Context) (string, time.Duration, error) {
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	}
	err := c.ask(ctx, "/cgi-bin/token", url.Values{
		"grant_type": {"client_credential"}, "appid": {c.cfg.AppID}, "secret": {c.cfg.Secret},
	}, &answer)
	return answer.AccessToken, time.Duration(answer.ExpiresIn) * time.Second, err
}

func (c *Client) fetchJSTicket(ctx context.Context) (string, time.Duration, error) {
	var answer struct {
		Ticket    string `json:"ticket"`
		ExpiresIn int64  `json:"expires_in"` // seconds
	}
	err := c.withToken(ctx, func(token string) error {
		return c.ask(ctx, "/cgi-bin/ticket/getticket", url.Values{"access_token": {token}, "type": {"jsapi"}}, &answer)
	})
	return answer.Ticket, time.Duration(answer.ExpiresIn) * time.Second, err
}
