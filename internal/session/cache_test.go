package session

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

func TestACachedSessionIsCheckedWithoutTheStore(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		token, row := h.login(false)
		h.cached(token)
		h.vanish(row)
		h.is(token, "") // nobody told this node: the row was not read
		h.update(func(tx *store.Tx) error { return tx.Revoke(t.Context(), store.RevokeSession, row.ID, h.now()) })
		h.hear()
		h.is(token, "session_unknown")
	})
}

// A node that has not heard anything for 700 ms asks the store each time.
func TestANodeThatHearsNothingTrustsNoCache(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		token, row := h.login(false)
		if h.trusted() {
			t.Error("a cache is trusted before the first poll")
		}
		h.cached(token)
		h.vanish(row)
		h.stale(trustFor)
		h.is(token, "session_unknown")
	})
}

func TestEveryKindOfRevocationIsHeard(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		h.update(func(tx *store.Tx) error {
			return tx.CreateUser(t.Context(), store.User{ID: "other", State: store.StateActive}, begin)
		})
		stranger, of := h.New("other", nil, false, Device{})
		h.update(func(tx *store.Tx) error { return tx.CreateSession(t.Context(), of) })
		one, row := h.login(false)
		two, _ := h.login(false)
		for _, c := range []struct {
			kind, id            string
			one, two, strangers bool // still cached
		}{
			{store.RevokeSession, row.ID, false, true, true},
			{store.RevokeSession, "nobody's", true, true, true},
			{store.RevokeUser, "u", false, false, true},
			{store.RevokeAll, "", false, false, false},
			{"of a later version", "x", false, false, false},
		} {
			for _, token := range []string{one, two, stranger} {
				h.cached(token)
			}
			h.update(func(tx *store.Tx) error { return tx.Revoke(t.Context(), c.kind, c.id, h.now()) })
			h.poll()
			for token, want := range map[string]bool{one: c.one, two: c.two, stranger: c.strangers} {
				if got := h.cache.get(keyOf(token)) != nil; got != want {
					t.Errorf("%s %s: cached %v", c.kind, c.id, got)
				}
			}
		}
		h.cached(one)
		h.cached(stranger)
		h.Forget("u")
		if h.cache.get(keyOf(one)) != nil || h.cache.get(keyOf(stranger)) == nil {
			t.Error("Forget dropped somebody else")
		}
	})
}

// 7.4.1, C-038: what another process ends is dead here within a second of real time.
func TestWhatAnotherProcessEndsIsDeadWithinASecond(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		other := h.node()
		ctx, cancel := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		ended.Go(func() { h.Run(ctx) })
		defer ended.Wait()
		defer cancel()
		for _, end := range []func(tx *store.Tx, s store.Session) error{
			func(tx *store.Tx, s store.Session) error {
				return tx.EndSession(t.Context(), "u", s.ID, store.SignedOut, begin)
			},
			func(tx *store.Tx, _ store.Session) error {
				return tx.EndSessions(t.Context(), "u", "", store.PasswordChanged, begin)
			},
			func(tx *store.Tx, _ store.Session) error {
				if err := tx.SetState(t.Context(), "u", store.StateDisabled, begin); err != nil {
					return err
				}
				return tx.Revoke(t.Context(), store.RevokeUser, "u", begin)
			},
		} {
			token, row := h.login(false)
			for h.cache.get(keyOf(token)) == nil || !h.trusted() {
				h.is(token, "")
			}
			other.update(func(tx *store.Tx) error { return end(tx, row) })
			began := time.Now()
			for {
				asked := time.Now()
				if _, err := h.Check(t.Context(), token); err != nil {
					if causeOf(err) == "?" {
						t.Error(err)
					}
					break
				}
				if late := asked.Sub(began); late > time.Second {
					t.Fatalf("still good after %v", late)
				}
				time.Sleep(5 * time.Millisecond)
			}
		}
	})
}

// On PostgreSQL a revocation with a lower number can be committed after one with a higher that was heard of already.
func TestARevocationThatIsCommittedLateIsHeard(t *testing.T) {
	t.Parallel()
	h := newHouse(t, pgtest.DSN(t))
	token, row := h.login(false)
	h.cached(token)
	numbered, commit, done := make(chan bool), make(chan bool), make(chan error)
	go func() {
		done <- h.store.Update(t.Context(), func(tx *store.Tx) error {
			err := tx.EndSession(t.Context(), "u", row.ID, store.SignedOut, h.now())
			numbered <- true
			<-commit
			return err
		})
	}()
	<-numbered
	h.update(func(tx *store.Tx) error { return tx.Revoke(t.Context(), store.RevokeSession, "a later one", h.now()) })
	h.hear()
	if h.is(token, ""); len(h.heard) != 1 || h.heard[0].seq != 2 {
		t.Fatalf("heard %v", h.heard)
	}
	commit <- true
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	h.hear()
	h.is(token, "session_signed_out")
}

// What was heard is kept for the overlap and no longer, and taken for new only once.
func TestWhatWasHeardIsNotHeardAgain(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		h.poll()
		for range 3 {
			h.update(func(tx *store.Tx) error { return tx.Revoke(t.Context(), store.RevokeSession, "x", h.now()) })
			h.poll()
		}
		generation := h.cache.generation.Load()
		h.poll()
		if len(h.heard) != 3 || h.floor != 0 || h.cache.generation.Load() != generation {
			t.Errorf("heard %v above %d, at %d after %d", h.heard, h.floor, h.cache.generation.Load(), generation)
		}
		for i := range h.heard[:2] {
			h.heard[i].at = h.heard[i].at.Add(-overlap - time.Second)
		}
		h.poll()
		if len(h.heard) != 1 || h.floor != 2 || h.cache.generation.Load() != generation {
			t.Errorf("heard %v above %d", h.heard, h.floor)
		}
	})
}

// More revocations than one answer holds are all heard in one poll.
func TestALongListOfRevocationsIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqlite(t))
	token, row := h.login(false)
	h.cached(token)
	h.update(func(tx *store.Tx) error {
		for i := range store.RevocationsPage + 1 {
			if err := tx.Revoke(t.Context(), store.RevokeSession, fmt.Sprint(i), begin); err != nil {
				return err
			}
		}
		return tx.EndSession(t.Context(), "u", row.ID, store.SignedOut, begin)
	})
	for h.Poll(t.Context()) != nil { // it has a time limit, the race detector is slow, and what was read of it counts
		t.Log("once more")
	}
	h.stale(-time.Hour)
	h.is(token, "session_signed_out")
}

// A machine that was suspended for longer than revocations are kept has missed some for good: it forgets all.
func TestANodeThatSleptForgetsWhatItHadCached(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		token, row := h.login(false)
		h.cached(token)
		h.update(func(tx *store.Tx) error { return tx.EndSession(t.Context(), "u", row.ID, store.SignedOut, begin) })
		h.update(func(tx *store.Tx) error { _, err := tx.Sweep(t.Context(), begin.Add(2*time.Hour)); return err })
		if last, err := h.store.LastRevocation(t.Context()); last != 0 || err != nil {
			t.Fatal("the revocation is still there", last, err)
		}
		h.stale(deaf + time.Second)
		h.hear()
		h.is(token, "session_signed_out")
	})
}

// The row may have been read just before it was revoked: what was read before is not put in after.
func TestWhatWasReadBeforeARevocationIsNotCachedAfterIt(t *testing.T) {
	t.Parallel()
	c, k := newCache(1000), key{1}
	s := &Session{Session: store.Session{ID: "s", UserID: "u"}, User: &store.User{ID: "u"}}
	before := c.generation.Load()
	c.forget([]store.Revocation{{Kind: store.RevokeSession, ID: "s"}})
	c.put(k, newEntry(s), before)
	if c.get(k) != nil {
		t.Error("a revoked session is cached")
	}
	c.put(k, newEntry(s), c.generation.Load())
	c.forget(nil)
	if c.get(k) == nil {
		t.Error("nothing was revoked, and yet it is forgotten")
	}
	c.forget([]store.Revocation{{Kind: store.RevokeUser, ID: "u"}})
	if c.get(k) != nil {
		t.Error("a revoked session stays cached")
	}
}

// Refusals are never remembered, so that what becomes good is good at once.
func TestOnlyGoodSessionsAreCached(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		h.hear()
		token, row := h.New("u", nil, false, Device{})
		h.is(token, "session_unknown")
		h.update(func(tx *store.Tx) error { return tx.CreateSession(t.Context(), row) })
		h.is(token, "")
		h.Forget("u")
		h.clock.Pass(13 * time.Hour)
		h.is(token, "session_idle_limit")
		if h.cache.get(keyOf(token)) != nil {
			t.Error("a session over its limit is cached")
		}
	})
}

// The cache has an end, and lets go of nothing whose last use is not written.
func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache(2 * shardCount)
	entries := map[key]*entry{}
	for i := range 10 {
		k, e := key{7, byte(i)}, newEntry(&Session{})
		e.dirty.Store(i == 0)
		entries[k] = e
		c.put(k, e, 0)
		if n := len(c.shards[7].entries); n > 2 || c.get(key{7, 0}) == nil {
			t.Fatalf("%d entries; the first is there: %v", n, c.get(key{7, 0}) != nil)
		}
	}
	for _, e := range entries {
		e.dirty.Store(true)
	}
	c.put(key{7, 99}, newEntry(&Session{}), 0)
	if c.get(key{7, 99}) != nil || len(c.shards[7].entries) != 2 {
		t.Error("a use that is not written was let go of")
	}
}

func TestLastUsesAreWrittenInBatches(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		cached, a := h.login(false)
		uncached, b := h.login(false)
		h.cached(cached)
		h.clock.Pass(time.Hour)
		for range 3 {
			h.is(cached, "")
		}
		h.stale(time.Minute)
		h.is(uncached, "")
		if at := h.row(a.ID).SeenAt; !at.Equal(begin) {
			t.Error("a check has written", at)
		}
		h.save()
		for _, s := range []store.Session{a, b} {
			if at := h.row(s.ID).SeenAt; !at.Equal(begin.Add(time.Hour)) {
				t.Errorf("last used at %v", at)
			}
		}
		// Another node knows of a later use: an earlier one that comes afterwards doesn't take it back.
		h.update(func(tx *store.Tx) error {
			return tx.TouchSessions(t.Context(), []store.Seen{{Hash: a.Hash, At: begin.Add(3 * time.Hour)}})
		})
		h.clock.Pass(time.Hour)
		h.is(cached, "")
		h.save()
		if at := h.row(a.ID).SeenAt; !at.Equal(begin.Add(3 * time.Hour)) {
			t.Errorf("last used at %v", at)
		}
		if len(h.pending) != 0 || len(h.cache.unsaved()) != 0 {
			t.Error("something is left to save")
		}
	})
}

// A session that was used through another node is not over because this one has not seen it for long.
func TestAUseThroughAnotherNodeCounts(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		other := h.node()
		token, _ := h.login(false)
		h.cached(token)
		h.clock.Pass(11 * time.Hour)
		other.is(token, "")
		other.save()
		h.clock.Pass(11 * time.Hour)
		h.stale(-time.Hour)
		h.is(token, "")
	})
}

func TestWhatWaitsToBeWrittenIsBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqlite(t))
	for i := range cacheSize {
		h.pending[key{byte(i), byte(i >> 8), byte(i >> 16)}] = begin
		h.ended[over{id: fmt.Sprint(i)}] = true
	}
	token, _ := h.login(false)
	h.clock.Pass(time.Hour)
	h.is(token, "")
	h.clock.Pass(13 * time.Hour)
	h.is(token, "session_idle_limit")
	if len(h.pending) != cacheSize || len(h.ended) != cacheSize {
		t.Errorf("%d and %d wait", len(h.pending), len(h.ended))
	}
}

// Run saves once more when it ends, so that a restart loses no use.
func TestRunSavesAtItsEnd(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		token, row := h.login(false)
		h.clock.Pass(time.Hour)
		h.is(token, "")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		h.Run(ctx)
		if at := h.row(row.ID).SeenAt; !at.Equal(begin.Add(time.Hour)) {
			t.Errorf("last used at %v", at)
		}
	})
}

// Many requests, revocations, polls and saves at once, for the race detector; at the end what is revoked is dead.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqlite(t))
	token, row := h.login(false)
	h.poll()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				if s, err := h.Check(t.Context(), token); err == nil && (s.ID != row.ID || s.SeenAt.Before(begin)) {
					t.Error(s)
				}
				h.clock.Pass(time.Second)
			}
		})
	}
	all.Go(func() {
		for range 20 {
			h.Forget("u")
			_ = h.Poll(t.Context())
			_ = h.Save(t.Context())
		}
	})
	all.Wait()
	h.update(func(tx *store.Tx) error { return tx.EndSessions(t.Context(), "u", "", store.PasswordChanged, begin) })
	h.hear()
	h.is(token, "session_password_changed")
}

func BenchmarkCheckCached(b *testing.B) {
	h := newHouse(b, sqlite(b))
	h.clock.Stop(time.Now())
	m := NewManager(h.store, time.Now, life)
	token, _ := h.login(false)
	_ = m.Poll(b.Context())
	far := time.Now().Add(time.Hour)
	m.polled.Store(&far)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Check(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
