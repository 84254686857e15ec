package rest

import "context"

// CallerAnswer is where a request has come from, as far as the server can see.
type CallerAnswer struct {
	Address   string   `json:"address" doc:"Whom it is counted for"`
	Peer      string   `json:"peer" doc:"Whose connection it came over: the proxy's, if there is one"`
	Believed  bool     `json:"believed" doc:"The peer is believed about whom it speaks for (--trusted-proxies)"`
	Forwarded []string `json:"forwarded" doc:"X-Forwarded-For as it arrived, one of each line"`
}

type callerIn struct{ exchange }

func (a *API) callerRoute() {
	backendIn(a, get("/v1/server/caller", "caller", tagServer, "Where this request came from",
		"What the proxy in front has made of it: `haggle doctor` looks at that."), a.caller)
}

func (a *API) caller(_ context.Context, in *callerIn) (*answer[CallerAnswer], error) {
	peer := ClientIP(in.r, nil)
	out := CallerAnswer{
		Address: ClientIP(in.r, a.TrustedProxies).String(), Peer: peer.String(),
		Believed: isTrusted(peer, a.TrustedProxies), Forwarded: []string{},
	}
	out.Forwarded = append(out.Forwarded, in.r.Header.Values(headerForwarded)...)
	return &answer[CallerAnswer]{out}, nil
}
