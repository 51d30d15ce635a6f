package throttle

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"sync"
	"time"
)

const (
	shardCount = 64
	// maxEntries bounds memory: an entry with its place in the map takes at most 270 bytes, all of them less than 64 MiB.
	maxEntries = 200_000
)

type shard struct {
	mu      sync.Mutex
	entries map[[16]byte]*entry
}

// place is where a key's counter is.
type place struct {
	budget *budget
	index  int // of the shard
	shard  *shard
	id     [16]byte
	entry  *entry // once it is taken
}

// find finds the places of keys, in the one order in which they may be locked.
func (l *Limiter) find(keys []Key) []place {
	places := make([]place, 0, len(keys))
	for _, k := range keys {
		h := sha256.New()
		h.Write(l.salt[:])
		h.Write([]byte(string(k.Budget) + "\x00" + k.ID))
		sum := h.Sum(nil)
		index := int(sum[31] % shardCount)
		p := place{budget: k.Budget.find(), index: index, shard: &l.shards[index], id: [16]byte(sum)}
		if !slices.ContainsFunc(places, func(q place) bool { return q.id == p.id }) {
			places = append(places, p)
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.index, b.index) })
	return places
}

func lock(places []place) {
	for i, p := range places {
		if i == 0 || places[i-1].index != p.index {
			p.shard.mu.Lock()
		}
	}
}

func unlock(places []place) {
	for i, p := range places {
		if i == 0 || places[i-1].index != p.index {
			p.shard.mu.Unlock()
		}
	}
}

// entry finds a counter or makes it, if need be in the place of another.
func (s *shard) entry(id [16]byte, b *budget, now time.Duration) *entry {
	if e := s.entries[id]; e != nil {
		return e
	}
	if len(s.entries) >= maxEntries/shardCount {
		s.evict(now)
	}
	e := &entry{budget: b}
	s.entries[id] = e
	return e
}

// evict lets the least useful of a few go. A sample is enough; the map gives it in random order.
func (s *shard) evict(now time.Duration) {
	const sample = 16
	var victim [16]byte
	var least *entry
	seen := 0
	for id, e := range s.entries {
		if e.flight == 0 && (least == nil || e.lessUse(least, now)) {
			victim, least = id, e
		}
		if seen++; seen >= sample {
			break
		}
	}
	if least != nil {
		delete(s.entries, victim)
	}
}
