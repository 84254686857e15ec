package config

import (
	"math"
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"haggle/internal/chat"
)

// Config is what an operator can set. Check must have accepted it before its
// methods are used.
type Config struct {
	Common
	Listening
	Nodes
	Trust
	PHPChat
	WeChat
	Webhook
	Branding
	Blobs
	Limits
	Logging
}

// Common is what commands that do not serve need, too.
type Common struct {
	Config string `help:"YAML file with any of these settings, by their long names. Flags win over the environment, the environment over the file." placeholder:"FILE" type:"path"`
	Data   string `help:"Directory of the database, the pictures and the secrets. It is made if it is not there." placeholder:"DIR" type:"path" default:"${data}"`
	Store  string `help:"Address of a PostgreSQL, MySQL or MariaDB database to use instead of the one in --data. A password is better in the environment or the file than on the command line. See docs/postgresql.md and docs/mysql.md." placeholder:"postgres://USER:PASSWORD@HOST/NAME"`
}

// Listening says where the server is found.
type Listening struct {
	Listen       string  `group:"Where it is found" help:"Address to serve on. Port 0 takes a free one. Beyond this machine it needs TLS or --behind-proxy." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	AdminListen  string  `group:"Where it is found" help:"Address of metrics, health and profiles, for the operator alone; \"off\" for none." default:"127.0.0.1:8081" placeholder:"HOST:PORT"`
	BaseURL      string  `group:"Where it is found" name:"base-url" help:"Address under which browsers reach the server, like https://chat.example.com. From --listen if that says it." placeholder:"URL"`
	TLSCert      string  `group:"Where it is found" name:"tls-cert" help:"PEM file with the certificate and its chain. A changed file is taken up without a restart." placeholder:"FILE" type:"path"`
	TLSKey       string  `group:"Where it is found" name:"tls-key" help:"PEM file with the certificate's key." placeholder:"FILE" type:"path"`
	BehindProxy  bool    `group:"Where it is found" help:"A reverse proxy in front of the server terminates TLS. Needs --base-url."`
	TrustedProxy Proxies `group:"Where it is found" name:"trusted-proxies" help:"Addresses or networks whose X-Forwarded-For is believed. With --behind-proxy and none given: this machine's own." placeholder:"CIDR"`
}

// Trust says who is let in, and from which pages.
type Trust struct {
	Origins         []string `group:"Who is let in" help:"Origins whose pages may open the socket and sign people in, like https://shop.example.com. The base URL's own always may. Pages of other origins cannot call the HTTP API, listed or not: it is for the chat's own pages and for servers." placeholder:"ORIGIN"`
	FrameAncestors  []string `group:"Who is let in" help:"Origins that may show the buyer's page in a frame, like https://shop.example.com or https://*.example.com. None may if none is given." placeholder:"ORIGIN"`
	TokenSecret     Secrets  `group:"Who is let in" help:"Secret of 32 bytes or more that the marketplace signs its tokens with (HS256). What stands before a colon is its kid, so a secret that holds a colon itself begins with one. Two of these while it changes: repeat the flag, or put a blank or a line break between them. Better in the environment or the file than on the command line. Without any key one is made and kept in the data directory." placeholder:"[KID:]SECRET"`
	TokenPublicKeys []string `group:"Who is let in" help:"PEM files with public keys that the marketplace's tokens are verified with (RS256, ES256, EdDSA)." placeholder:"[KID:]FILE"`
	JWKSURL         string   `group:"Who is let in" name:"jwks-url" help:"Address where the marketplace lists its public keys." placeholder:"URL"`
	APIKey          Secrets  `group:"Who is let in" name:"api-key" help:"Keys of the shop's backend, 26 characters or more; two while they change, as with --token-secret. Without one a key is made and kept in the data directory." placeholder:"KEY"`
	Guests          bool     `group:"Who is let in" help:"Let buyers in who are not signed in."`
}

// PHPChat says whether the pages of a PHP chat are served.
type PHPChat struct {
	Compat         bool   `group:"The PHP chat" help:"Serve the pages of the PHP chat (GatewayWorker, ThinkPHP) that came before: their requests under /push/push/ on --listen, and their socket. See docs/migrate-from-php.md."`
	CompatListen   string `group:"The PHP chat" help:"Address of those pages' socket. Beyond this machine it needs TLS or --behind-proxy, like --listen." default:"${compat_listen}" placeholder:"HOST:PORT"`
	CompatTimezone string `group:"The PHP chat" help:"Time zone of the times that those pages are told, like PHP's date.timezone." default:"Asia/Shanghai" placeholder:"ZONE"`

	CompatGateway        string `group:"The PHP chat" help:"Address on which the shop's GatewayClient and BusinessWorkers find what was GatewayWorker's Register, port 1238 if it says none. With it they reach the sockets of those pages. Beyond this machine it needs --compat-gateway-secret." placeholder:"HOST[:PORT]"`
	CompatGatewayInner   string `group:"The PHP chat" help:"Address that takes their packets, of this server alone, on IPv4." default:"127.0.0.1:2900" placeholder:"IP:PORT"`
	CompatGatewayAddress string `group:"The PHP chat" help:"Address under which PHP reaches that one, if it is another: behind a container's network, say. It is in every client_id." placeholder:"IP:PORT"`
	CompatGatewaySecret  string `group:"The PHP chat" help:"What PHP calls secretKey, the same in Gateway and GatewayClient. Better in the environment or the file than on the command line." placeholder:"SECRET"`
}

// WeChat is the shop's official account, for pages inside WeChat.
type WeChat struct {
	WeChatAppID  string  `group:"WeChat" name:"wechat-app-id" help:"App ID of the shop's official account. With it, buyers inside WeChat choose pictures in WeChat's own way. See docs/wechat.md." placeholder:"ID"`
	WeChatSecret Secrets `group:"WeChat" name:"wechat-secret" help:"Its secret. Better in the environment or the file than on the command line." placeholder:"SECRET"`
	WeChatAPI    string  `group:"WeChat" name:"wechat-api" help:"Address of WeChat's API." default:"https://api.weixin.qq.com" placeholder:"URL"`
	WeChatJS     string  `group:"WeChat" name:"wechat-js" help:"Address of WeChat's JS-SDK." default:"https://res.wx.qq.com/open/js/jweixin-1.6.0.js" placeholder:"URL"`
}

// HasWeChat reports whether there is an official account.
func (w *WeChat) HasWeChat() bool { return w.WeChatAppID != "" }

// Webhook says where the shop is told that messages stay unread.
type Webhook struct {
	WebhookURL         string        `group:"Webhook" name:"webhook-url" help:"Address of the shop's backend that is told, by a signed POST, when a message stays unread. See docs/webhooks.md." placeholder:"URL"`
	WebhookSecret      Secrets       `group:"Webhook" help:"Secret of 24 characters or more that what is posted is signed with; two while it changes, as with --token-secret. Without one a secret is made and kept in the data directory." placeholder:"SECRET"`
	WebhookUnreadAfter time.Duration `group:"Webhook" help:"How long a message stays unread before the shop is told." default:"60s" placeholder:"TIME"`
	WebhookUnreadBy    []string      `group:"Webhook" help:"Whose unread messages it is told of: the merchant's, the buyer's or both. Of guests it is never told." default:"merchant,buyer" placeholder:"SIDE"`
	WebhookAllow       []string      `group:"Webhook" help:"Addresses, networks or host names that the webhook may reach although they are not on the open internet, like 10.0.0.0/8 or shop.internal." placeholder:"CIDR|HOST"`
}

// Limits are the limits that can be set. The others are chat.DefaultLimits'.
type Limits struct {
	LimitText      int           `group:"Limits" help:"Characters of a message." default:"${limit_text}" placeholder:"N"`
	LimitBlocks    int           `group:"Limits" help:"Blocks of a message." default:"${limit_blocks}" placeholder:"N"`
	LimitImages    int           `group:"Limits" help:"Pictures of a message." default:"${limit_images}" placeholder:"N"`
	LimitUpload    Bytes         `group:"Limits" help:"Size of an uploaded picture, like 20MiB." default:"${limit_upload}" placeholder:"SIZE"`
	LimitPixels    int64         `group:"Limits" help:"Pixels of an uploaded picture, all frames of an animation counted." default:"${limit_pixels}" placeholder:"N"`
	LimitDecoding  int64         `group:"Limits" help:"Pixels being decoded at any one time. Each takes about 8 bytes of memory." default:"${limit_decoding}" placeholder:"N"`
	LimitSockets   int           `group:"Limits" help:"Live connections of a buyer or an agent." default:"${limit_sockets}" placeholder:"N"`
	RecallWithin   time.Duration `group:"Limits" help:"How long a message can be recalled." default:"${recall_within}" placeholder:"TIME"`
	KeepUnattached time.Duration `group:"Limits" help:"How long an uploaded picture waits for its message." default:"${keep_unattached}" placeholder:"TIME"`
	Rates          Rates         `group:"Limits" help:"Rates by action, like send=20/10s+100/1m. Actions: ${actions}." placeholder:"ACTION=N/TIME;…"`
	RateFactor     float64       `group:"Limits" help:"Multiplies every rate, for load tests; 0 lifts them all." default:"1" placeholder:"X"`
}

// Logging says what is logged, and how.
type Logging struct {
	LogLevel  string `group:"Logging" help:"How much is logged: ${enum}." enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL"`
	LogFormat string `group:"Logging" help:"How it is written: ${enum}." enum:"text,json" default:"text" placeholder:"FORMAT"`
}

// Options returns what kong needs to fill a Config as this package promises.
func Options() []kong.Option {
	l := chat.DefaultLimits()
	return []kong.Option{
		kong.DefaultEnvars(envPrefix),
		kong.Resolvers(&fileResolver{}),
		kong.ValueFormatter(explain),
		limitVars(&l),
	}
}

// explain returns a setting's help: what it is, its default and its variable.
func explain(v *kong.Value) string {
	if v.HasDefault && v.Default != "" {
		help := *v
		help.Help += " Default: " + v.Default + "."
		v = &help
	}
	return kong.DefaultHelpValueFormatter(v)
}

// Chat returns the limits that the parts hold everybody to, the factor of the
// rates included. Without any rates there is nothing to hold anybody to.
func (l *Limits) Chat() chat.Limits {
	limits := chat.DefaultLimits()
	limits.TextRunes = l.LimitText
	limits.Blocks = l.LimitBlocks
	limits.Images = l.LimitImages
	limits.UploadBytes = int64(l.LimitUpload)
	limits.UploadPixels = l.LimitPixels
	limits.DecodePixels = l.LimitDecoding
	limits.Sockets = l.LimitSockets
	limits.RecallWithin = l.RecallWithin
	limits.UnattachedFor = l.KeepUnattached
	for action, rates := range l.Rates {
		limits.Rates[action] = slices.Clone(rates)
	}
	if l.RateFactor == 0 {
		limits.Rates = nil
	}
	for _, rates := range limits.Rates {
		for i := range rates {
			rates[i].Burst = int(max(1, math.Round(float64(rates[i].Burst)*l.RateFactor)))
		}
	}
	return limits
}
