package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestUpdate(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"an error of the function comes back as it is and changes nothing", anErrorChangesNothing},
		{"many at once are all kept, and one that fails undoes nobody else's", manyAtOnce},
		{"who has hung up before the work begins changes nothing", whoHasHungUp},
		{"a closed store has finished what it accepted and accepts no more", closeFinishes},
		{"who holds a lock is waited for", locksWait},
		{"a view sees one state and can't write", aViewOnlyReads},
		{"what was updated is seen by the next view", updatesAreSeen},
	})
}

func anErrorChangesNothing(t *testing.T, s *Store) {
	mine := errors.New("not today")
	if err := s.Update(t.Context(), func(tx *Tx) error {
		if err := note(t.Context(), tx, "never"); err != nil {
			return err
		}
		return mine
	}); err != mine { //nolint:errorlint // the very same error, not one that wraps it
		t.Errorf("Update returned %v", err)
	}
	if err := s.View(t.Context(), func(*Tx) error { return mine }); err != mine { //nolint:errorlint // as above
		t.Errorf("View returned %v", err)
	}
	same(t, notes(t, s), map[string]bool{})
}

func manyAtOnce(t *testing.T, s *Store) {
	const n = 300 // several groups on SQLite, several times the pool on PostgreSQL
	failed := errors.New("every seventh fails")
	errs := atOnce(n, func(i int) error {
		return try(t, s, func(ctx context.Context, tx *Tx) error {
			if err := note(ctx, tx, name("n", i)); err != nil {
				return err
			}
			switch i % 7 {
			case 3:
				return failed
			case 5:
				// A statement that the database itself refuses, and the caller gives up.
				return tx.AddEvent(ctx, Event{ID: name("n", i), At: start})
			}
			return nil
		})
	})
	want := map[string]bool{}
	for i, err := range errs {
		switch i % 7 {
		case 3:
			if !errors.Is(err, failed) {
				t.Errorf("%d: %v, want its own error", i, err)
			}
		case 5:
			if !errors.Is(err, ErrConflict) {
				t.Errorf("%d: %v, want a conflict", i, err)
			}
		default:
			want[name("n", i)] = true
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
	}
	same(t, notes(t, s), want)
}

func whoHasHungUp(t *testing.T, s *Store) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // SQLite's queue takes or refuses it by chance
		ran := false
		err := s.Update(gone, func(tx *Tx) error { ran = true; return note(t.Context(), tx, "never") })
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) || ran {
			t.Errorf("Update: %v; ran: %v", err, ran)
		}
	}
	if err := s.View(gone, func(*Tx) error { return nil }); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("View: %v", err)
	}
	if err := s.Ping(gone); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Ping: %v", err)
	}
	if _, _, err := s.SessionByHash(gone, []byte("x")); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) {
		t.Errorf("SessionByHash: %v", err) // never «no such session»
	}
	same(t, notes(t, s), map[string]bool{})
}

func closeFinishes(t *testing.T, s *Store) {
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	var kept sync.Map
	begun := make(chan struct{}, 40)
	done := make(chan []error)
	go func() {
		done <- atOnce(40, func(i int) error {
			err := s.Update(context.Background(), func(tx *Tx) error {
				begun <- struct{}{}
				return note(context.Background(), tx, name("n", i))
			})
			if err == nil {
				kept.Store(name("n", i), true)
			}
			return err
		})
	}()
	<-begun
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	for i, err := range <-done {
		if err != nil && !errors.Is(err, ErrUnavailable) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if err := try(t, s, func(context.Context, *Tx) error { return nil }); !errors.Is(err, ErrUnavailable) {
		t.Errorf("an update after Close: %v", err)
	}
	if err := s.View(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a view after Close: %v", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Ping after Close: %v", err)
	}
	_ = s.Close() // twice is no harm
	if s.engine == sqliteEngine {
		again := open(t, "sqlite:"+s.Path(), Options{Server: true}) // the server lock is free too
		want := map[string]bool{}
		kept.Range(func(k, _ any) bool { want[k.(string)] = true; return true })
		if len(want) == 0 {
			t.Error("not even the update that ran when Close was called was finished")
		}
		same(t, notes(t, again), want)
	}
}

// The writer is held up until Close has been called and the queue is full of accepted updates.
func TestCloseFinishesWhatWaitsForTheWriter(t *testing.T) {
	t.Parallel()
	s := fresh(t, sqliteEngine)
	const waiting = 10
	hold, held := make(chan struct{}), make(chan struct{})
	answers := make(chan error, waiting+1)
	go func() {
		answers <- s.Update(context.Background(), func(tx *Tx) error {
			close(held)
			<-hold
			return note(context.Background(), tx, "first")
		})
	}()
	<-held
	for i := range waiting {
		go func() {
			answers <- s.Update(context.Background(), func(tx *Tx) error { return note(context.Background(), tx, name("n", i)) })
		}()
	}
	until(t, func() bool { return len(s.writer.jobs) == waiting })
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	until(t, func() bool {
		s.writer.mu.RLock()
		defer s.writer.mu.RUnlock()
		return s.writer.shut
	})
	close(hold)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	for range waiting + 1 {
		if err := <-answers; err != nil {
			t.Errorf("an update that was accepted: %v", err)
		}
	}
	same(t, len(notes(t, open(t, "sqlite:"+s.Path(), Options{}))), waiting+1)
}

// until waits for something that happens on another goroutine.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("what the test waits for does not happen")
		}
	}
}

func locksWait(t *testing.T, s *Store) {
	var inside, most atomic.Int32
	errs := atOnce(8, func(i int) error {
		return try(t, s, func(ctx context.Context, tx *Tx) error {
			if err := tx.Lock(ctx, "verify a@example.com", start.Add(time.Duration(i))); err != nil {
				return err
			}
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer inside.Add(-1)
			// Read, think, write: without the lock two would think at once.
			events, err := tx.EventsOf(ctx, "mark", 100)
			if err != nil {
				return err
			}
			return note(ctx, tx, fmt.Sprint("number ", len(events)))
		})
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if most.Load() != 1 || len(notes(t, s)) != 8 {
		t.Errorf("%d at once held the lock; %d of 8 counted on", most.Load(), len(notes(t, s)))
	}
}

func aViewOnlyReads(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	err := s.View(t.Context(), func(tx *Tx) error {
		if _, err := tx.UserByID(t.Context(), "u1"); err != nil {
			return err
		}
		return note(t.Context(), tx, "never")
	})
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("a write in a view: %v", err)
	}
	for range 8 { // whichever connection had the view writes again
		addUsers(t, s, name("v", count(t, s, "users")))
	}
	same(t, notes(t, s), map[string]bool{})
}

func updatesAreSeen(t *testing.T, s *Store) {
	for i := range 30 {
		must(t, s, func(ctx context.Context, tx *Tx) error { return note(ctx, tx, name("n", i)) })
		if len(notes(t, s)) != i+1 {
			t.Fatalf("after update %d a view sees %d", i+1, len(notes(t, s)))
		}
	}
}

// A panic on the writer's goroutine would end the process with everybody's work; it must cost its own update alone.
func TestAPanicInAnUpdateHurtsNobodyElse(t *testing.T) {
	t.Parallel()
	s := fresh(t, sqliteEngine)
	errs := atOnce(100, func(i int) error {
		return try(t, s, func(ctx context.Context, tx *Tx) error {
			if err := note(ctx, tx, name("n", i)); err != nil {
				return err
			}
			if i%10 == 4 {
				panic("a bug")
			}
			return nil
		})
	})
	want := map[string]bool{}
	for i, err := range errs {
		if i%10 == 4 {
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("%d: a panic is answered %v", i, err)
			}
			continue
		}
		want[name("n", i)] = true
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	same(t, notes(t, s), want)
}

// A full disk makes SQLite roll back the whole transaction, with the updates of others in it (INSERT OR ROLLBACK does so at will). Whoever
// was told «kept» must be, whoever was told «not kept» must not.
func TestNobodyIsMisledWhenSQLiteRollsAllBack(t *testing.T) {
	t.Parallel()
	s := fresh(t, sqliteEngine)
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.AddEvent(ctx, Event{ID: "twice", At: start}) })
	want := map[string]bool{}
	for round := range 20 {
		errs := atOnce(40, func(i int) error {
			return try(t, s, func(ctx context.Context, tx *Tx) error {
				if i == 20 {
					_, err := tx.exec(ctx, `INSERT OR ROLLBACK INTO events SELECT * FROM events WHERE id = 'twice'`)
					return err
				}
				return note(ctx, tx, name(name("r", round)+"n", i))
			})
		})
		for i, err := range errs {
			switch {
			case err == nil && i != 20:
				want[name(name("r", round)+"n", i)] = true
			case i == 20 && !errors.Is(err, ErrConflict), i != 20 && !errors.Is(err, ErrUnavailable):
				t.Errorf("%d: %v", i, err)
			}
		}
	}
	same(t, notes(t, s), want)
	if len(want) == 0 {
		t.Error("nobody's update was ever kept")
	}
}

// On PostgreSQL the caller's goroutine runs the function: the panic reaches the caller, and the transaction is undone and its connection free.
func TestAPanicReachesTheCallerOnPostgreSQL(t *testing.T) {
	t.Parallel()
	s := fresh(t, postgresEngine)
	for i := range 40 { // more than the pool has connections
		func() {
			defer func() {
				if p := recover(); p != "a bug" {
					t.Errorf("recovered %v", p)
				}
			}()
			_ = try(t, s, func(ctx context.Context, tx *Tx) error {
				_ = note(ctx, tx, name("n", i))
				panic("a bug")
			})
		}()
	}
	same(t, notes(t, s), map[string]bool{})
}

// Two transactions that lock the same two names the other way round: PostgreSQL ends one with 40P01, and Update runs it again.
func TestADeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := fresh(t, postgresEngine)
	var runs atomic.Int32
	var first sync.WaitGroup
	first.Add(2)
	errs := atOnce(2, func(i int) error {
		names, mine := [2]string{"a", "b"}, 0
		return try(t, s, func(ctx context.Context, tx *Tx) error {
			runs.Add(1)
			if err := tx.Lock(ctx, names[i], start); err != nil {
				return err
			}
			if mine++; mine == 1 { // both hold their first before either asks for its second
				first.Done()
				first.Wait()
			}
			if err := tx.Lock(ctx, names[1-i], start); err != nil {
				return err
			}
			return note(ctx, tx, names[i])
		})
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	same(t, notes(t, s), map[string]bool{"a": true, "b": true})
	if runs.Load() < 3 {
		t.Errorf("the two ran %d times: there was no deadlock to recover from", runs.Load())
	}
}

// With serializable transactions (an operator may set them) a write that rests on a stale read ends with 40001, and Update runs it again.
func TestASerializationFailureIsTriedAgain(t *testing.T) {
	t.Parallel()
	dsn := address(t, postgresEngine)
	if err := open(t, dsn, Options{}).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := open(t, dsn+"&default_transaction_isolation=serializable", Options{})
	addUsers(t, s, "u1")
	var runs atomic.Int32
	var both sync.WaitGroup
	both.Add(2)
	errs := atOnce(2, func(int) error {
		mine := 0
		return try(t, s, func(ctx context.Context, tx *Tx) error {
			runs.Add(1)
			u, err := tx.UserByID(ctx, "u1")
			if err != nil {
				return err
			}
			if mine++; mine == 1 {
				both.Done()
				both.Wait()
			}
			return tx.SetProfile(ctx, "u1", u.Name+"x", "", start)
		})
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	same(t, read(t, s, byID("u1")).Name, "xx") // no update was lost
	if runs.Load() != 3 {
		t.Errorf("the two ran %d times, want 3", runs.Load())
	}
}

// What PostgreSQL does not ask to be repeated is not repeated, and repeating ends.
func TestOnlyWhatPostgreSQLAsksForIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := fresh(t, postgresEngine)
	for _, c := range []struct {
		code string
		runs int
	}{{"40001", 8}, {"40P01", 8}, {"23505", 1}, {"57014", 1}} {
		runs := 0
		err := try(t, s, func(ctx context.Context, tx *Tx) error {
			runs++
			_, err := tx.exec(ctx, `DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '`+c.code+`'; END $$`)
			return err
		})
		if err == nil || runs != c.runs {
			t.Errorf("%s: ran %d times, want %d; %v", c.code, runs, c.runs, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	err := s.Update(ctx, func(tx *Tx) error {
		runs++
		_, err := tx.exec(ctx, `DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '40001'; END $$`)
		cancel()
		return err
	})
	if !errors.Is(err, ErrUnavailable) || runs > 2 {
		t.Errorf("who has hung up is tried for on: %d times, %v", runs, err)
	}
}
