package chat

import "sync"

// memberCacheSize bounds one generation of a memberCache.
const memberCacheSize = 16_384

// memberCache remembers who takes part in conversations. That never changes, so
// it is never stale. It keeps two generations: when the young one is full, the
// old one is dropped.
type memberCache struct {
	mu    sync.Mutex
	young map[ConversationID][2]UID // guarded by mu
	old   map[ConversationID][2]UID // guarded by mu
}

func newMemberCache() *memberCache {
	return &memberCache{young: make(map[ConversationID][2]UID)}
}

func (c *memberCache) get(id ConversationID) ([2]UID, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if uids, ok := c.young[id]; ok {
		return uids, true
	}
	uids, ok := c.old[id]
	if ok {
		c.keep(id, uids)
	}
	return uids, ok
}

func (c *memberCache) put(id ConversationID, uids [2]UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(id, uids)
}

// keep stores in the young generation; the caller holds mu.
func (c *memberCache) keep(id ConversationID, uids [2]UID) {
	if len(c.young) >= memberCacheSize {
		c.old, c.young = c.young, make(map[ConversationID][2]UID)
	}
	c.young[id] = uids
}
