package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
)

// start is the time of most tests: what is stored has microseconds, not more.
var start = time.Date(2026, 3, 14, 15, 9, 26, 535_000, time.UTC)

// scenario is one thing that the store must do, whichever engine is below. It gets a migrated store of its own.
type scenario struct {
	name string
	run  func(t *testing.T, s *Store)
}

// onBoth runs scenarios on SQLite and on PostgreSQL: the same inputs must give the same answers (I-143).
func onBoth(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, sc := range scenarios {
		for _, engine := range []engine{sqliteEngine, postgresEngine} {
			t.Run(sc.name+" on "+string(engine), func(t *testing.T) {
				t.Parallel()
				sc.run(t, fresh(t, engine))
			})
		}
	}
}

// fresh is an empty, migrated store.
func fresh(t *testing.T, e engine) *Store {
	t.Helper()
	s := open(t, address(t, e), Options{Server: true})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// address names a database that nobody has used yet.
func address(t *testing.T, e engine) string {
	t.Helper()
	if e == postgresEngine {
		return pgtest.DSN(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "gatehouse.db")
}

func open(t *testing.T, dsn string, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// must runs an update that has to succeed. fn returns its errors: it runs on another goroutine, where t.Fatal may not be called.
func must(t *testing.T, s *Store, fn func(context.Context, *Tx) error) {
	t.Helper()
	if err := try(t, s, fn); err != nil {
		t.Fatal(err)
	}
}

// try runs an update and returns its error.
func try(t *testing.T, s *Store, fn func(context.Context, *Tx) error) error {
	t.Helper()
	return s.Update(t.Context(), func(tx *Tx) error { return fn(t.Context(), tx) })
}

// refused runs an update that has to end with that error.
func refused(t *testing.T, s *Store, want error, fn func(context.Context, *Tx) error) {
	t.Helper()
	if err := try(t, s, fn); !errors.Is(err, want) {
		t.Errorf("error = %v, want %v", err, want)
	}
}

// read is what one query answers outside of any update.
func read[T any](t *testing.T, s *Store, fn func(context.Context, *Tx) (T, error)) T {
	t.Helper()
	got, err := ask(t, s, fn)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func ask[T any](t *testing.T, s *Store, fn func(context.Context, *Tx) (T, error)) (T, error) {
	t.Helper()
	var got T
	err := s.View(t.Context(), func(tx *Tx) (err error) {
		got, err = fn(t.Context(), tx)
		return err
	})
	return got, err
}

// same compares what is there with what should be.
func same[T any](t *testing.T, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// count is the number of rows of a table.
func count(t *testing.T, s *Store, table string) int {
	t.Helper()
	var n int
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// addUsers makes users with these ids, each with the address <id>@example.com.
func addUsers(t *testing.T, s *Store, ids ...string) {
	t.Helper()
	must(t, s, func(ctx context.Context, tx *Tx) error {
		for _, id := range ids {
			if err := tx.CreateUser(ctx, User{ID: id, State: StateActive}, start, mailbox(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

func mailbox(id string) Identifier {
	return Identifier{Kind: KindEmail, Canonical: id + "@example.com", AsTyped: id + "@example.com"}
}

// note is an event that serves as a mark: «this transaction took place».
func note(ctx context.Context, tx *Tx, id string) error {
	return tx.AddEvent(ctx, Event{ID: id, At: start, Kind: "note", UserID: "mark"})
}

// notes lists the marks.
func notes(t *testing.T, s *Store) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, e := range read(t, s, func(ctx context.Context, tx *Tx) ([]Event, error) { return tx.EventsOf(ctx, "mark", 100_000) }) {
		all[e.ID] = true
	}
	return all
}

// atOnce runs fn n times at the same moment and returns what each answered.
func atOnce(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	gate, done := make(chan struct{}), make(chan struct{})
	for i := range n {
		go func() {
			<-gate
			errs[i] = fn(i)
			done <- struct{}{}
		}()
	}
	close(gate)
	for range n {
		<-done
	}
	return errs
}

func name(prefix string, n int) string { return fmt.Sprintf("%s%03d", prefix, n) }
