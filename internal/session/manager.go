package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
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
	// deaf is how long a node may have heard nothing and still keep what it has cached. Revocations are swept after an hour: a node that
	// slept through that (a suspended machine) would never hear of them and trust dead sessions again.
	deaf = 10 * time.Minute
)

// Manager issues and checks sessions. One per process.
type Manager struct {
	store *store.Store
	clock func() time.Time
	life  Lifetimes
	cache *cache

	polled atomic.Pointer[time.Time] // real time of the last good poll; the cache is trusted only near it

	mu      sync.Mutex
	pending map[key]time.Time // last uses of sessions that are not cached, not written yet
	ended   map[over]bool     // sessions found over their limit, not removed from the store yet

	// Poll's own, one at a time.
	polling sync.Mutex
	floor   int64
	heard   []heard // revocations of the overlap window, to tell new ones from old
}

// over names a session that has ended by itself, and by which limit.
type over struct {
	userID, id string
	why        store.End
}

type heard struct {
	seq int64
	at  time.Time // real time
}

// NewManager makes a Manager; Run keeps it informed.
func NewManager(s *store.Store, clock func() time.Time, life Lifetimes) *Manager {
	return &Manager{store: s, clock: clock, life: life, cache: newCache(cacheSize), pending: map[key]time.Time{}, ended: map[over]bool{}}
}

// now is the clock in the precision of the store.
func (m *Manager) now() time.Time { return m.clock().UTC().Truncate(time.Microsecond) }

// Check turns a token into its session and notes its use. The error is a *message.Fault unauthenticated that knows the cause, or
// the store's.
func (m *Manager) Check(ctx context.Context, token string) (*Session, error) {
	if !wellFormed(token) {
		return nil, unauthenticated("session_malformed")
	}
	text := textOf(token)
	k := key(sha256.Sum256(text[:]))
	now := m.now()
	if m.trusted() {
		if e := m.cache.get(k); e != nil {
			if s := e.use(now); s != nil {
				return s, nil
			}
			m.cache.remove(k) // over its limit as far as this node knows; it may have been used through another one
		}
	}
	return m.read(ctx, k, now)
}

// trusted reports whether the poll is recent enough. It goes by real time, not by the clock that decides on lifetimes.
func (m *Manager) trusted() bool {
	last := m.polled.Load()
	return last != nil && since(*last) < trustFor
}

// since is the real time that has passed, by the wall clock or by the monotonic one, whichever says more: the first can be set back, the
// second stands still while the machine is suspended, and neither must lengthen the trust.
func since(t time.Time) time.Duration {
	now := time.Now()
	return max(now.Sub(t), now.Round(0).Sub(t.Round(0)))
}

// read asks the store and keeps a good answer.
func (m *Manager) read(ctx context.Context, k key, now time.Time) (*Session, error) {
	generation := m.cache.generation.Load()
	row, user, err := m.store.SessionByHash(ctx, k[:])
	if errors.Is(err, store.ErrNotFound) {
		return nil, m.whyOver(ctx, k, now)
	}
	if err != nil {
		return nil, err
	}
	seen := m.lastUse(k, row.SeenAt)
	if why := good(&row, &user, seen, now); why != "" {
		m.end(&row, why)
		return nil, overSince(ended(&row, why))
	}
	if now.After(seen) {
		row.SeenAt = now
		m.note(k, now)
	}
	s := m.With(row, user)
	m.cache.put(k, newEntry(s), generation)
	return s, nil
}

// whyOver finds out why a token opens nothing: one more indexed read, for who is told no anyway.
func (m *Manager) whyOver(ctx context.Context, k key, now time.Time) error {
	e, err := m.store.EndedSession(ctx, k[:], now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return unauthenticated("session_unknown")
	case err != nil:
		return err
	}
	return overSince(e)
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

// end remembers a session that is over its limit until Save removes it: whoever was told so stays signed out, also when the clock is set back
// later (N-224). One of a disabled account stays; what becomes of it is not decided here.
func (m *Manager) end(s *store.Session, why store.End) {
	if why != store.Expired && why != store.Idle {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.ended) < cacheSize {
		m.ended[over{s.UserID, s.ID, why}] = true
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

// Save writes what is only in memory: last uses, and the end of what was found over its limit. What could not be written waits for the next time.
func (m *Manager) Save(ctx context.Context) error {
	seen := m.cache.unsaved()
	m.mu.Lock()
	for k, at := range m.pending {
		seen = append(seen, store.Seen{Hash: append([]byte(nil), k[:]...), At: at})
	}
	ended := slices.Collect(maps.Keys(m.ended))
	clear(m.pending)
	clear(m.ended)
	m.mu.Unlock()
	err := m.write(ctx, seen, ended)
	if err != nil {
		m.keep(seen, ended)
	}
	return err
}

func (m *Manager) write(ctx context.Context, seen []store.Seen, ended []over) error {
	const most = 200 // small transactions: a log-in waits for no long one
	for batch := range slices.Chunk(seen, most) {
		if err := m.store.Update(ctx, func(tx *store.Tx) error { return tx.TouchSessions(ctx, batch) }); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(ended, most) {
		if err := m.store.Update(ctx, func(tx *store.Tx) error { return m.remove(ctx, tx, batch) }); err != nil {
			return err
		}
	}
	return nil
}

// keep takes back what was not written. Some of it may be: to write it again changes nothing.
func (m *Manager) keep(seen []store.Seen, ended []over) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range seen {
		if k := key(s.Hash); s.At.After(m.pending[k]) && len(m.pending) < cacheSize {
			m.pending[k] = s.At
		}
	}
	for _, o := range ended {
		if len(m.ended) < cacheSize {
			m.ended[o] = true
		}
	}
}

func (m *Manager) remove(ctx context.Context, tx *store.Tx, ended []over) error {
	for _, o := range ended {
		if err := tx.EndSession(ctx, o.userID, o.id, o.why, m.now()); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
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
	if last := m.polled.Load(); last != nil && since(*last) > deaf {
		m.cache.forget([]store.Revocation{{Kind: store.RevokeAll}})
	}
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
	m.polled.Store(&began)
	return nil
}

// horizon is the number that everything still to come must exceed: the highest heard of longer ago than the overlap. The first
// poll begins a little below the newest row: what came before, the empty cache does not hold.
func (m *Manager) horizon(ctx context.Context, now time.Time) (int64, error) {
	const slack = 1000
	if m.polled.Load() == nil {
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
