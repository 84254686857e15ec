package wechat

import (
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // WeChat will have it so
	"encoding/hex"
	"fmt"
	"strings"
)

// JSConfig is what a page hands to wx.config.
type JSConfig struct {
	AppID     string
	Timestamp int64 // Unix seconds
	NonceStr  string
	Signature string
}

// JSConfig signs for the page at address, in which a fragment does not count. The
// error is Unavailable with code "wechat_unavailable".
func (c *Client) JSConfig(ctx context.Context, address string) (JSConfig, error) {
	ticket, err := c.ticket(ctx, ticketJS, "")
	if err != nil {
		return JSConfig{}, worded(err)
	}
	cfg := JSConfig{AppID: c.cfg.AppID, Timestamp: c.now().Unix(), NonceStr: strings.ToLower(rand.Text()[:16])}
	cfg.Signature = sign(ticket, cfg.NonceStr, cfg.Timestamp, address)
	return cfg, nil
}

// sign is the signature of WeChat's JS-SDK documentation, appendix 1: the SHA-1 of the
// four fields in the order of their names.
func sign(ticket, nonce string, timestamp int64, address string) string {
	address, _, _ = strings.Cut(address, "#")
	sum := sha1.Sum(fmt.Appendf(nil, "jsapi_ticket=%s&noncestr=%s&timestamp=%d&url=%s", ticket, nonce, timestamp, address)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}
