package gatewayworker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"haggle/internal/compat/gatewayworker/phpvalue"
)

// maxFields bounds what PHP asks to know of each socket at once. There are three fields.
const maxFields = 16

var errFields = errors.New("more fields are asked for than there are")

// answer returns what a question of PHP's is answered; ok is false if m is none. A
// question that cannot be read is answered that there is nothing: PHP waits for a word.
func (g *Gate) answer(m *packet) (_ []byte, ok bool) {
	b := make([]byte, 4, 64) // the length comes first
	switch m.command {
	case cmdIsOnline:
		b = phpvalue.AppendInt(b, int64(len(g.one(m.connection))))
	case cmdGetClientIDByUID:
		b = appendNumbers(b, g.table.ofUID(string(m.ext)))
	case cmdBatchGetClientIDByUID:
		b = g.each(b, m, func(b []byte, uid string) []byte { return appendNumbers(b, g.table.ofUID(uid)) })
	case cmdGetAllClientSessions:
		b = appendSessions(b, g.table.describe(g.table.all()))
	case cmdGetClientSessionsByGroup:
		b = appendSessions(b, g.table.describe(g.table.ofGroup(string(m.ext))))
	case cmdGetClientCountByGroup:
		b = phpvalue.AppendInt(b, int64(g.table.count(string(m.ext))))
	case cmdBatchGetClientCount:
		b = g.each(b, m, func(b []byte, group string) []byte {
			return phpvalue.AppendInt(b, int64(g.table.members(group)))
		})
	case cmdGetGroupIDList:
		b = appendGroups(b, g.table.groupNames())
	case cmdSelect:
		b = g.choose(b, m)
	case cmdGetSessionByClientID:
		b = g.appendSession(b, m.connection)
	default:
		return nil, false
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4)) //nolint:gosec // what is known of sockets is bounded far below 4 GiB
	return b, true
}

// each appends an array with what value appends under each of the names that m lists.
func (g *Gate) each(b []byte, m *packet, value func(b []byte, name string) []byte) []byte {
	var asked names
	if err := json.Unmarshal(m.ext, &asked); err != nil {
		g.malformed(m, err)
	}
	asked = once(asked)
	b = phpvalue.Open(b, len(asked))
	for _, name := range asked {
		b = value(phpvalue.AppendKey(b, phpvalue.KeyOf(name)), name)
	}
	return phpvalue.Close(b)
}

// once returns the list with each name the first time that it is in there: the keys of
// an array of PHP's.
func once(list names) names {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(name string) bool {
		again := seen[name]
		seen[name] = true
		return again
	})
}

func appendNumbers(b []byte, conns []*Conn) []byte {
	b = phpvalue.Open(b, len(conns))
	for i, c := range conns {
		b = phpvalue.AppendInt(phpvalue.AppendInt(b, int64(i)), int64(c.number))
	}
	return phpvalue.Close(b)
}

func appendSessions(b []byte, list []known) []byte {
	b = phpvalue.Open(b, len(list))
	for i := range list {
		b = phpvalue.AppendString(phpvalue.AppendInt(b, int64(list[i].number)), list[i].session)
	}
	return phpvalue.Close(b)
}

// appendGroups appends a list of names; PHP has had them for keys, so a name that is a
// number is a number.
func appendGroups(b []byte, groups []string) []byte {
	b = phpvalue.Open(b, len(groups))
	for i, group := range groups {
		b = phpvalue.AppendKey(phpvalue.AppendInt(b, int64(i)), phpvalue.KeyOf(group))
	}
	return phpvalue.Close(b)
}

func (g *Gate) appendSession(b []byte, number uint32) []byte {
	c := g.table.find(number)
	if c == nil {
		return phpvalue.AppendNull(b)
	}
	if session := g.table.sessionOf(c); len(session) > 0 {
		return append(b, session...)
	}
	return phpvalue.Close(phpvalue.Open(b, 0))
}

// selection is what PHP asks to know, of which sockets: those that any of where's lists
// names, or all if it has none.
type selection struct {
	Fields names `json:"fields"`
	Where  where `json:"where"`
}

type where struct {
	Groups     names   `json:"groups"`
	UID        names   `json:"uid"`
	Connection numbers `json:"connection_id"`

	any bool
}

// UnmarshalJSON implements json.Unmarshaler: an empty array is a list to PHP.
func (w *where) UnmarshalJSON(data []byte) error {
	in := json.NewDecoder(bytes.NewReader(data))
	kind, err := in.Token()
	if err != nil || kind == json.Delim('[') && !in.More() {
		return err
	}
	w.any = kind == json.Delim('{') && in.More()
	type plain where
	return json.Unmarshal(data, (*plain)(w))
}

// choose appends what PHP asks to know of sockets.
func (g *Gate) choose(b []byte, m *packet) []byte {
	var s selection
	if err := json.Unmarshal(m.ext, &s); err != nil {
		g.malformed(m, err)
		return phpvalue.Close(phpvalue.Open(b, 0))
	}
	s.Fields = once(s.Fields)
	if len(s.Fields) > maxFields {
		g.malformed(m, errFields)
		s.Fields = s.Fields[:maxFields]
	}
	list := g.table.describe(g.chosenBy(&s.Where))
	b = phpvalue.Open(b, len(list))
	for i := range list {
		b = phpvalue.Open(phpvalue.AppendInt(b, int64(list[i].number)), len(s.Fields))
		for _, field := range s.Fields {
			b = list[i].append(phpvalue.AppendKey(b, phpvalue.KeyOf(field)), field)
		}
		b = phpvalue.Close(b)
	}
	return phpvalue.Close(b)
}

// chosenBy returns the sockets that w means, each once.
func (g *Gate) chosenBy(w *where) []*Conn {
	if !w.any {
		return g.table.all()
	}
	found := make(map[uint32]*Conn)
	add := func(conns []*Conn) {
		for _, c := range conns {
			found[c.number] = c
		}
	}
	for _, group := range w.Groups {
		add(g.table.ofGroup(group))
	}
	for _, uid := range w.UID {
		add(g.table.ofUID(uid))
	}
	for _, n := range w.Connection {
		add(g.one(n))
	}
	return inOrder(slices.Collect(maps.Values(found)))
}

// append appends what a field is; PHP's null is what there is nothing of.
func (k *known) append(b []byte, field string) []byte {
	switch {
	case field == "uid" && k.uid != "":
		return phpvalue.AppendString(b, k.uid)
	case field == "groups" && len(k.groups) > 0:
		b = phpvalue.Open(b, len(k.groups))
		for _, group := range k.groups {
			b = phpvalue.AppendString(phpvalue.AppendKey(b, phpvalue.KeyOf(group)), group)
		}
		return phpvalue.Close(b)
	case field == "session":
		return phpvalue.AppendString(b, k.session)
	}
	return phpvalue.AppendNull(b)
}
