package config

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"haggle/internal/chat"
)

// Bytes is a size, written as a number of bytes or with one of the units KiB,
// MiB and GiB.
type Bytes int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Bytes) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	shift := 0
	for unit, bits := range map[string]int{"KiB": 10, "MiB": 20, "GiB": 30} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			s, shift = strings.TrimSpace(number), bits
		}
	}
	n, err := strconv.ParseInt(s, 10, 33)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no size; write a number of bytes, or one with KiB, MiB or GiB behind it", text)
	}
	*b = Bytes(n << shift)
	return nil
}

// String returns the size with the largest unit that leaves no fraction.
func (b Bytes) String() string {
	for _, u := range []struct {
		name string
		bits int
	}{{"GiB", 30}, {"MiB", 20}, {"KiB", 10}} {
		if b != 0 && b%(1<<u.bits) == 0 {
			return strconv.FormatInt(int64(b)>>u.bits, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// Proxies are the networks of trusted proxies.
type Proxies []Network

// Network is a range of addresses, or one.
type Network struct{ netip.Prefix }

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *Network) UnmarshalText(text []byte) error {
	if addr, err := netip.ParseAddr(string(text)); err == nil {
		n.Prefix = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen())
		return nil
	}
	p, err := netip.ParsePrefix(string(text))
	if err != nil {
		return fmt.Errorf("%q is neither an address like 10.0.0.7 nor a network like 10.0.0.0/8", text)
	}
	n.Prefix = p.Masked()
	return nil
}

// Rates are rates by action.
type Rates map[chat.Action]RateList

// RateList are rates that hold together, written as "20/10s+100/1m".
type RateList []chat.Rate

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *RateList) UnmarshalText(text []byte) error {
	var list RateList
	for part := range strings.SplitSeq(string(text), "+") {
		count, window, _ := strings.Cut(strings.TrimSpace(part), "/")
		n, err := strconv.Atoi(count)
		d, derr := time.ParseDuration(window)
		if err != nil || derr != nil || n < 1 || d <= 0 {
			return fmt.Errorf("%q is no rate; write a number and a time like 20/10s, several with + between them", text)
		}
		list = append(list, chat.Rate{Burst: n, Window: d})
	}
	*r = list
	return nil
}

// actions returns the names of the actions that rates can be set for, sorted.
func actions(l *chat.Limits) []string {
	names := make([]string, 0, len(l.Rates))
	for a := range maps.Keys(l.Rates) {
		names = append(names, string(a))
	}
	slices.Sort(names)
	return names
}

// limitVars are what the tags of Limits refer to.
func limitVars(l *chat.Limits) kong.Vars {
	return kong.Vars{
		"limit_text":      strconv.Itoa(l.TextRunes),
		"limit_blocks":    strconv.Itoa(l.Blocks),
		"limit_images":    strconv.Itoa(l.Images),
		"limit_upload":    Bytes(l.UploadBytes).String(),
		"limit_pixels":    strconv.FormatInt(l.UploadPixels, 10),
		"limit_decoding":  strconv.FormatInt(l.DecodePixels, 10),
		"limit_sockets":   strconv.Itoa(l.Sockets),
		"recall_within":   l.RecallWithin.String(),
		"keep_unattached": l.UnattachedFor.String(),
		"actions":         strings.Join(actions(l), ", "),
	}
}
