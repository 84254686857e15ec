package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
	"haggle/internal/config"
)

// parse returns what the command line, the environment and a settings file make
// together. file "" is none.
func parse(t *testing.T, file string, env map[string]string, args ...string) (*config.Config, error) {
	t.Helper()
	var commands struct {
		Serve config.Config `cmd:"" set:"data=./haggle-data"`
		Token config.Common `cmd:"" set:"data=./haggle-data"`
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	if file != "" {
		path := filepath.Join(t.TempDir(), "haggle.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	parser, err := kong.New(&commands, append(config.Options(), kong.Exit(func(int) { t.Fatal("exit") }))...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"serve"}, args...))
	return &commands.Serve, err
}

func TestOrder(t *testing.T) {
	const file = "listen: 127.0.0.1:1001\nlimit-text: 1001\norigins: [https://file.example]\nguests: true\n"
	for _, c := range []struct {
		name   string
		file   string
		env    map[string]string
		args   []string
		listen string
		text   int
		origin string
		guests bool
	}{
		{name: "default", listen: "127.0.0.1:8080", text: 4000},
		{name: "file over default", file: file, listen: "127.0.0.1:1001", text: 1001, origin: "https://file.example", guests: true},
		{
			name: "environment over file", file: file,
			env:    map[string]string{"HAGGLE_LISTEN": "127.0.0.1:1002", "HAGGLE_LIMIT_TEXT": "1002", "HAGGLE_ORIGINS": "https://env.example", "HAGGLE_GUESTS": "false"},
			listen: "127.0.0.1:1002", text: 1002, origin: "https://env.example",
		},
		{
			name: "flag over environment and file", file: file,
			env:    map[string]string{"HAGGLE_LISTEN": "127.0.0.1:1002", "HAGGLE_LIMIT_TEXT": "1002", "HAGGLE_ORIGINS": "https://env.example"},
			args:   []string{"--listen", "127.0.0.1:1003", "--limit-text", "1003", "--origins", "https://flag.example"},
			listen: "127.0.0.1:1003", text: 1003, origin: "https://flag.example", guests: true,
		},
		{
			name: "flag with the default's value over the file", file: file, args: []string{"--limit-text=4000"},
			listen: "127.0.0.1:1001", text: 4000, origin: "https://file.example", guests: true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse(t, c.file, c.env, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			if got.Listen != c.listen || got.LimitText != c.text || strings.Join(got.Origins, " ") != c.origin || got.Guests != c.guests {
				t.Errorf("listen %q, text %d, origins %q, guests %v; want %q, %d, %q, %v",
					got.Listen, got.LimitText, got.Origins, got.Guests, c.listen, c.text, c.origin, c.guests)
			}
		})
	}
}

func TestConfigFileFromEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "haggle.yaml")
	if err := os.WriteFile(path, []byte("log-level: debug\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := parse(t, "", map[string]string{"HAGGLE_CONFIG": path})
	if err != nil || got.LogLevel != "debug" {
		t.Errorf("log level %q, %v; want that of the file", got.LogLevel, err)
	}
}

func TestFile(t *testing.T) {
	for _, c := range []struct {
		name, file, want string // want: part of the error; "" none
	}{
		{"empty", "# nothing\n", ""},
		{"key without a value", "base-url:\n", ""},
		{"off is a word", "admin-listen: off\n", ""},
		{"numbers and lists", "rate-factor: 2.5\nlimit-upload: 1048576\ntrusted-proxies: [10.0.0.0/8, 192.0.2.1]\n", ""},
		{"rates", "rates:\n  send: 40/10s+200/1m\n", ""},
		{"unknown key", "listen: 127.0.0.1:1\nlisten-on: x\n", `line 2: unknown setting "listen-on"`},
		{"another style", "base_url: https://a.example\n", `did you mean "base-url"`},
		{"key of no command", "config: other.yaml\n", `unknown setting "config"`},
		{"twice", "listen: a:1\nlisten: b:1\n", "already defined"},
		{"no map", "- listen\n", "cannot unmarshal"},
		{"two documents", "listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n", "more than one document"},
		{"nested list", "origins: [[a]]\n", "line 1: origins: want a list of plain values"},
		{"bad value", "log-level: loud\n", `must be one of "debug","info","warn","error" but got "loud"`},
		{"bad number", "limit-text: many\n", "expected a valid 64 bit int"},
		{"bad size", "limit-upload: huge\n", "KiB, MiB or GiB"},
		{"bad rate", "rates: {send: often}\n", "20/10s"},
		{"bad network", "trusted-proxies: [nginx]\n", "neither an address like 10.0.0.7 nor a network"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, c.file, nil)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("error %v, want none", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestFileMissing(t *testing.T) {
	_, err := parse(t, "", nil, "--config", "/nowhere/haggle.yaml")
	if err == nil || !strings.Contains(err.Error(), "/nowhere/haggle.yaml: no such file") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

func TestCheck(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		name string
		args []string
		want string // part of the error; "" none
	}{
		{"default", nil, ""},
		{"this machine, by name", []string{"--listen=localhost:0"}, ""},
		{"this machine, IPv6", []string{"--listen=[::1]:0"}, ""},
		{"everywhere", []string{"--listen=:8080"}, "give --tls-cert and --tls-key, or --behind-proxy"},
		{"the network", []string{"--listen=192.0.2.1:8080"}, "in the clear"},
		{"a name that may be anywhere", []string{"--listen=chat.example.com:8080"}, "in the clear"},
		{"behind a proxy", []string{"--listen=:8080", "--behind-proxy", "--base-url=https://chat.example.com"}, ""},
		{"behind a proxy that nobody knows", []string{"--behind-proxy"}, "--base-url is needed"},
		{"half of TLS", []string{"--tls-cert=cert.pem"}, "go together"},
		{"TLS twice", []string{"--tls-cert=c.pem", "--tls-key=k.pem", "--behind-proxy", "--base-url=https://a.example"}, "give one of them"},
		{"no address", []string{"--listen=8080"}, "write HOST:PORT like 127.0.0.1:8080"},
		{"port too high", []string{"--listen=127.0.0.1:99999"}, "--listen"},
		{"admin off", []string{"--admin-listen=off"}, ""},
		{"admin elsewhere", []string{"--admin-listen=no"}, "or \"off\""},
		{"base URL with a path", []string{"--base-url=https://example.com/chat"}, "without a path"},
		{"origin without a scheme", []string{"--origins=shop.example.com"}, "like https://shop.example.com"},
		{"origins", []string{"--origins=https://shop.example.com,http://localhost:3000"}, ""},
		{"frame-ancestors", []string{"--frame-ancestors=https://*.example.com"}, ""},
		{"frame-ancestors that say more", []string{"--frame-ancestors=https://a.example; script-src *"}, "--frame-ancestors"},
		{"short secret", []string{"--token-secret=short"}, "it needs at least 32"},
		{"two secrets", []string{"--token-secret=a:" + secret, "--token-secret=b:" + secret}, ""},
		{"two secrets in one", []string{"--token-secret=a:" + secret + " b:" + secret}, ""},
		{"a secret with a blank", []string{"--token-secret=correct horse battery staple and more"}, "a blank in a secret begins another"},
		{"no such key file", []string{"--token-public-keys=/nowhere.pem"}, "--token-public-keys"},
		{"short API key", []string{"--api-key=short"}, "--api-key"},
		{"JWKS in the clear", []string{"--jwks-url=http://shop.example/jwks"}, "--jwks-url"},
		{"no text", []string{"--limit-text=0"}, "--limit-text is 0, allowed is 1 to"},
		{"more text than a frame holds", []string{"--limit-text=60000"}, "--limit-text"},
		{"picture larger than all decoding", []string{"--limit-pixels=90000000"}, "--limit-pixels"},
		{"unknown action", []string{"--rates=shout=1/1s"}, "there are begin, "},
		{"two rates for frames", []string{"--rates=request=200/10s+9000/1h"}, "request takes one rate"},
		{"one rate for frames", []string{"--rates=request=300/10s"}, ""},
		{"old pages, on this machine", []string{"--compat", "--compat-listen=127.0.0.1:8282"}, ""},
		{"old pages, in the clear", []string{"--compat"}, "--compat-listen :8282 would take cookies"},
		{"old pages, behind a proxy", []string{"--compat", "--behind-proxy", "--base-url=https://a.example"}, ""},
		{"old pages nowhere", []string{"--compat", "--compat-listen=8282"}, "write HOST:PORT"},
		{"old pages in no zone", []string{"--compat", "--compat-listen=127.0.0.1:8282", "--compat-timezone=Mars/Olympus"}, "like Asia/Shanghai"},
		{"no old pages, so nothing about them", []string{"--compat-timezone=Mars/Olympus"}, ""},
		{"WeChat", []string{"--wechat-app-id=wx1", "--wechat-secret=s"}, ""},
		{"a brand", []string{"--brand-name=Shop", "--brand-accent=#ff6a00", "--brand-radius=8px", "--brand-logo=https://shop.example/logo.svg"}, ""},
		{"a colour by name", []string{"--brand-accent=orange"}, "no colour like"},
		{"a radius of a circle", []string{"--brand-radius=50"}, "0 to 28"},
		{"a logo in the clear", []string{"--brand-logo=http://shop.example/logo.svg"}, "no https:// address"},
		{"a logo that is a page", []string{"--brand-logo=logo.html"}, "neither an https:// address nor"},
		{"a logo that is not there", []string{"--brand-logo=nowhere.png"}, "no such file"},
		{"a webhook", []string{"--webhook-url=https://shop.example/hook", "--webhook-secret=0123456789abcdef01234567"}, ""},
		{"a webhook in the clear", []string{"--webhook-url=http://shop.example/hook"}, "in the clear"},
		{"a webhook to a neighbour", []string{"--webhook-url=http://shop.internal/hook", "--webhook-allow=shop.internal,10.0.0.0/8"}, ""},
		{"a webhook to a neighbour's address", []string{"--webhook-url=http://10.1.2.3:8000/hook", "--webhook-allow=10.0.0.0/8"}, ""},
		{"a webhook to another's address", []string{"--webhook-url=http://11.1.2.3:8000/hook", "--webhook-allow=10.0.0.0/8"}, "--webhook-allow"},
		{"a webhook with a password", []string{"--webhook-url=https://me:pw@shop.example/hook"}, "--webhook-url"},
		{"a webhook to a script", []string{"--webhook-url=javascript:alert(1)"}, "--webhook-url"},
		{"three secrets", []string{"--webhook-secret=0123456789abcdef01234567 0123456789abcdef01234568 0123456789abcdef01234569"}, "allowed are two"},
		{"a webhook at once", []string{"--webhook-unread-after=0s"}, "--webhook-unread-after"},
		{"a webhook about others", []string{"--webhook-unread-by=agent"}, "neither buyer nor merchant"},
		{"a webhook with half a network", []string{"--webhook-allow=10.0.0.0/99"}, "--webhook-allow"},
		{"half of WeChat", []string{"--wechat-app-id=wx1"}, "go together"},
		{"the other half", []string{"--wechat-secret=s"}, "go together"},
		{"WeChat in the clear", []string{"--wechat-app-id=wx1", "--wechat-secret=s", "--wechat-api=http://api.example"}, "--wechat-api"},
		{"WeChat's script from anywhere", []string{"--wechat-app-id=wx1", "--wechat-secret=s", "--wechat-js=javascript:alert(1)"}, "--wechat-js"},
		{"negative factor", []string{"--rate-factor=-1"}, "--rate-factor"},
		{"no number", []string{"--rate-factor=NaN"}, "--rate-factor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := parse(t, "", nil, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			switch err := cfg.Check(); {
			case c.want == "" && err != nil:
				t.Errorf("error %v, want none", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// Whoever reaches the demo may be anybody, so nobody beyond the machine does.
func TestCheckDemo(t *testing.T) {
	for _, args := range [][]string{
		{"--listen=:8080"},
		{"--listen=0.0.0.0:8080", "--behind-proxy", "--base-url=https://demo.example"},
		{"--listen=192.0.2.1:1", "--tls-cert=c", "--tls-key=k"},
		{"--behind-proxy", "--base-url=https://demo.example"},
		{"--jwks-url=https://shop.example/jwks"},
		{"--compat"}, // on all addresses, unless the demo's own default holds
	} {
		cfg, err := parse(t, "", nil, args...)
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.CheckDemo(); err == nil {
			t.Errorf("%v: accepted", args)
		}
	}
}

func TestOrigins(t *testing.T) {
	cfg, err := parse(t, "", nil, "--base-url=https://Chat.example.com:443/", "--origins=https://SHOP.example.com,https://chat.example.com,http://[::1]:80",
		"--frame-ancestors=https://*.example.com:8443")
	if err != nil {
		t.Fatal(err)
	}
	base, err := cfg.Base(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cfg.AllowedOrigins(base), []string{"https://chat.example.com", "https://shop.example.com", "http://[::1]"}; !cmp.Equal(got, want) {
		t.Errorf("origins %q, want %q", got, want)
	}
	if got, want := cfg.Ancestors(), []string{"https://*.example.com:8443"}; !cmp.Equal(got, want) {
		t.Errorf("ancestors %q, want %q", got, want)
	}
}

func TestLimits(t *testing.T) {
	cfg, err := parse(t, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(chat.DefaultLimits(), cfg.Chat()); diff != "" {
		t.Errorf("limits without settings differ from the defaults:\n%s", diff)
	}
	cfg, err = parse(t, "", nil, "--limit-upload=5MiB", "--rates=send=40/10s+200/1m;begin=9/1h")
	if err != nil {
		t.Fatal(err)
	}
	got := cfg.Chat()
	want := []chat.Rate{{Burst: 40, Window: 10 * time.Second}, {Burst: 200, Window: time.Minute}}
	if got.UploadBytes != 5<<20 || !cmp.Equal(got.Rates[chat.ActionSend], want) || got.Rates[chat.ActionBegin][0].Burst != 9 {
		t.Errorf("upload %d, rates %v", got.UploadBytes, got.Rates)
	}
}

func TestRateFactor(t *testing.T) {
	for _, c := range []struct {
		factor string
		want   []chat.Rate
	}{
		{"1", []chat.Rate{{Burst: 20, Window: 10 * time.Second}, {Burst: 100, Window: time.Minute}}},
		{"2.5", []chat.Rate{{Burst: 50, Window: 10 * time.Second}, {Burst: 250, Window: time.Minute}}},
		{"0.001", []chat.Rate{{Burst: 1, Window: 10 * time.Second}, {Burst: 1, Window: time.Minute}}},
		{"0", nil},
	} {
		cfg, err := parse(t, "", nil, "--rate-factor="+c.factor)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // asked twice, it is not multiplied twice
			if got := cfg.Chat().Rates[chat.ActionSend]; !cmp.Equal(got, c.want) {
				t.Errorf("factor %s: rates %v, want %v", c.factor, got, c.want)
			}
		}
	}
}

func TestProxies(t *testing.T) {
	cfg, err := parse(t, "", nil, "--trusted-proxies=10.1.2.3/8,192.0.2.1", "--trusted-proxies=fd00::/8")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range cfg.Proxies() {
		got = append(got, p.String())
	}
	if want := []string{"10.0.0.0/8", "192.0.2.1/32", "fd00::/8"}; !cmp.Equal(got, want) {
		t.Errorf("proxies %q, want %q", got, want)
	}
	cfg, err = parse(t, "", nil, "--behind-proxy", "--base-url=https://a.example")
	if err != nil || len(cfg.Proxies()) != 2 || !cfg.Proxies()[0].Addr().IsLoopback() {
		t.Errorf("proxies %v (%v), want this machine's own", cfg.Proxies(), err)
	}
}

func TestSplitKey(t *testing.T) {
	for _, c := range []struct{ in, id, value string }{
		{"secret", "", "secret"},
		{"2026:secret", "2026", "secret"},
		{"2026:sec:ret", "2026", "sec:ret"},
		{":sec:ret", "", "sec:ret"},
		{"a b:secret", "", "a b:secret"},
		{"/etc/keys:old/key.pem", "", "/etc/keys:old/key.pem"},
	} {
		if id, value := config.SplitKey(c.in); id != c.id || value != c.value {
			t.Errorf("SplitKey(%q) = %q, %q, want %q, %q", c.in, id, value, c.id, c.value)
		}
	}
}

// A secret with a comma was read as two, and nobody whose token it signed came
// in.
func TestSecrets_commaWasCut(t *testing.T) {
	const one, two = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa+,/=", "k2:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,"
	for name, c := range map[string]struct {
		file string
		env  map[string]string
		args []string
		want []string
	}{
		"a flag":                        {args: []string{"--token-secret", one}, want: []string{one}},
		"the flag twice":                {args: []string{"--token-secret", one, "--token-secret", two}, want: []string{one, two}},
		"the environment":               {env: map[string]string{"HAGGLE_TOKEN_SECRET": one}, want: []string{one}},
		"two in the environment":        {env: map[string]string{"HAGGLE_TOKEN_SECRET": one + " " + two}, want: []string{one, two}},
		"lines in the environment":      {env: map[string]string{"HAGGLE_TOKEN_SECRET": one + "\n" + two + "\n"}, want: []string{one, two}},
		"a file":                        {file: "token-secret: " + one + "\n", want: []string{one}},
		"a list in a file":              {file: "token-secret:\n- " + one + "\n- '" + two + "'\n", want: []string{one, two}},
		"the flag over the environment": {env: map[string]string{"HAGGLE_TOKEN_SECRET": one}, args: []string{"--token-secret", two}, want: []string{two}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(t, c.file, c.env, c.args...)
			if err != nil || !cmp.Equal([]string(got.TokenSecret), c.want) {
				t.Errorf("secrets %q, %v, want %q", got.TokenSecret, err, c.want)
			}
		})
	}
	got, err := parse(t, "", map[string]string{"HAGGLE_API_KEY": one + " " + two})
	if err != nil || !cmp.Equal([]string(got.APIKey), []string{one, two}) {
		t.Errorf("API keys %q, %v", got.APIKey, err)
	}
}

// --rates said "invalid map value" and not what is allowed.
func TestRates_errorDidNotSayWhatIsAllowed(t *testing.T) {
	for arg, want := range map[string]string{
		"send=x":            `send: "x" is no rate; write a number and a time like 20/10s`,
		"send=20/10s;begin": `"begin" is no rate of an action; write one like send=20/10s`,
		"send=20":           "like 20/10s",
	} {
		if _, err := parse(t, "", nil, "--rates="+arg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--rates=%s: error %v, want one with %q", arg, err, want)
		}
	}
	cfg, err := parse(t, "rates:\n  send: 40/10s\n  begin: 9/1h\n", nil)
	if err != nil || len(cfg.Rates) != 2 || cfg.Rates[chat.ActionBegin][0].Burst != 9 {
		t.Errorf("rates of a file: %v, %v", cfg.Rates, err)
	}
}

func TestCheckStore(t *testing.T) {
	for store, right := range map[string]bool{
		"":                                  true,
		"postgres://u:hunter2@db/haggle":    true,
		"postgresql://u:hunter2@db/haggle":  true,
		"mysql://u:hunter2@db:3306/haggle":  true,
		"mariadb://u:hunter2@db/haggle":     false,
		"sqlite:///var/lib/haggle/hunter2":  false,
		"u:hunter2@tcp(db:3306)/haggle":     false,
		"mysql:u:hunter2@tcp(db)/haggle":    false,
		"MYSQL://u:hunter2@db:3306/haggle ": false,
	} {
		err := (&config.Common{Store: store}).CheckStore()
		if (err == nil) != right {
			t.Errorf("%q: %v", store, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "mysql://haggle:PASSWORD@")) {
			t.Errorf("%q: %v", store, err)
		}
	}
}
