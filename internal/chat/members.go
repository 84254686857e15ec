package chat

import "sync"

// memberCacheSize bounds one generation of a memberCache.
const memberCacheSize = 16_384

// memberCache remembers who takes part in conversations. That never changes, so
// it is never stale.
type memberCache struct {
	mu    sync.Mutex
	known generations[ConversationID, [2]UID] // guarded by mu
}

func newMemberCache() *memberCache {
	return &memberCache{known: generations[ConversationID, [2]UID]{size: memberCacheSize}}
}

func (c *memberCache) get(id ConversationID) ([2]UID, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known.get(id)
}

func (c *memberCache) put(id ConversationID, uids [2]UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known.put(id, uids)
}
