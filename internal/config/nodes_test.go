package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNodes(t *testing.T) {
	store := []string{"--store", "postgres://haggle:s3cret@db/haggle"}
	for _, c := range []struct {
		name string
		args []string
		want string // in the error; "" for none
	}{
		{"one", []string{"--bus", "nats://nats.internal:4222"}, ""},
		{"a cluster", []string{"--bus", "nats://a:4222,tls://b"}, ""},
		{"with a user", []string{"--bus", "nats://haggle:s3cret%2Cword@a:4222"}, ""},
		{"with a token", []string{"--bus", "nats://s3cret@a:4222"}, ""},
		{"another protocol", []string{"--bus", "http://haggle:s3cret@a:4222"}, "--bus: address 1 is none of NATS"},
		{"no protocol", []string{"--bus", "nats://a:4222,haggle:s3cret@b:4222"}, "--bus: address 2 is none of NATS"},
		{"a password with a comma", []string{"--bus", "nats://haggle:s3,cret@a"}, "--bus: address 1 is none of NATS"},
		{"a password that is no address", []string{"--bus", "nats://haggle:s3cret%zz@a"}, "--bus: address 1 is none of NATS"},
		{"no host", []string{"--bus", "nats://:4222"}, "--bus: address 1"},
		{"a path", []string{"--bus", "nats://a:4222/s3cret"}, "--bus: address 1"},
		{"prefix", []string{"--bus", "nats://a", "--bus-prefix", "shop_2.chat-a"}, ""},
		{"prefix of everything", []string{"--bus", "nats://a", "--bus-prefix", "shop.>"}, `--bus-prefix is "shop.>"`},
		{"prefix that ends", []string{"--bus", "nats://a", "--bus-prefix", "shop."}, `--bus-prefix is "shop."`},
		{"half a certificate", []string{"--bus", "nats://a", "--bus-cert", "x.pem"}, "--bus-cert and --bus-key go together"},
		{"longer than anybody waits", []string{"--drain-wait", "6m"}, "--drain-wait is 6m0s, allowed is 0 to 5m0s"},
		{"a certificate for nobody", []string{"--bus-cert", "x.pem", "--bus-key", "x.key"}, "give its address with --bus"},
	} {
		cfg, err := parse(t, "", nil, append(c.args, store...)...)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		err = cfg.Check()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: Check = %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: Check = %v, want %s …", c.name, err, c.want)
		case err != nil && strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%s: Check = %v, which says the secret", c.name, err)
		}
	}
}

// Two servers on two files would each have half of the conversations.
func TestNodes_withoutStore(t *testing.T) {
	cfg, err := parse(t, "", map[string]string{"HAGGLE_BUS": "nats://haggle:s3cret@a:4222,tls://b:4222"})
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), "give --store") {
		t.Errorf("Check = %v, want that it needs --store", err)
	}
	if diff := cmp.Diff([]string{"nats://a:4222", "tls://b:4222"}, cfg.BusHosts()); diff != "" {
		t.Errorf("BusHosts (-want +got):\n%s", diff)
	}
	if !cfg.BusInClear() {
		t.Error("a password that goes over the network in the clear is not noticed")
	}
	cfg.BusCA = "ca.pem"
	if cfg.BusInClear() {
		t.Error("with an authority it does not")
	}
}
