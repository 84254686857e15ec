package sqlstore

import (
	"errors"
	"fmt"
	"testing"
)

// lender is a pooler as PgBouncer is one.
type lender struct {
	session bool // it keeps a connection for who had it
	round   bool // the one that was given back first is lent first
	idle    []uint32
	kept    [2]uint32
}

func (l *lender) ask(who int, query string) (uint32, error) {
	pid := l.kept[who]
	if pid == 0 {
		if len(l.idle) == 0 {
			return 0, errors.New("none is left")
		}
		pid, l.idle = l.idle[0], l.idle[1:]
	}
	switch {
	case l.session || query == "BEGIN; ":
		l.kept[who] = pid
		return pid, nil
	case query == "COMMIT; ":
		l.kept[who] = 0
	}
	if l.round {
		l.idle = append(l.idle, pid)
	} else {
		l.idle = append([]uint32{pid}, l.idle...)
	}
	return pid, nil
}

// A pooler that lends connections by the transaction was taken: what one server of Haggle's
// had set was lost, or another program's.
func TestPostgresPoolerLends(t *testing.T) {
	pids := []uint32{1, 2, 3, 4, 5}
	for n := 1; n <= len(pids); n++ {
		for _, round := range []bool{false, true} {
			for _, session := range []bool{false, true} {
				l := &lender{session: session, round: round, idle: append([]uint32(nil), pids[:n]...)}
				var asked [2]func(string) (uint32, error)
				for i := range asked {
					asked[i] = func(query string) (uint32, error) { return l.ask(i, query) }
				}
				err := checkBackends(asked)
				name := fmt.Sprintf("%d connections, in turn %v, for a session %v", n, round, session)
				switch {
				case !session && !errors.Is(err, errLent):
					t.Errorf("%s: %v, want it refused", name, err)
				case session && n > 1 && err != nil:
					t.Errorf("%s: %v", name, err)
				case session && n == 1 && (err == nil || errors.Is(err, errLent)):
					t.Errorf("%s: %v, want that there are too few", name, err)
				}
			}
		}
	}
}
