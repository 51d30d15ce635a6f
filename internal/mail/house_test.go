package mail

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

var testKey = seal.Generate()

// house is an outbox on a store of its own.
type house struct {
	*Outbox
	t     *testing.T
	dsn   string
	clock *fixture.Clock
	log   *fixture.Journal
}

func openHouse(t *testing.T, dsn string, c *fixture.Clock, server *SMTP) *house {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, store.Options{Synchronous: "off"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := seal.New(testKey)
	if err != nil {
		t.Fatal(err)
	}
	log := &fixture.Journal{}
	o := NewOutbox(Parts{
		Store: s, Keys: keys, Render: renderer(t), SMTP: server, Dev: server == nil, Clock: c.Now, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	return &house{Outbox: o, t: t, dsn: dsn, clock: c, log: log}
}

// houses are a house on each engine.
func houses(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	for engine, dsn := range databases {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, dsn(t))
		})
	}
}

var databases = map[string]func(*testing.T) string{
	"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
	"postgres": func(t *testing.T) string { return pgtest.DSN(t) },
}

func (h *house) update(fn func(ctx context.Context, tx *store.Tx) error) {
	h.t.Helper()
	if err := h.Store.Update(h.t.Context(), func(tx *store.Tx) error { return fn(h.t.Context(), tx) }); err != nil {
		h.t.Fatal(err)
	}
}

// mail queues one whose link does not run out.
func (h *house) mail(kind Kind, to string) {
	h.t.Helper()
	d := whole()
	d.Valid = 0
	h.update(func(ctx context.Context, tx *store.Tx) error { return h.Queue(ctx, tx, kind, to, "en", d) })
}

// post sends what is due and waits for it.
func (h *house) post() {
	h.t.Helper()
	p := newPost(h.Outbox)
	if err := p.work(h.t.Context(), h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	p.onTheWay.Wait()
}

func (h *house) work(jobs map[string]Job) {
	h.t.Helper()
	if _, err := h.workJobs(h.t.Context(), h.t.Context(), jobs); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) state() (state store.OutboxState) {
	h.t.Helper()
	err := h.Store.View(h.t.Context(), func(tx *store.Tx) (err error) {
		state, err = tx.Outbox(h.t.Context())
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return state
}

func (h *house) mailbox() []Delivered {
	h.t.Helper()
	all, err := h.Mailbox(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// run works the outbox off beside the test until stop is called.
func (h *house) run(jobs map[string]Job) (stop func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx, jobs) })
	stop = func() { cancel(); running.Wait() }
	h.t.Cleanup(stop)
	return stop
}

// eventually waits for something that happens beside the test.
func (h *house) eventually(what string, done func() bool) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("never: %s\n%s", what, h.log)
		}
	}
}
