package session

import (
	"crypto/sha256"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

var (
	begin = fixture.Begin
	life  = Lifetimes{Idle: 12 * time.Hour, Absolute: 168 * time.Hour, RememberIdle: 336 * time.Hour, RememberAbsolute: 720 * time.Hour, Fresh: 10 * time.Minute}
)

// house is a Manager on a store of its own, with the user "u".
type house struct {
	*Manager
	t     testing.TB
	dsn   string
	clock *fixture.Clock
}

// houses runs a test on both engines.
func houses(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	for engine, dsn := range map[string]func() string{
		"sqlite":   func() string { return sqlite(t) },
		"postgres": func() string { return pgtest.DSN(t) },
	} {
		dsn := dsn()
		t.Run(engine, func(t *testing.T) { test(t, newHouse(t, dsn)) })
	}
}

func sqlite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") }

func newHouse(t testing.TB, dsn string) *house {
	t.Helper()
	s := openStore(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := fixture.StoppedClock()
	h := &house{NewManager(s, c.Now, life), t, dsn, c}
	h.update(func(tx *store.Tx) error {
		return tx.CreateUser(t.Context(), store.User{ID: "u", State: store.StateActive}, begin)
	})
	return h
}

func openStore(t testing.TB, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, store.Options{Synchronous: "off"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// node is a second Manager on the same database with connections of its own, as another process has.
func (h *house) node() *house {
	return &house{NewManager(openStore(h.t, h.dsn), h.clock.Now, life), h.t, h.dsn, h.clock}
}

func (h *house) update(fn func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.store.Update(h.t.Context(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// login stores a session of the user "u".
func (h *house) login(remember bool) (token string, s store.Session) {
	h.t.Helper()
	token, s = h.New("u", []string{"password"}, remember, Device{Label: "Firefox (Linux)", Addr: "192.0.2.1"})
	h.update(func(tx *store.Tx) error { return tx.CreateSession(h.t.Context(), s) })
	return token, s
}

// loginCached is a login whose session is in the cache and trusted there, or in neither.
func (h *house) loginCached(trusted bool) (token string, s store.Session) {
	h.t.Helper()
	token, s = h.login(false)
	if trusted {
		h.cached(token)
	}
	return token, s
}

// anew begins at the beginning, when nothing that is cached is trusted yet, with a loginCached.
func (h *house) anew(trusted bool) (token string, s store.Session) {
	h.t.Helper()
	h.clock.Stop(begin)
	h.stale(time.Minute)
	return h.loginCached(trusted)
}

// vanish takes the session's row away behind every cache: no revocation tells of it.
func (h *house) vanish(s store.Session) {
	h.t.Helper()
	moved := s
	_, moved.Hash = newToken()
	h.update(func(tx *store.Tx) error { return tx.RotateSession(h.t.Context(), s.Hash, moved) })
}

// poll tries a few times: a poll may take 700 ms of real time, which a busy machine does not always give.
func (h *house) poll() {
	h.t.Helper()
	for try := 1; ; try++ {
		err := h.Poll(h.t.Context())
		if err == nil {
			return
		}
		if try == 20 {
			h.t.Fatal(err)
		}
	}
}

// hear polls, and trusts what is cached from then on, however slow the machine is, until stale or the next poll.
func (h *house) hear() {
	h.t.Helper()
	h.poll()
	h.stale(-time.Hour)
}

func (h *house) save() {
	h.t.Helper()
	if err := h.Save(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// cached makes the session a cached one that is trusted, however slow the machine is, until stale or the next poll.
func (h *house) cached(token string) {
	h.t.Helper()
	h.poll()
	h.is(token, "")
	h.stale(-time.Hour)
	if h.is(token, ""); h.cache.get(keyOf(token)) == nil {
		h.t.Error("it is not cached")
	}
}

func keyOf(token string) key { return key(sha256.Sum256([]byte(token))) }

// stale makes the last good poll as old as that.
func (h *house) stale(age time.Duration) {
	at := time.Now().Add(-age)
	h.polled.Store(&at)
}

// is checks a token: "" when it is good, else the cause for the record.
func (h *house) is(token, cause string) *Session {
	h.t.Helper()
	s, err := h.Check(h.t.Context(), token)
	if got := causeOf(err); got != cause {
		h.t.Errorf("%v: it is %q (%v), want %q", h.clock.Now().Sub(begin), got, err, cause)
	}
	if (err == nil) != (s != nil) {
		h.t.Errorf("%v and %v", s, err)
	}
	return s
}

func causeOf(err error) string {
	f, ok := errors.AsType[*message.Fault](err)
	switch {
	case err == nil:
		return ""
	case !ok || f.Code != message.Unauthenticated:
		return "?"
	}
	return f.Cause
}

// row is what the store has of a session; nil when it is gone.
func (h *house) row(id string) *store.Session {
	h.t.Helper()
	var found *store.Session
	err := h.store.View(h.t.Context(), func(tx *store.Tx) error {
		all, err := tx.SessionsOf(h.t.Context(), "u")
		for _, s := range all {
			if s.ID == id {
				found = &s
			}
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}
