package torture

import "haggle/internal/wire"

// tracker is up to where a device has seen its participant's changes, as
// docs/protocol.md has it: the highest pos up to which it has everything.
type tracker struct {
	at     *wire.Position     // nil: it knows nothing
	seen   map[int64]struct{} // beyond a gap
	target int64              // where the server is known to stand
}

func (p *tracker) begin(at wire.Position) {
	p.at, p.seen, p.target = &at, make(map[int64]struct{}), at.Pos
}

// note says that the change at pos is known.
func (p *tracker) note(pos int64) {
	if p.at == nil || pos <= p.at.Pos {
		return
	}
	p.seen[pos] = struct{}{}
	p.reach(p.at.Pos)
}

// reach says that everything up to pos is known.
func (p *tracker) reach(pos int64) {
	pos = max(pos, p.at.Pos)
	for {
		if _, ok := p.seen[pos+1]; !ok {
			break
		}
		pos++
	}
	for other := range p.seen {
		if other <= pos {
			delete(p.seen, other)
		}
	}
	p.at = &wire.Position{Epoch: p.at.Epoch, Pos: pos}
}

// behind reports whether there are changes that this device does not know.
func (p *tracker) behind() bool {
	return p.at != nil && (p.target > p.at.Pos || len(p.seen) > 0)
}
