package config

import (
	"errors"
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

// Secrets are secrets with blanks or line breaks between them: every other
// character may be part of one, the comma that separates other settings too.
type Secrets []string

// Decode implements kong.MapperValue: it adds what one flag, one variable or the
// file says.
func (s *Secrets) Decode(ctx *kong.DecodeContext) error {
	token := ctx.Scan.Pop()
	switch v := token.Value.(type) {
	case string:
		*s = append(*s, strings.Fields(v)...)
		return nil
	case []any:
		for _, one := range v {
			text, ok := one.(string)
			if !ok {
				return errors.New("want a list of plain values")
			}
			*s = append(*s, strings.Fields(text)...)
		}
		return nil
	}
	return errors.New("want a secret, or a list of them")
}

// Rates are rates by action.
type Rates map[chat.Action]RateList

// Decode implements kong.MapperValue: it adds what one flag, one variable or the
// file says. kong's own map would not say what is wrong with a value.
func (r *Rates) Decode(ctx *kong.DecodeContext) error {
	token := ctx.Scan.Pop()
	texts := make(map[string]string)
	switch v := token.Value.(type) {
	case string:
		for part := range strings.SplitSeq(v, ";") {
			if strings.TrimSpace(part) == "" {
				continue
			}
			action, rates, ok := strings.Cut(part, "=")
			if !ok {
				return fmt.Errorf("%q is no rate of an action; write one like send=20/10s, several with ; between them", part)
			}
			texts[strings.TrimSpace(action)] = rates
		}
	case map[string]any:
		for action, rates := range v {
			texts[action] = fmt.Sprint(rates)
		}
	default:
		return errors.New("want rates by action, like send: 20/10s")
	}
	if *r == nil {
		*r = make(Rates)
	}
	for _, action := range slices.Sorted(maps.Keys(texts)) {
		var list RateList
		if err := list.UnmarshalText([]byte(texts[action])); err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		(*r)[chat.Action(action)] = list
	}
	return nil
}

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
		"compat_listen":   ":8282",
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
