package config_test

import (
	"strings"
	"testing"

	"haggle/internal/config"
)

func TestBucket(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	for _, c := range []struct {
		blobs, endpoint, region, bucket, prefix, style string
	}{
		{"s3://shop", "https://s3.us-east-1.amazonaws.com", "us-east-1", "shop", "", ""},
		{"s3://shop/", "https://s3.us-east-1.amazonaws.com", "us-east-1", "shop", "", ""},
		{"s3://shop/a/b/?region=eu-west-1", "https://s3.eu-west-1.amazonaws.com", "eu-west-1", "shop", "a/b", ""},
		{"s3://shop/chat?endpoint=https://minio.internal:9000&style=path", "https://minio.internal:9000", "us-east-1", "shop", "chat", "path"},
		{"s3://shop?endpoint=https://oss-cn-hangzhou.aliyuncs.com&region=oss-cn-hangzhou&style=host", "https://oss-cn-hangzhou.aliyuncs.com", "oss-cn-hangzhou", "shop", "", "host"},
	} {
		b := config.Blobs{Blobs: c.blobs}
		got, err := b.Bucket()
		if err != nil {
			t.Errorf("%s: %v", c.blobs, err)
			continue
		}
		if got.Endpoint.String() != c.endpoint || got.Region != c.region || got.Name != c.bucket || got.Prefix != c.prefix || got.Style != c.style {
			t.Errorf("%s: %+v at %s, want %+v", c.blobs, got, got.Endpoint, c)
		}
	}
	t.Setenv("AWS_REGION", "ap-east-1")
	if got, err := (&config.Blobs{Blobs: "s3://shop"}).Bucket(); err != nil || got.Region != "ap-east-1" {
		t.Errorf("region %q, %v; want that of the environment", got.Region, err)
	}
}

func TestCheckBlobs(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string // "" is fine
	}{
		{"a bucket", []string{"--blobs", "s3://shop/chat", "--s3-access-key", "AK", "--s3-secret-key", "hush"}, ""},
		{"the keys of the environment", []string{"--blobs", "s3://shop"}, ""},
		{"another scheme", []string{"--blobs", "gs://shop"}, "--blobs is no bucket"},
		{"keys in the address", []string{"--blobs", "s3://AK:hush@shop"}, "keys go into --s3-access-key"},
		{"an unknown setting", []string{"--blobs", "s3://shop?endpont=https://x"}, `"endpont" is no setting of a bucket`},
		{"an empty setting", []string{"--blobs", "s3://shop?region="}, "say region once, with a value"},
		{"an endpoint with a path", []string{"--blobs", "s3://shop?endpoint=https://x/y"}, "without a path"},
		{"a style", []string{"--blobs", "s3://shop?style=virtual"}, "allowed are path and host"},
		{"half a key", []string{"--blobs", "s3://shop", "--s3-secret-key", "hush"}, "go together"},
		{"two secrets", []string{"--blobs", "s3://shop", "--s3-access-key", "AK", "--s3-secret-key", "hush hush"}, "one secret"},
		{"nowhere to send to", []string{"--blobs-redirect"}, "needs --blobs"},
		{
			"from TLS to none",
			[]string{"--blobs", "s3://shop?endpoint=http://minio:9000", "--blobs-redirect", "--base-url", "https://chat.example.com", "--behind-proxy"},
			"browsers follow no address like http://minio:9000",
		},
	} {
		cfg, err := parse(t, "", nil, c.args...)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		switch err := cfg.Check(); {
		case (err == nil) != (c.want == ""), err != nil && !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		case err != nil && strings.Contains(err.Error(), "hush"):
			t.Errorf("%s: the secret is in %v", c.name, err)
		}
	}
	cfg, err := parse(t, "", map[string]string{"HAGGLE_BLOBS": "s3://shop", "HAGGLE_S3_ACCESS_KEY": "AK", "HAGGLE_S3_SECRET_KEY": "hush"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.S3AccessKey != "AK" || len(cfg.S3SecretKey) != 1 || cfg.S3SecretKey[0] != "hush" {
		t.Errorf("the environment's keys are %q, %q", cfg.S3AccessKey, cfg.S3SecretKey)
	}
	if err := cfg.CheckDemo(); err == nil || !strings.Contains(err.Error(), "--blobs") {
		t.Errorf("the demo takes a shop's bucket: %v", err)
	}
}
