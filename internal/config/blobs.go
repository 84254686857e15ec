package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// Blobs says where the pictures are kept.
type Blobs struct {
	Blobs         string `group:"Pictures" help:"Where pictures are kept in place of --data: s3://BUCKET or s3://BUCKET/PREFIX, with ?endpoint=https://HOST of a service other than AWS, &region=NAME, &style=host where it wants the bucket's name in its own. See docs/blobs.md." placeholder:"s3://BUCKET/PREFIX"`
	BlobsRedirect bool   `group:"Pictures" help:"Send browsers on to the bucket, to an address that is good for five minutes, in place of passing pictures through. See docs/blobs.md."`

	S3Keys
}

// S3Keys open buckets.
type S3Keys struct {
	S3AccessKey string  `group:"Pictures" name:"s3-access-key" env:"HAGGLE_S3_ACCESS_KEY" help:"Access key of the bucket. Without one, those of the AWS environment: its variables, its file, the machine's role." placeholder:"ID"`
	S3SecretKey Secrets `group:"Pictures" name:"s3-secret-key" env:"HAGGLE_S3_SECRET_KEY" help:"Its secret. Better in the environment or the file than on the command line." placeholder:"SECRET"`
}

// HasBucket reports whether pictures are kept in a bucket.
func (b *Blobs) HasBucket() bool { return b.Blobs != "" }

// Bucket is where pictures are kept.
type Bucket struct {
	Endpoint *url.URL // scheme and host
	Region   string
	Name     string
	Prefix   string // no slash at either end
	Style    string // "path", "host" or "", which leaves it to the endpoint
}

const defaultRegion = "us-east-1"

// Bucket returns the bucket that --blobs names.
func (b *Blobs) Bucket() (Bucket, error) {
	u, err := url.Parse(b.Blobs)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return Bucket{}, errors.New("--blobs is no bucket, write one like s3://BUCKET/PREFIX?endpoint=https://s3.example.com&region=eu-1; keys go into --s3-access-key and --s3-secret-key")
	}
	out := Bucket{Name: u.Host, Prefix: strings.Trim(u.Path, "/"), Region: defaultRegion}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if set := os.Getenv(name); set != "" {
			out.Region = set
			break
		}
	}
	q := u.Query()
	for name, values := range q {
		if len(values) != 1 || values[0] == "" {
			return Bucket{}, fmt.Errorf("--blobs: say %s once, with a value", name)
		}
	}
	endpoint := ""
	for name, values := range q {
		switch name {
		case "endpoint":
			endpoint = values[0]
		case "region":
			out.Region = values[0]
		case "style":
			if values[0] != "path" && values[0] != "host" {
				return Bucket{}, fmt.Errorf("--blobs: style is %q, allowed are path and host", values[0])
			}
			out.Style = values[0]
		default:
			return Bucket{}, fmt.Errorf("--blobs: %q is no setting of a bucket, there are endpoint, region and style", name)
		}
	}
	if endpoint == "" {
		endpoint = "https://s3." + out.Region + ".amazonaws.com"
	}
	if out.Endpoint, err = parseBase(endpoint); err != nil {
		return Bucket{}, fmt.Errorf("--blobs: endpoint %q is no address like https://s3.example.com, without a path", endpoint)
	}
	return out, nil
}

// CheckBlobs says what is wrong with these settings.
func (b *Blobs) CheckBlobs() error {
	var errs []error
	if b.HasBucket() {
		_, err := b.Bucket()
		errs = append(errs, err)
	} else if b.BlobsRedirect {
		errs = append(errs, errors.New("--blobs-redirect needs --blobs: there is no bucket to send browsers to"))
	}
	if (b.S3AccessKey == "") != (len(b.S3SecretKey) == 0) {
		errs = append(errs, errors.New("--s3-access-key and --s3-secret-key go together: give both or neither"))
	}
	if len(b.S3SecretKey) > 1 {
		errs = append(errs, errors.New("--s3-secret-key: a key has one secret; a blank in it begins another one"))
	}
	return errors.Join(errs...)
}

// checkRedirect says whether browsers would go where they are sent.
func (c *Config) checkRedirect() error {
	if !c.BlobsRedirect || !c.HasBucket() {
		return nil
	}
	bucket, err := c.Bucket()
	if err != nil {
		return nil //nolint:nilerr // CheckBlobs says so
	}
	https := c.TLSCert != "" || strings.HasPrefix(c.BaseURL, "https://")
	if https && bucket.Endpoint.Scheme != "https" {
		return fmt.Errorf("--blobs-redirect: browsers follow no address like %s from a page that came over TLS", bucket.Endpoint)
	}
	return nil
}
