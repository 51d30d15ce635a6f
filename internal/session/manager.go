package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

const (
	// pollEvery and trustFor keep the promise that a revoked session is dead everywhere within a second: what is revoked right
	// after a poll is heard of 250 ms later, and a node that hears nothing for 700 ms trusts its cache no longer.
	pollEvery = 250 * time.Millisecond
	trustFor  = 700 * time.Millisecond
	// overlap is how far back each poll looks: on PostgreSQL a row with a lower number may be committed after one with a higher.
	// It exceeds the longest transaction that the store allows.
	overlap = 15 * time.Second
	// saveEvery is how often last uses are written.
	saveEvery = 5 * time.Second
	cacheSize = 100_000
)

// Manager issues and checks sessions. One per process.
type Manager struct {
	store *store.Store
	clock func() time.Time
	life  Lifetimes
	cache *cache

	polled atomic.Int64 // real time of the last good poll, nanoseconds; the cache is trusted only near it

	mu      sync.Mutex
	pending map[key]time.Time // last uses of sessions that are not cached, not written yet

	// Poll's own, one at a time.
	polling sync.Mutex
	floor   int64
	heard   []heard // revocations of the overlap window, to tell new ones from old
}

type heard struct {
	seq int64
	at  time.Time // real time
}

// NewManager makes a Manager; Run keeps it informed.
func NewManager(s *store.Store, clock func() time.Time, life Lifetimes) *Manager {
	return &Manager{store: s, clock: clock, life: life, cache: newCache(cacheSize), pending: map[key]time.Time{}}
}

// now is the clock in the precision of the store.
func (m *Manager) now() time.Time { return m.clock().UTC().Truncate(time.Microsecond) }

// Check turns a token into its session and notes its use. The error is a *message.Fault unauthenticated that knows the cause, or
// the store's.
func (m *Manager) Check(ctx context.Context, token string) (*Session, error) {
	if !wellFormed(token) {
		return nil, unauthenticated("session_malformed")
	}
	k := key(sha256.Sum256([]byte(token)))
	now := m.now()
	if m.trusted() {
		if e := m.cache.get(k); e != nil {
			return m.use(k, e, now)
		}
	}
	return m.read(ctx, k, now)
}

// trusted reports whether the poll is recent enough. It goes by real time: a clock that was set must not lengthen the trust.
func (m *Manager) trusted() bool {
	return time.Now().UnixNano()-m.polled.Load() < int64(trustFor)
}

// use judges a cached session and notes its use in memory.
func (m *Manager) use(k key, e *entry, now time.Time) (*Session, error) {
	seen := time.UnixMicro(e.seen.Load()).UTC()
	if cause := good(&e.session.Session, e.session.User, seen, now); cause != "" {
		m.cache.remove(k)
		return nil, unauthenticated(cause)
	}
	if now.After(seen) {
		e.seen.Store(now.UnixMicro())
		e.dirty.Store(true)
	}
	if now.Sub(e.session.SeenAt) < time.Second {
		return e.session, nil
	}
	s := *e.session
	s.SeenAt = now
	return &s, nil
}

// read asks the store and keeps a good answer.
func (m *Manager) read(ctx context.Context, k key, now time.Time) (*Session, error) {
	generation := m.cache.generation.Load()
	row, user, err := m.store.SessionByHash(ctx, k[:])
	if errors.Is(err, store.ErrNotFound) {
		return nil, unauthenticated("session_unknown")
	}
	if err != nil {
		return nil, err
	}
	seen := m.lastUse(k, row.SeenAt)
	if cause := good(&row, &user, seen, now); cause != "" {
		return nil, unauthenticated(cause)
	}
	if now.After(seen) {
		row.SeenAt = now
		m.note(k, now)
	}
	s := m.With(row, user)
	e := &entry{session: s}
	e.seen.Store(row.SeenAt.UnixMicro())
	m.cache.put(k, e, generation)
	return s, nil
}

// lastUse is the later of what the store knows and what waits to be written.
func (m *Manager) lastUse(k key, stored time.Time) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := m.pending[k]; at.After(stored) {
		return at
	}
	return stored
}

func (m *Manager) note(k key, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.pending) < cacheSize {
		m.pending[k] = at
	}
}

func unauthenticated(cause string) error {
	return &message.Fault{Code: message.Unauthenticated, Cause: cause}
}

// Forget drops a user's sessions from this process at once, after a change that was just committed here; other nodes hear of it by
// the revocation in the same transaction.
func (m *Manager) Forget(userID string) {
	m.cache.forget([]store.Revocation{{Kind: store.RevokeUser, ID: userID}})
}

// Save writes the last uses that are only in memory.
func (m *Manager) Save(ctx context.Context) error {
	seen := m.cache.unsaved()
	m.mu.Lock()
	for k, at := range m.pending {
		seen = append(seen, store.Seen{Hash: append([]byte(nil), k[:]...), At: at})
	}
	clear(m.pending)
	m.mu.Unlock()
	for len(seen) > 0 {
		n := min(len(seen), 200) // small transactions: a log-in waits for no long one
		batch := seen[:n]
		if err := m.store.Update(ctx, func(tx *store.Tx) error { return tx.TouchSessions(ctx, batch) }); err != nil {
			return err
		}
		seen = seen[n:]
	}
	return nil
}

// Run polls the revocations and saves last uses until ctx ends; then it saves once more.
func (m *Manager) Run(ctx context.Context) {
	poll, save := time.NewTicker(pollEvery), time.NewTicker(saveEvery)
	defer poll.Stop()
	defer save.Stop()
	_ = m.Poll(ctx)
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveEvery)
			defer cancel()
			_ = m.Save(last)
			return
		case <-poll.C:
			_ = m.Poll(ctx) // a failed poll is answered by not trusting the cache
		case <-save.C:
			_ = m.Save(ctx) // a lost last use ends a session early at worst
		}
	}
}

// Poll hears of new revocations and forgets what they name.
func (m *Manager) Poll(ctx context.Context) error {
	m.polling.Lock()
	defer m.polling.Unlock()
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, trustFor)
	defer cancel()
	after, err := m.horizon(ctx, began)
	if err != nil {
		return err
	}
	for {
		rows, err := m.store.Revocations(ctx, after)
		if err != nil {
			return err
		}
		m.cache.forget(m.unheard(rows, began))
		if len(rows) < store.RevocationsPage {
			break
		}
		after = rows[len(rows)-1].Seq
	}
	m.polled.Store(began.UnixNano())
	return nil
}

// horizon is the number that everything still to come must exceed: the highest heard of longer ago than the overlap. The first
// poll begins a little below the newest row: what came before, the empty cache does not hold.
func (m *Manager) horizon(ctx context.Context, now time.Time) (int64, error) {
	const slack = 1000
	if m.polled.Load() == 0 {
		last, err := m.store.LastRevocation(ctx)
		if err != nil {
			return 0, err
		}
		m.floor = max(0, last-slack)
	}
	for len(m.heard) > 0 && now.Sub(m.heard[0].at) > overlap {
		m.floor = max(m.floor, m.heard[0].seq)
		m.heard = m.heard[1:]
	}
	return m.floor, nil
}

// unheard picks the rows that no earlier poll has seen.
func (m *Manager) unheard(rows []store.Revocation, now time.Time) []store.Revocation {
	known := make(map[int64]bool, len(m.heard))
	for _, h := range m.heard {
		known[h.seq] = true
	}
	var fresh []store.Revocation
	for _, r := range rows {
		if !known[r.Seq] {
			fresh = append(fresh, r)
			m.heard = append(m.heard, heard{r.Seq, now})
		}
	}
	return fresh
}
