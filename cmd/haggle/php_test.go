package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"haggle/internal/config"
	"haggle/internal/testkit"
)

// TestPHPHelper runs sdk/php as a shop does, against the program.
func TestPHPHelper(t *testing.T) {
	err := exec.CommandContext(t.Context(), "php", "-r", "exit(extension_loaded('curl') ? 0 : 1);").Run()
	testkit.Need(t, err == nil, errors.New("there is no php with curl; install php-cli and php-curl"))
	sdk, err := filepath.Abs(filepath.Join("..", "..", "sdk", "php"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := filepath.Abs(filepath.Join("testdata", "gatewayclient"))
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, sdk)
	readAll(t, client)
	commands := scriptCommands()
	commands["certificate"] = certificate
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "php"),
		RequireExplicitExec: true,
		Cmds:                commands,
		Condition: func(cond string) (bool, error) {
			return hasFlag(cond)
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("SDK", sdk)
			env.Setenv("GATEWAYCLIENT", client)
			return nil
		},
	})
}

// readAll reads what php will read, so that a change of it is a reason to run the
// test again instead of taking its last result.
func readAll(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		_, err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// hasFlag reports whether "haggle serve" has a flag of that name.
func hasFlag(name string) (bool, error) {
	parser, err := kong.New(&commands{}, config.Options()...)
	if err != nil {
		return false, err
	}
	for _, cmd := range parser.Model.Children {
		if cmd.Name == "serve" {
			return slices.ContainsFunc(cmd.Flags, func(f *kong.Flag) bool { return f.Name == name }), nil
		}
	}
	return false, nil
}

// certificate CERT KEY makes a certificate for 127.0.0.1 that signs itself.
func certificate(ts *testscript.TestScript, _ bool, args []string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a shop's own"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	for path, block := range map[string]*pem.Block{
		args[0]: {Type: "CERTIFICATE", Bytes: cert}, args[1]: {Type: "PRIVATE KEY", Bytes: private},
	} {
		ts.Check(os.WriteFile(ts.MkAbs(path), pem.EncodeToMemory(block), 0o600))
	}
}
