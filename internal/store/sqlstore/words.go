package sqlstore

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"haggle/internal/chat"
)

// words knows how an engine puts a query. A shared one is in SQL that most engines
// take, with a ? for each argument in their order. An engine that has to put it
// differently has a query of its own for it, written out; that may name its arguments by
// their numbers, $1, $2, where it takes them in another order or one of them twice.
type words struct {
	own      map[string]string // by the shared query
	numbered bool              // the engine's placeholders are $1, $2; otherwise each is a ?
	passing  string            // what is in queries of ever new forms, which are not remembered
	known    sync.Map          // wording, by the query that was asked for
}

// wording is a query as an engine's driver takes it.
type wording struct {
	sql  string
	args []int // of each placeholder's argument, its index
}

// of returns the engine's wording of a query. There are a few dozen of them.
func (w *words) of(query string) wording {
	if known, ok := w.known.Load(query); ok {
		return known.(wording) //nolint:errcheck // nothing else is in there
	}
	put, ok := w.own[query]
	if !ok {
		put = query
	}
	is := place(put, w.numbered)
	if !w.passes(query) {
		w.known.Store(query, is)
	}
	return is
}

// passes says whether a query may never be made again.
func (w *words) passes(query string) bool {
	return w.passing != "" && strings.Contains(query, w.passing)
}

// putSides says how the engine puts a query that is written for one side.
func (w *words) putSides(query, own string) {
	for _, side := range []chat.Side{chat.BuyerSide, chat.MerchantSide} {
		w.own[ofSide(query, side)] = ofSide(own, side)
	}
}

// place puts in an engine's placeholders.
func place(query string, numbered bool) wording {
	var b strings.Builder
	var args []int
	next := 0
	for {
		at := strings.IndexAny(query, "?$")
		if at < 0 {
			b.WriteString(query)
			return wording{b.String(), args}
		}
		b.WriteString(query[:at])
		mark, rest := query[at], query[at+1:]
		arg := next
		if mark == '?' {
			next++
		} else {
			digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
			n, err := strconv.Atoi(rest[:digits])
			if err != nil { // a path of JSON's
				b.WriteByte(mark)
				query = rest
				continue
			}
			arg, rest = n-1, rest[digits:]
		}
		query = rest
		if !numbered {
			b.WriteByte('?')
			args = append(args, arg)
			continue
		}
		n := slices.Index(args, arg)
		if n < 0 {
			n = len(args)
			args = append(args, arg)
		}
		b.WriteString("$" + strconv.Itoa(n+1))
	}
}

// pick returns the arguments in the order of the placeholders.
func (w *wording) pick(args []any) []any {
	if w.inOrder(len(args)) {
		return args
	}
	picked := make([]any, len(w.args))
	for i, arg := range w.args {
		picked[i] = args[arg]
	}
	return picked
}

// inOrder says whether n arguments are taken as they come.
func (w *wording) inOrder(n int) bool {
	if n != len(w.args) {
		return false
	}
	for i, arg := range w.args {
		if arg != i {
			return false
		}
	}
	return true
}
