package config

import (
	"strings"
	"testing"
)

func TestCheckGateway(t *testing.T) {
	for name, c := range map[string]struct {
		chat PHPChat
		want string // part of the error; "" for none
	}{
		"off":                  {PHPChat{}, ""},
		"on this machine":      {PHPChat{Compat: true, CompatGateway: "127.0.0.1:1238", CompatGatewayInner: "127.0.0.1:2900"}, ""},
		"the port by itself":   {PHPChat{Compat: true, CompatGateway: "127.0.0.1", CompatGatewayInner: "127.0.0.1:2900"}, ""},
		"with a secret":        {PHPChat{Compat: true, CompatGateway: "10.0.0.5:1238", CompatGatewayInner: "10.0.0.5:2900", CompatGatewaySecret: "s"}, ""},
		"open Register":        {PHPChat{Compat: true, CompatGateway: "10.0.0.5:1238", CompatGatewayInner: "127.0.0.1:2900"}, "give --compat-gateway-secret"},
		"Register everywhere":  {PHPChat{Compat: true, CompatGateway: ":1238", CompatGatewayInner: "127.0.0.1:2900"}, "give --compat-gateway-secret"},
		"open inner address":   {PHPChat{Compat: true, CompatGateway: "127.0.0.1:1238", CompatGatewayInner: "10.0.0.5:2900"}, "give --compat-gateway-secret"},
		"inner everywhere":     {PHPChat{Compat: true, CompatGateway: "127.0.0.1:1238", CompatGatewayInner: "0.0.0.0:2900", CompatGatewaySecret: "s"}, "--compat-gateway-address"},
		"and where it is":      {PHPChat{Compat: true, CompatGateway: "127.0.0.1:1238", CompatGatewayInner: "0.0.0.0:2900", CompatGatewayAddress: "10.0.0.5:2900", CompatGatewaySecret: "s"}, ""},
		"where it is, open":    {PHPChat{Compat: true, CompatGateway: "127.0.0.1:1238", CompatGatewayInner: "0.0.0.0:2900", CompatGatewayAddress: "10.0.0.5:2900"}, "give --compat-gateway-secret"},
		"version 6":            {PHPChat{Compat: true, CompatGateway: "127.0.0.1:1238", CompatGatewayInner: "[::1]:2900"}, "version 4"},
		"a name":               {PHPChat{Compat: true, CompatGateway: "127.0.0.1:1238", CompatGatewayInner: "localhost:2900"}, "version 4"},
		"no pages":             {PHPChat{CompatGateway: "127.0.0.1:1238", CompatGatewayInner: "127.0.0.1:2900"}, "give --compat, too"},
		"a secret for nothing": {PHPChat{CompatGatewaySecret: "s3cret"}, "for --compat-gateway"},
	} {
		err := c.chat.checkGateway()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error repeats the secret", name)
		}
	}
}
