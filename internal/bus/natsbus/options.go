package natsbus

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Options say which NATS to use, and how. The zero value of each of the others stands
// for the default in brackets.
type Options struct {
	URLs   []string // like "nats://host:4222", a user and a password or a token in them or not
	Prefix string   // of all subjects; two installations with different ones can share a NATS ["haggle"]
	Name   string   // of the connection, for whoever looks at NATS ["haggle"]

	CAFile          string // PEM; whom servers' certificates have to be signed by [the system's]
	CertFile        string // PEM; the certificate to show to servers, with KeyFile [none]
	KeyFile         string
	CredentialsFile string // a NATS user's JWT and seed [none]

	Receiving    int           // events that wait to be told to this node's sessions [8192]
	Sending      int           // events that wait to be sent [8192]
	AnswerWithin time.Duration // how long the question who is there waits for answers [250 ms]
	LookEvery    time.Duration // how often sessions look into the store while NATS is away [5 s]
	RetryEvery   time.Duration // how often it is tried again [1 s]
}

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = "haggle"
	}
	if o.Name == "" {
		o.Name = "haggle"
	}
	if o.Receiving == 0 {
		o.Receiving = 8192
	}
	if o.Sending == 0 {
		o.Sending = 8192
	}
	if o.AnswerWithin == 0 {
		o.AnswerWithin = 250 * time.Millisecond
	}
	if o.LookEvery == 0 {
		o.LookEvery = 5 * time.Second
	}
	if o.RetryEvery == 0 {
		o.RetryEvery = time.Second
	}
	return o
}

const (
	dialWithin  = 2 * time.Second
	stallWithin = 2 * time.Second // until a connection that takes nothing is given up
	pingEvery   = 5 * time.Second // one that says nothing is given up after two
)

// nats returns the settings of the connection.
func (o *Options) nats() ([]nats.Option, error) {
	settings := []nats.Option{
		nats.Name(o.Name), nats.NoEcho(), nats.CustomInboxPrefix(o.Prefix + ".inbox"), // so that a user needs one permission
		nats.Timeout(dialWithin), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(stallWithin), nats.ReconnectOnFlusherError(),
		// A password that is being changed is no reason to give up.
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(o.RetryEvery), nats.ReconnectJitter(o.RetryEvery/2, o.RetryEvery/2),
		// What would wait there is old news when it is sent. Others look it up instead.
		nats.ReconnectBufSize(-1),
		nats.NoCallbacksAfterClientClose(),
	}
	if o.CredentialsFile != "" {
		if err := checkCredentials(o.CredentialsFile); err != nil {
			return nil, err
		}
		settings = append(settings, nats.UserCredentials(o.CredentialsFile))
	}
	secure, err := o.tls()
	if err != nil {
		return nil, err
	}
	if secure != nil {
		settings = append(settings, nats.Secure(secure))
	}
	return settings, nil
}

// checkCredentials says what is wrong with a credentials file. It is read again for
// each connection.
func checkCredentials(path string) error {
	data, err := os.ReadFile(path) //nolint:gosec // the operator's own path
	if err != nil {
		return fmt.Errorf("credentials of NATS: %w", err)
	}
	_, jwtErr := nkeys.ParseDecoratedJWT(data)
	key, err := nkeys.ParseDecoratedUserNKey(data)
	if jwtErr != nil || err != nil {
		return fmt.Errorf("credentials of NATS: there is no user's JWT and seed in %s", path)
	}
	key.Wipe()
	return nil
}

// tls returns nil where the addresses alone say whether it is used.
func (o *Options) tls() (*tls.Config, error) {
	if o.CAFile == "" && o.CertFile == "" {
		return nil, nil //nolint:nilnil // see above
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("authorities of NATS: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("authorities of NATS: there is no certificate in %s", o.CAFile)
		}
	}
	if o.CertFile != "" {
		load := func() (*tls.Certificate, error) {
			cert, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("certificate for NATS: %w", err)
			}
			return &cert, nil
		}
		if _, err := load(); err != nil {
			return nil, err
		}
		// Read for each connection, so that a renewed one is taken up.
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	}
	return cfg, nil
}

// plain takes the address out of an error about one: there may be a password in it.
func plain(err error) error {
	if about, ok := errors.AsType[*url.Error](err); ok {
		return about.Err
	}
	return err
}
