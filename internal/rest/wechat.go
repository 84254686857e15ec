package rest

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

type jsConfigIn struct {
	URL string `query:"url" required:"true" maxLength:"2048" doc:"The page's address, as it was first loaded"`
}

type weChatFileIn struct {
	Key string `path:"key" maxLength:"64" doc:"As for an upload"`

	Body WeChatFileRequest
}

// WeChatFileRequest names a picture that a page has uploaded to WeChat.
type WeChatFileRequest struct {
	MediaID string `json:"media_id" maxLength:"128" doc:"What wx.uploadImage calls serverId"`
}

// weChatRoutes are there only where there is an official account.
func (a *API) weChatRoutes() {
	if a.WeChat == nil {
		return
	}
	actorIn(a, get("/v1/wechat/js-config", "wechat-js-config", tagFiles, "A signature for WeChat's JS-SDK",
		"For `wx.config` on one of the server's own pages, or the shop's. A fragment of the address does not count."), a.jsConfig)
	actorIn(a, put("/v1/wechat/files/{key}", "wechat-upload", tagFiles, "Take over a picture that was uploaded to WeChat",
		"Instead of `PUT /v1/files/{key}`, with the same answer, allowance and key: the same key again is the same picture, "+
			"also when WeChat no longer has it."), a.weChatUpload)
}

func (a *API) jsConfig(ctx context.Context, _ chat.Actor, in *jsConfigIn) (*answer[wire.JSConfig], error) {
	u, err := url.Parse(in.URL)
	if err != nil {
		return nil, chat.Codef(chat.Invalid, "invalid_url", "this is no address")
	}
	// A signature is worth something on its own page only; whose that is, is our word.
	origin := u.Scheme + "://" + strings.ToLower(u.Host)
	if !slices.Contains(a.OwnOrigins, origin) && !slices.Contains(a.Origins, origin) {
		return nil, errOrigin()
	}
	cfg, err := a.WeChat.JSConfig(ctx, in.URL)
	if err != nil {
		return nil, err
	}
	return &answer[wire.JSConfig]{wire.JSConfig{
		AppID: cfg.AppID, Timestamp: cfg.Timestamp, NonceStr: cfg.NonceStr, Signature: cfg.Signature,
	}}, nil
}

func (a *API) weChatUpload(ctx context.Context, actor chat.Actor, in *weChatFileIn) (*answer[wire.File], error) {
	key, err := chat.ParseNonce(in.Key)
	if err != nil {
		return nil, err
	}
	f, err := a.Uploader.Uploaded(ctx, actor, key)
	if err == nil {
		return &answer[wire.File]{wire.FromFile(&f)}, nil
	}
	if chat.KindOf(err) != chat.NotFound {
		return nil, err
	}
	free, err := a.uploads.take(ctx, actor, a.svc.Limits().UploadBytes)
	if err != nil {
		return nil, err
	}
	defer free()
	data, err := a.WeChat.Media(ctx, in.Body.MediaID)
	if err != nil {
		return nil, err
	}
	if f, err = a.Uploader.Upload(ctx, actor, key, data); err != nil {
		return nil, err
	}
	return &answer[wire.File]{wire.FromFile(&f)}, nil
}
