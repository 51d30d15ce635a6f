package throttle

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"
)

const (
	// patience is how long Reserve waits for tries in flight to be decided.
	patience = 2 * time.Second
	// maxWaiting bounds how many wait for one counter; each that is decided wakes them all.
	maxWaiting = 64
)

// Limiter counts. It is safe for use by many goroutines.
type Limiter struct {
	clock  func() time.Time
	began  time.Time
	off    bool
	salt   [32]byte // so that nobody can choose keys that fall into one shard
	shards [shardCount]shard
}

// New makes a Limiter with the standard budgets.
func New(clock func() time.Time) *Limiter {
	l := &Limiter{clock: clock, began: clock()}
	rand.Read(l.salt[:]) // it never fails since Go 1.24
	for i := range l.shards {
		l.shards[i].entries = map[[16]byte]*entry{}
	}
	return l
}

// Off makes a Limiter that lets everything pass, for tests and load measurements.
func Off() *Limiter { return &Limiter{off: true} }

// Key is one counter of a budget.
type Key struct {
	Budget Budget
	ID     string // of a client (see ClientID), an account, an identifier, a device; of any length
}

// Limited says that a budget is used up.
type Limited struct {
	Budget     Budget
	RetryAfter time.Duration // at least a second
}

func (l *Limited) Error() string {
	return fmt.Sprintf("the budget %s is used up for %v", l.Budget, l.RetryAfter)
}

// Reserve takes a place in each of the budgets, or in none. A key that is given twice counts once. The error is *Limited, with the longest
// of the waits, or the context's: Reserve may wait, at most two seconds, for others to settle.
func (l *Limiter) Reserve(ctx context.Context, keys ...Key) (*Reservation, error) {
	if l.off {
		return &Reservation{limiter: l}, nil
	}
	places := l.find(keys)
	var timeout <-chan time.Time
	for {
		limited, settled := l.take(places)
		if limited == nil && settled == nil {
			return &Reservation{limiter: l, places: places}, nil
		}
		if settled == nil {
			return nil, limited
		}
		if timeout == nil {
			timer := time.NewTimer(patience)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-settled:
		case <-timeout:
			return nil, limited
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take takes all places at once and returns nothing; or takes none and says why. With a channel, it is worth waiting for that.
func (l *Limiter) take(places []place) (limited *Limited, settled <-chan struct{}) {
	lock(places)
	defer unlock(places)
	now := l.now()
	var busy *entry
	for _, p := range places {
		e := p.shard.entries[p.id]
		if e == nil {
			continue
		}
		wait, inFlight := e.judge(now)
		if wait > 0 && (limited == nil || wait > limited.RetryAfter) {
			limited = &Limited{p.budget.name, max(wait, time.Second)}
		}
		if inFlight {
			busy = e
		}
	}
	switch {
	case limited != nil:
		return limited, nil
	case busy != nil:
		return &Limited{busy.budget.name, time.Second}, busy.wait()
	}
	for i := range places {
		p := &places[i]
		p.entry = p.shard.entry(p.id, p.budget, now)
		p.entry.flight++
		p.entry.last = now
	}
	return nil, nil
}

func (l *Limiter) now() time.Duration { return max(0, l.clock().Sub(l.began)) }

// Reservation is a place in each of some budgets. Spend or Release settles it; the first of them holds, all others do nothing.
type Reservation struct {
	limiter *Limiter
	places  []place
	once    sync.Once
}

// Spend counts the try.
func (r *Reservation) Spend() { r.settle((*entry).count) }

// Release gives the places back uncounted.
func (r *Reservation) Release() { r.settle(func(*entry, time.Duration) {}) }

func (r *Reservation) settle(do func(*entry, time.Duration)) {
	r.once.Do(func() {
		for _, p := range r.places {
			p.shard.mu.Lock()
			do(p.entry, r.limiter.now())
			p.entry.flight--
			p.entry.wake()
			p.shard.mu.Unlock()
		}
	})
}

// Clear forgets the count of a known device, after its own log-in, or of the mails to an address, after its owner has thrown one of them away.
// The other budgets are nobody's own: whoever could clear them by a log-in could go on guessing (B-027), so for them it does nothing.
func (l *Limiter) Clear(k Key) {
	if l.off || k.Budget != LoginDevice && k.Budget != MailAddress {
		return
	}
	p := l.find([]Key{k})[0]
	p.shard.mu.Lock()
	defer p.shard.mu.Unlock()
	if e := p.shard.entries[p.id]; e != nil {
		e.tallies, e.next = [2]tally{}, 0
		e.wake()
	}
}
