package gatewayworker

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"
)

const (
	// maxName bounds the names of uids and groups, in bytes.
	maxName = 256

	// maxGroups bounds the groups of one socket.
	maxGroups = 256

	// maxSession bounds a session, in bytes of PHP's serialize().
	maxSession = 64 << 10

	// maxSessions bounds those of all sockets together.
	maxSessions = 256 << 20
)

// table is what PHP knows of the sockets of this node: what GatewayWorker's Gateway
// process keeps.
type table struct {
	mu       sync.RWMutex
	last     uint32                      // guarded by mu, as all of it
	conns    map[uint32]*Conn            // by connection id
	uids     map[string]map[uint32]*Conn // by what they are bound to
	groups   map[string]map[uint32]*Conn // by what they are in; those with members
	sessions int                         // bytes of all sessions
}

func newTable() *table {
	return &table{
		conns: make(map[uint32]*Conn),
		uids:  make(map[string]map[uint32]*Conn), groups: make(map[string]map[uint32]*Conn),
	}
}

// add gives c its number: one more than the last, past those in use.
func (t *table) add(c *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for taken := true; taken; _, taken = t.conns[t.last] {
		if t.last == math.MaxUint32 {
			t.last = 0
		}
		t.last++
	}
	c.number = t.last
	t.conns[c.number] = c
}

// remove forgets c and all that PHP has made of it. Only the first call says so.
func (t *table) remove(c *Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns[c.number] != c {
		return false
	}
	delete(t.conns, c.number)
	drop(t.uids, c.uid, c)
	for group := range c.groups {
		drop(t.groups, group, c)
	}
	t.sessions -= len(c.session)
	return true
}

func put(sets map[string]map[uint32]*Conn, name string, c *Conn) {
	if sets[name] == nil {
		sets[name] = make(map[uint32]*Conn)
	}
	sets[name][c.number] = c
}

func drop(sets map[string]map[uint32]*Conn, name string, c *Conn) {
	delete(sets[name], c.number)
	if len(sets[name]) == 0 {
		delete(sets, name)
	}
}

// bind names c for PHP's pushes; "" takes the name away.
func (t *table) bind(number uint32, uid string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.conns[number]
	if c == nil {
		return
	}
	if c.uid != "" {
		drop(t.uids, c.uid, c)
	}
	if c.uid = uid; uid != "" {
		put(t.uids, uid, c)
	}
}

// join reports whether there was room for one more group.
func (t *table) join(number uint32, group string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.conns[number]
	if c == nil {
		return true
	}
	if _, already := c.groups[group]; !already && len(c.groups) >= maxGroups {
		return false
	}
	if c.groups == nil {
		c.groups = make(map[string]struct{})
	}
	c.groups[group] = struct{}{}
	put(t.groups, group, c)
	return true
}

func (t *table) leave(number uint32, group string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.conns[number]; c != nil {
		delete(c.groups, group)
		drop(t.groups, group, c)
	}
}

func (t *table) ungroup(group string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.groups[group] {
		delete(c.groups, group)
	}
	delete(t.groups, group)
}

// setSession puts what change makes of the session in its place, unless it fails or
// there is no room. It may take a while to read one: only who changes the same waits.
func (t *table) setSession(number uint32, change func(old []byte) ([]byte, error)) error {
	c := t.find(number)
	if c == nil {
		return nil
	}
	c.changing.Lock()
	defer c.changing.Unlock()
	session, err := change(t.sessionOf(c))
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns[c.number] != c { // it has ended meanwhile
		return nil
	}
	total := t.sessions - len(c.session) + len(session)
	if len(session) > maxSession || total > maxSessions {
		return errSessionSize
	}
	c.session, t.sessions = session, total
	return nil
}

// find returns the socket of a number, nil for none.
func (t *table) find(number uint32) *Conn {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.conns[number]
}

// all returns the sockets, in order.
func (t *table) all() []*Conn {
	return t.sorted(func() map[uint32]*Conn { return t.conns })
}

func (t *table) ofUID(uid string) []*Conn {
	return t.sorted(func() map[uint32]*Conn { return t.uids[uid] })
}

func (t *table) ofGroup(group string) []*Conn {
	return t.sorted(func() map[uint32]*Conn { return t.groups[group] })
}

// sorted returns a set in order. Pages that come and go wait for its copy only.
func (t *table) sorted(set func() map[uint32]*Conn) []*Conn {
	t.mu.RLock()
	list := slices.Collect(maps.Values(set()))
	t.mu.RUnlock()
	return inOrder(list)
}

// count is of the sockets in a group; of all for "".
func (t *table) count(group string) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if group == "" {
		return len(t.conns)
	}
	return len(t.groups[group])
}

// members is count for a name that is a group's, whatever it is: nobody is in "".
func (t *table) members(group string) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.groups[group])
}

// groupNames returns those of the groups that have members, in order.
func (t *table) groupNames() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Sorted(maps.Keys(t.groups))
}

// known is what PHP may ask about a socket.
type known struct {
	number  uint32
	uid     string
	groups  []string
	session []byte
}

// describe returns what is known of sockets, of those that are still there.
func (t *table) describe(conns []*Conn) []known {
	t.mu.RLock()
	defer t.mu.RUnlock()
	list := make([]known, 0, len(conns))
	for _, c := range conns {
		if t.conns[c.number] == c {
			list = append(list, known{c.number, c.uid, slices.Sorted(maps.Keys(c.groups)), c.session})
		}
	}
	return list
}

func (t *table) sessionOf(c *Conn) []byte {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return c.session
}

func inOrder(list []*Conn) []*Conn {
	slices.SortFunc(list, func(a, b *Conn) int { return cmp.Compare(a.number, b.number) })
	return list
}
