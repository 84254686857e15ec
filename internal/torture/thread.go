package torture

import (
	"strings"

	"haggle/internal/wire"
)

// maxAside bounds the messages that a thread keeps beyond a gap: what is more is
// fetched.
const maxAside = 1000

// mark is a watermark and the rev that it is known from.
type mark struct{ rev, seq int64 }

// thread is a conversation as one device has it.
type thread struct {
	id        string
	entries   map[int64]Entry
	recalls   map[int64]struct{} // of messages that may not be here yet
	upTo      int64              // everything up to here is here
	head      int64              // a message is known to be there
	rev       int64              // of the conversation, as far as heard of
	recallRev int64              // all recalls up to here are known
	marks     [2][2]mark         // by side; delivered and read
	said      int64              // delivered up to, on this connection
}

func newThread(id string) *thread {
	return &thread{id: id, entries: make(map[int64]Entry), recalls: make(map[int64]struct{})}
}

// entryOf translates a message.
func entryOf(m *wire.Message) Entry {
	e := Entry{Seq: m.Seq, Recalled: m.RecalledAt != 0, Auto: m.Auto != ""}
	if !strings.HasPrefix(m.Sender, "U_") {
		e.Side = merchantSide
	}
	if len(m.Blocks) > 0 {
		e.ID, _, _ = strings.Cut(m.Blocks[0].Text, " ")
	}
	return e
}

// add takes a message in, or what is newer about it.
func (t *thread) add(e Entry) {
	t.head = max(t.head, e.Seq)
	if e.Seq > t.upTo+maxAside {
		return
	}
	before, known := t.entries[e.Seq]
	if _, gone := t.recalls[e.Seq]; gone || before.Recalled {
		e.Recalled = true
	}
	if known && e.ID == "" {
		e.ID = before.ID
	}
	t.entries[e.Seq] = e
	for {
		if _, ok := t.entries[t.upTo+1]; !ok {
			return
		}
		t.upTo++
	}
}

// recall drops a message's content.
func (t *thread) recall(seq int64) {
	t.recalls[seq] = struct{}{}
	if e, ok := t.entries[seq]; ok {
		e.Recalled = true
		t.entries[seq] = e
	}
}

// mark takes in a watermark as it was at rev.
func (t *thread) mark(side int, read bool, rev, seq int64) {
	i := 0
	if read {
		i = 1
	}
	if m := &t.marks[side][i]; rev >= m.rev {
		*m = mark{rev, seq}
	}
}

// view returns what the device has, for the judge.
func (t *thread) view() View {
	v := View{UpTo: t.upTo, Entries: t.entries}
	for side, m := range t.marks {
		v.Marks[side] = Marks{Delivered: max(m[0].seq, m[1].seq), Read: m[1].seq} // read moves delivered along
	}
	return v
}
