package throttle

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"
)

const (
	shardCount = 64
	// maxEntries bounds memory: an entry with its place in the map takes less than 200 bytes, so all of them less than 40 MiB.
	maxEntries = 200_000
	// patience is how long Reserve waits for tries in flight to be decided, in real time.
	patience = 2 * time.Second
)

// Limiter counts. It is safe for use by many goroutines.
type Limiter struct {
	clock  func() time.Time
	off    bool
	shards [shardCount]shard
}

type shard struct {
	mu      sync.Mutex
	settled sync.Cond
	entries map[key]*entry
}

type key [16]byte

// entry is the state of one counter.
type entry struct {
	windows [2]struct {
		since time.Time
		used  int32
	}
	flight int32     // reserved, not settled
	fails  int32     // of the ladder, since
	since  time.Time // the first of fails
	next   time.Time // no try before
	last   time.Time
}

// New makes a Limiter with the standard budgets.
func New(clock func() time.Time) *Limiter {
	l := &Limiter{clock: clock}
	for i := range l.shards {
		l.shards[i].entries = map[key]*entry{}
		l.shards[i].settled.L = &l.shards[i].mu
	}
	return l
}

// Off makes a Limiter that lets everything pass, for tests and load measurements.
func Off() *Limiter { return &Limiter{off: true} }

// Key is one counter of a budget.
type Key struct {
	Budget Budget
	ID     string
}

// Limited says that a budget is used up.
type Limited struct {
	Budget     Budget
	RetryAfter time.Duration // at least a second
}

func (l *Limited) Error() string {
	return fmt.Sprintf("the budget %s is used up for %v", l.Budget, l.RetryAfter)
}

// Reservation is a place in a budget. Spend or Release settles it; the first of them counts. Write `defer r.Spend()` and Release where the try
// turns out not to count, so that a forgotten way out counts.
type Reservation struct {
	limiter *Limiter
	key     Key
	once    sync.Once
}

// Reserve takes a place, or returns *Limited. It may wait, at most two seconds, for others to settle.
func (l *Limiter) Reserve(ctx context.Context, k Key) (*Reservation, error) {
	if l.off {
		return &Reservation{limiter: l}, nil
	}
	s, id := l.find(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	var wake func() bool
	deadline := time.Now().Add(patience)
	for {
		now := l.clock()
		e := s.entry(id, now)
		wait, inFlight := rules[k.Budget].judge(e, now)
		if wait == 0 {
			e.flight++
			e.last = now
			return &Reservation{limiter: l, key: k}, nil
		}
		if !inFlight || ctx.Err() != nil || !time.Now().Before(deadline) {
			return nil, &Limited{k.Budget, max(wait, time.Second)}
		}
		if wake == nil {
			wake = context.AfterFunc(ctx, s.settled.Broadcast)
			defer wake()
			timer := time.AfterFunc(patience, s.settled.Broadcast)
			defer timer.Stop()
		}
		s.settled.Wait()
	}
}

// judge says how long to wait before the next try: zero if it may be made. inFlight: only tries that are not decided yet stand in the way.
func (r rule) judge(e *entry, now time.Time) (wait time.Duration, inFlight bool) {
	for i, w := range r.windows {
		count := &e.windows[i]
		if now.Sub(count.since) >= w.per || now.Before(count.since) {
			count.since, count.used = now, 0
		}
		if count.used+e.flight >= w.most {
			if count.used < w.most {
				return time.Second, true
			}
			wait = max(wait, count.since.Add(w.per).Sub(now))
		}
	}
	if r.ladder.free == 0 || wait > 0 {
		return wait, false
	}
	if e.next.After(now) {
		return e.next.Sub(now), false
	}
	if now.Sub(e.since) >= r.ladder.period {
		e.fails = 0
	}
	if e.flight > 0 && e.fails+e.flight >= r.ladder.free {
		return time.Second, true
	}
	return 0, false
}

// Spend counts the try.
func (r *Reservation) Spend() { r.settle(true) }

// Release gives the place back uncounted.
func (r *Reservation) Release() { r.settle(false) }

func (r *Reservation) settle(counts bool) {
	r.once.Do(func() {
		if r.limiter.off {
			return
		}
		s, id := r.limiter.find(r.key)
		s.mu.Lock()
		defer s.mu.Unlock()
		now := r.limiter.clock()
		e := s.entry(id, now)
		e.flight = max(0, e.flight-1)
		if counts {
			rules[r.key.Budget].count(e, now)
		}
		s.settled.Broadcast()
	})
}

func (r rule) count(e *entry, now time.Time) {
	for i := range r.windows {
		e.windows[i].used++
	}
	if r.ladder.free == 0 {
		return
	}
	if e.fails == 0 {
		e.since = now
	}
	e.fails++
	if over := e.fails - r.ladder.free; over >= 0 {
		e.next = now.Add(min(time.Second<<min(over, 30), r.ladder.longest))
	}
	if r.ladder.ceiling > 0 && e.fails >= r.ladder.ceiling {
		e.next, e.fails = now.Add(r.ladder.pause), 0
	}
}

// Clear forgets a counter: that of a known device after its own log-in.
func (l *Limiter) Clear(k Key) {
	if l.off {
		return
	}
	s, id := l.find(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil && e.flight == 0 {
		delete(s.entries, id)
	}
}

func (l *Limiter) find(k Key) (*shard, key) {
	sum := sha256.Sum256([]byte(string(k.Budget) + " " + k.ID))
	return &l.shards[sum[31]%shardCount], key(sum[:16])
}

// entry finds a counter or makes it, if need be in the place of another.
func (s *shard) entry(id key, now time.Time) *entry {
	if e := s.entries[id]; e != nil {
		return e
	}
	if len(s.entries) >= maxEntries/shardCount {
		s.evict()
	}
	e := &entry{last: now}
	s.entries[id] = e
	return e
}

// evict lets the least useful of a few go: one that nobody waits for and that was not touched for longest. A sample is enough; the map gives
// it in random order.
func (s *shard) evict() {
	const sample = 16
	var victim key
	var oldest *entry
	seen := 0
	for id, e := range s.entries {
		if e.flight == 0 && (oldest == nil || lessUse(e, oldest)) {
			victim, oldest = id, e
		}
		if seen++; seen >= sample {
			break
		}
	}
	if oldest != nil {
		delete(s.entries, victim)
	}
}

// lessUse reports whether a is of less use than b: with fewer failures, or as many and longer ago.
func lessUse(a, b *entry) bool {
	if a.fails != b.fails {
		return a.fails < b.fails
	}
	return a.last.Before(b.last)
}
