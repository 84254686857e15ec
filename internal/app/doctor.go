package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"haggle/internal/config"
	"haggle/internal/doctor"
	"haggle/internal/media"
	"haggle/internal/store/sqlstore"
)

const (
	// littleRoom and noRoom are when the room that is left is worth a word, in bytes.
	littleRoom = 2 << 30
	noRoom     = 100 << 20

	// clockOff is how far two clocks may be apart: tokens are good for minutes.
	clockOff = 5 * time.Second
)

// examiner looks at an installation by its settings.
type examiner struct {
	cfg  *config.Config
	base *url.URL // nil where the settings do not say it
}

// Checks returns what can be looked at of an installation. A check of a part that is
// new goes into this list.
func Checks(cfg *config.Config) []doctor.Check {
	e := &examiner{cfg: cfg}
	if base, err := cfg.Base(&net.TCPAddr{Port: portOf(cfg.Listen)}); err == nil {
		e.base = base
	}
	return []doctor.Check{
		{Name: "settings", Run: e.settings},
		{Name: "data", Run: e.data},
		{Name: "secrets", Run: e.secrets},
		{Name: "store", Run: e.store},
		{Name: "bus", Run: e.bus},
		{Name: "pictures", Run: e.pictures},
		{Name: "origins", Run: e.origins},
		{Name: "tls", Run: e.certificate},
		{Name: "address", Run: e.address},
		{Name: "proxy", Run: e.proxy},
		{Name: "sockets", Run: e.sockets},
	}
}

// portOf returns the port of an address that settings may hold, 0 for none.
func portOf(listen string) int {
	addr, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return 0
	}
	return addr.Port
}

// settings says what serve would refuse, and what it would warn of.
func (e *examiner) settings(_ context.Context, tell *doctor.Teller) {
	if err := e.cfg.Check(); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			tell.Wrong("serve does not start like this", "%s", line)
		}
		return
	}
	tell.OK("serve takes them")
	if e.cfg.RateFactor != 1 {
		tell.Warning("leave --rate-factor out, but for load tests", "rates are multiplied by %g", e.cfg.RateFactor)
	}
	if e.cfg.AdminListen != config.Off && !config.Loopback(e.cfg.AdminListen) {
		tell.Warning("set --admin-listen to an address that only you reach", "metrics and profiles are open to everybody who reaches %s", e.cfg.AdminListen)
	}
	if e.cfg.GatewayInClear() {
		tell.Warning("let nobody else into that network", "the shop's PHP sends its secretKey and what it pushes in the clear (--compat-gateway)")
	}
	if e.cfg.BehindProxy && len(e.cfg.TrustedProxy) == 0 {
		tell.OK("X-Forwarded-For is believed from proxies on this machine")
	} else if len(e.cfg.TrustedProxy) > 0 {
		tell.OK("X-Forwarded-For is believed from %v", e.cfg.Proxies())
	}
}

// data looks at the data directory.
func (e *examiner) data(_ context.Context, tell *doctor.Teller) {
	dir := e.cfg.Data
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		tell.Warning("the first start makes it; if it should be there, say where with --data", "%s is not there", dir)
		return
	case err != nil:
		tell.Wrong("let the server's user into it", "%v", err)
		return
	case !info.IsDir():
		tell.Wrong("name a directory with --data", "%s is no directory", dir)
		return
	}
	probe, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		tell.Wrong("let the server's user write to it, and see whether the disk is full or read-only", "%v", err)
		return
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		tell.Wrong("see what is wrong with the disk", "%v", err)
		return
	}
	if openTo(dir) {
		tell.Warning("chmod 700 "+dir, "others on this machine can look into %s", dir)
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		tell.Warning("", "the room on the disk is not known: %v", err)
		return
	}
	free := uint64(disk.Bavail) * uint64(disk.Bsize) //nolint:gosec,unconvert // types differ by system
	switch {
	case free < noRoom:
		tell.Wrong("make room before sends are refused with store_full", "%s has %d MiB left", dir, free>>20)
	case free < littleRoom:
		tell.Warning("make room before long", "%s has %d MiB left", dir, free>>20)
	default:
		tell.OK("%s can be written to, %d GiB are left", dir, free>>30)
	}
}

// secrets looks at who else can read what nobody else should.
func (e *examiner) secrets(_ context.Context, tell *doctor.Teller) {
	open := 0
	for _, path := range []string{
		filepath.Join(e.cfg.Data, APIKeyFile), filepath.Join(e.cfg.Data, TokenSecretFile), filepath.Join(e.cfg.Data, WebhookSecretFile),
		filepath.Join(e.cfg.Data, DatabaseFile), e.cfg.Config, e.cfg.TLSKey, e.cfg.BusKey, e.cfg.BusCredentials,
	} {
		info, err := os.Stat(path)
		if path == "" || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			tell.Wrong("let the server's user read it", "%v", err)
			open++
			continue
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 && openTo(path) {
			tell.Warning("chmod 600 "+path, "others on this machine may read %s (mode %o)", path, mode)
			open++
		}
	}
	if open == 0 {
		tell.OK("no file with one can be read by others")
	}
}

// store looks at the database.
func (e *examiner) store(ctx context.Context, tell *doctor.Teller) {
	if err := e.cfg.CheckStore(); err != nil {
		return // settings says so
	}
	scheme, _, remote := strings.Cut(e.cfg.Store, "://")
	var name string
	var look sqlstore.Look
	var err error
	switch {
	case !remote:
		path := filepath.Join(e.cfg.Data, DatabaseFile)
		if _, gone := os.Stat(path); errors.Is(gone, fs.ErrNotExist) {
			tell.Warning("the first start makes one", "there is no database in %s yet", e.cfg.Data)
			return
		}
		name = "SQLite"
		look, err = sqlstore.LookSQLite(ctx, path)
	case scheme == "mysql":
		name = "MySQL"
		look, err = sqlstore.LookMySQL(ctx, e.cfg.Store)
	default:
		name = "PostgreSQL"
		look, err = sqlstore.LookPostgres(ctx, e.cfg.Store)
	}
	if err != nil {
		tell.Wrong("see that the database is there, whole, and lets the server in", "%s: %v", name, err)
		return
	}
	tellLook(tell, &look)
}

func tellLook(tell *doctor.Teller, look *sqlstore.Look) {
	switch {
	case look.Schema > look.Known:
		tell.Wrong("use the program that has served from it, or a newer one", "%s %s: the tables have version %d, this program knows up to %d", look.Engine, look.Version, look.Schema, look.Known)
	case look.Schema < look.Known:
		tell.Warning("the next start brings them up to date; back up first", "%s %s: the tables have version %d of %d", look.Engine, look.Version, look.Schema, look.Known)
	default:
		tell.OK("%s %s, tables of version %d", look.Engine, look.Version, look.Schema)
	}
	for name, value := range look.Durable {
		switch {
		case value == "on":
		case look.Waived:
			tell.Warning("take unsynced out of --store once they may not", "%s is %s: messages that were acknowledged can be lost, as you accept", name, value)
		default:
			tell.Wrong("turn it on: without it, messages that were acknowledged can be lost", "%s is %s", name, value)
		}
	}
	if !look.Now.IsZero() {
		tellClock(tell, "the database", look.Now, look.Asked, look.Took)
	}
}

// tellClock compares a clock elsewhere with this one.
func tellClock(tell *doctor.Teller, whose string, there, asked time.Time, took time.Duration) {
	off := there.Sub(asked.Add(took / 2)).Round(time.Second)
	if off.Abs() > clockOff+took {
		tell.Wrong("set both clocks by NTP: tokens seem expired, or not yet good, where they differ", "the clock of %s is %v off this machine's", whose, off)
		return
	}
	tell.OK("the clock of %s agrees with this machine's", whose)
}

// probeShard is where a probe is put. It looks like a picture that no row knows of, so
// that the sweep takes it away should the check be cut off.
const probeShard = "aa"

// pictures puts a blob, gets it and deletes it.
func (e *examiner) pictures(ctx context.Context, tell *doctor.Teller) {
	if e.cfg.CheckBlobs() != nil {
		return // settings says so
	}
	where, advice := filepath.Join(e.cfg.Data, filesDir), "let the server's user write to it, and see whether the disk works"
	if e.cfg.HasBucket() {
		bucket, err := e.cfg.Bucket()
		if err != nil {
			return // settings says so
		}
		where, advice = e.cfg.Blobs.Blobs, "see that the bucket is there and that the keys have the rights in docs/blobs.md"
		if bucket.Endpoint.Scheme != "https" && !config.Loopback(net.JoinHostPort(bucket.Endpoint.Hostname(), "0")) {
			tell.Warning("use an https:// endpoint, unless the network between is your own", "pictures go to %s in the clear", bucket.Endpoint)
		}
	} else if _, err := os.Stat(where); err != nil {
		tell.Warning("the first start makes it", "%s is not there yet", where)
		return
	}
	blobs, err := openBlobs(ctx, &e.cfg.Blobs, e.cfg.Data, slog.New(slog.DiscardHandler))
	if err == nil {
		err = errors.Join(probeBlobs(ctx, blobs), blobs.Close())
	}
	if err != nil {
		tell.Wrong(advice, "%s: %v", where, err)
		return
	}
	tell.OK("a picture was put into %s, read and deleted", where)
}

func probeBlobs(ctx context.Context, blobs media.Blobs) error {
	const text = "haggle doctor was here"
	key := probeShard + "/" + probeShard + strings.ToLower(rand.Text()) + "/image"
	if err := blobs.Put(ctx, key, []byte(text)); err != nil {
		return err
	}
	r, err := blobs.Open(ctx, key)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	if string(got) != text {
		return fmt.Errorf("what was put is not what is there: %d bytes, not %d", len(got), len(text))
	}
	found := false
	for blob, err := range blobs.List(ctx, probeShard) {
		if err != nil {
			return err
		}
		found = found || blob.Key == key
	}
	if !found {
		return errors.New("what was put is not listed: the sweep would find nothing")
	}
	if err := blobs.Delete(ctx, key); err != nil {
		return err
	}
	if r, err := blobs.Open(ctx, key); err == nil {
		return errors.Join(errors.New("what was deleted is still there"), r.Close())
	}
	return nil
}
