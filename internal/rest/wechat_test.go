package rest_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/rest"
	"haggle/internal/wechat"
	"haggle/internal/wire"
)

// fakeWeChat has media by id, each for one fetch.
type fakeWeChat struct{ media map[string]string }

func (f *fakeWeChat) JSConfig(_ context.Context, address string) (wechat.JSConfig, error) {
	return wechat.JSConfig{AppID: "wx1", Timestamp: 1, NonceStr: "n", Signature: "of " + address}, nil
}

func (f *fakeWeChat) Media(_ context.Context, id string) ([]byte, error) {
	data, ok := f.media[id]
	if !ok {
		return nil, chat.Codef(chat.Invalid, "wechat_media_invalid", "no such medium")
	}
	delete(f.media, id)
	return []byte(data), nil
}

func TestWeChat(t *testing.T) {
	f := newFixture(t, func(d *rest.Deps, _ *auth.Config, _ *chat.Limits) {
		d.WeChat, d.WeChatJS = &fakeWeChat{media: map[string]string{"m1": "a picture"}}, "https://res.wx.qq.com/x.js"
	})
	var me wire.Me
	f.want(request{method: http.MethodGet, path: "/v1/me", as: "U_7"}, http.StatusOK, &me)
	if me.WeChat == nil || me.WeChat.JS != "https://res.wx.qq.com/x.js" {
		t.Errorf("me says %+v", me.WeChat)
	}
	sign := func(address string) request {
		return request{method: http.MethodGet, path: "/v1/wechat/js-config?url=" + url.QueryEscape(address), as: "U_7"}
	}
	for _, address := range []string{ownOrigin + "/chat?product=1", shopOrigin + "/p/1#x"} {
		var cfg wire.JSConfig
		f.want(sign(address), http.StatusOK, &cfg)
		if cfg.Signature != "of "+address || cfg.AppID != "wx1" {
			t.Errorf("the signature for %s is %+v", address, cfg)
		}
	}
	for _, address := range []string{"https://evil.example/", "https://chat.example.evil/", "nonsense"} {
		f.fails(sign(address), http.StatusForbidden, "origin_not_allowed")
	}
	f.fails(sign("%zz"), http.StatusBadRequest, "invalid_url")

	upload := func(key string) request {
		return request{method: http.MethodPut, path: "/v1/wechat/files/" + key, body: `{"media_id":"m1"}`, as: "U_7"}
	}
	var first, again wire.File
	f.want(upload("k1"), http.StatusOK, &first)
	// WeChat does not have it any more: the same key is the same picture all the same.
	f.want(upload("k1"), http.StatusOK, &again)
	if first.ID == "" || again != first {
		t.Errorf("%+v, then %+v", first, again)
	}
	f.fails(upload("k2"), http.StatusBadRequest, "wechat_media_invalid")
	stranger := upload("k3")
	stranger.as = ""
	f.fails(stranger, http.StatusUnauthorized, "token_missing")
}

func TestWeChat_off(t *testing.T) {
	f := newFixture(t)
	f.fails(request{method: http.MethodPut, path: "/v1/wechat/files/k1", body: `{"media_id":"m1"}`, as: "U_7"}, http.StatusNotFound, "not_found")
	var me wire.Me
	f.want(request{method: http.MethodGet, path: "/v1/me", as: "U_7"}, http.StatusOK, &me)
	if me.WeChat != nil {
		t.Errorf("me says %+v", me.WeChat)
	}
}

// codesFor makes codes that can be read.
type codesFor struct{}

func (codesFor) Mine(m chat.UID) string     { return "mine-" + string(m) }
func (codesFor) Buyer(m, b chat.UID) string { return string(b) + "-for-" + string(m) }

func TestCompatCodes(t *testing.T) {
	f := newFixture(t, func(d *rest.Deps, _ *auth.Config, _ *chat.Limits) { d.CompatCodes = codesFor{} })
	ask := func(body, key string) request {
		return request{method: http.MethodPost, path: "/v1/server/compat-codes", body: body, header: map[string]string{"Authorization": "Bearer " + key}}
	}
	var got rest.CompatCodesAnswer
	f.want(ask(`{"merchant":"V_1","buyers":["U_7"]}`, apiKey), http.StatusOK, &got)
	if got.MyCode != "mine-V_1" || got.Buyers["U_7"] != "U_7-for-V_1" {
		t.Errorf("the codes are %+v", got)
	}
	f.fails(ask(`{"merchant":"U_1"}`, apiKey), http.StatusBadRequest, "invalid_merchant")
	f.fails(ask(`{"merchant":"x"}`, apiKey), http.StatusBadRequest, "invalid_uid")
	f.fails(ask(`{"merchant":"V_1","buyers":["V_2"]}`, apiKey), http.StatusBadRequest, "invalid_uid")
	f.fails(ask(`{"merchant":"V_1"}`, "hk_another"), http.StatusUnauthorized, "api_key_invalid")
}
