package session

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// cache holds sessions that were found good. It is our own rather than a library's because of one rule that none has: an entry
// that was read before a revocation was heard of must not be put in after it (put compares generations under the shard's lock).
type cache struct {
	generation atomic.Uint64 // rises with every revocation that was heard of
	shards     [shardCount]shard
	perShard   int
}

const shardCount = 64

type shard struct {
	mu      sync.RWMutex
	entries map[key]*entry
}

type key [32]byte

// entry is a good session. What changes is only when it was last seen.
type entry struct {
	session atomic.Pointer[Session] // its SeenAt is right to the second
	seen    atomic.Int64            // microseconds
	dirty   atomic.Bool             // seen is not in the store yet
}

func newEntry(s *Session) *entry {
	e := &entry{}
	e.session.Store(s)
	e.seen.Store(s.SeenAt.UnixMicro())
	return e
}

// use judges a cached session and notes its use; nil when it is over its limit. It makes a new Session at most once a second, because this is
// what every request goes through.
func (e *entry) use(now time.Time) *Session {
	s, last := e.session.Load(), e.seen.Load()
	seen := time.UnixMicro(last).UTC()
	if good(&s.Session, s.User, seen, now) != "" {
		return nil
	}
	if now.After(seen) && e.seen.CompareAndSwap(last, now.UnixMicro()) { // else another request has just noted its own
		e.dirty.Store(true)
	}
	if now.Sub(s.SeenAt) < time.Second {
		return s
	}
	used := *s
	used.SeenAt = now
	e.session.Store(&used)
	return &used
}

func newCache(size int) *cache {
	c := &cache{perShard: max(1, size/shardCount)}
	for i := range c.shards {
		c.shards[i].entries = map[key]*entry{}
	}
	return c
}

func (c *cache) get(k key) *entry {
	s := &c.shards[k[0]%shardCount]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.entries[k]
}

// put adds an entry that was read at the given generation, unless something was revoked since: the row may have been read just
// before it was deleted. A full shard lets go of any entry; it will be read again.
func (c *cache) put(k key, e *entry, generation uint64) {
	s := &c.shards[k[0]%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.generation.Load() != generation {
		return
	}
	if len(s.entries) >= c.perShard {
		for victim, old := range s.entries {
			if !old.dirty.Load() { // its last use would be lost
				delete(s.entries, victim)
				break
			}
		}
		if len(s.entries) >= c.perShard {
			return
		}
	}
	s.entries[k] = e
}

func (c *cache) remove(k key) {
	s := &c.shards[k[0]%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.entries, k)
}

// forget drops what the revocations name. The generation rises first: whoever reads the store from now on sees the revoked state,
// and whoever read it before fails in put.
func (c *cache) forget(revoked []store.Revocation) {
	if len(revoked) == 0 {
		return
	}
	c.generation.Add(1)
	users, sessions, all := map[string]bool{}, map[string]bool{}, false
	for _, r := range revoked {
		switch r.Kind {
		case store.RevokeUser:
			users[r.ID] = true
		case store.RevokeSession:
			sessions[r.ID] = true
		default:
			all = true // also what a newer version writes and this one does not know
		}
	}
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for k, e := range s.entries {
			if of := e.session.Load(); all || users[of.UserID] || sessions[of.ID] {
				delete(s.entries, k)
			}
		}
		s.mu.Unlock()
	}
}

// unsaved collects the last uses that are not in the store yet.
func (c *cache) unsaved() []store.Seen {
	var seen []store.Seen
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.RLock()
		for k, e := range s.entries {
			if e.dirty.Load() && e.dirty.CompareAndSwap(true, false) {
				seen = append(seen, store.Seen{Hash: append([]byte(nil), k[:]...), At: time.UnixMicro(e.seen.Load())})
			}
		}
		s.mu.RUnlock()
	}
	return seen
}
