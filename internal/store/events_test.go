package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"events are found by reference and by user, the newest first", eventsAreFound},
		{"a sweep removes what has had its time and keeps the rest", aSweepKeepsTheRest},
		{"a sweep judges by the time that it is given", aSweepGoesByItsClock},
		{"a sweep works in small batches and says when there is more", aSweepIsSmall},
	})
}

func eventsAreFound(t *testing.T, s *Store) {
	full := Event{
		ID: "e1", At: start, Kind: "refused", UserID: "u1", Actor: "cli", Client: "2001:db8::1", Reference: "GH-ABCD", RequestID: "r1",
		Cause: "password_wrong", Detail: "«Zoë»",
	}
	at := func(id, user, reference string, after time.Duration) Event {
		return Event{ID: id, At: start.Add(after), Kind: "login", UserID: user, Reference: reference}
	}
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return errors.Join(
			tx.AddEvent(ctx, full), tx.AddEvent(ctx, at("e2", "u1", "GH-ABCD", time.Second)), tx.AddEvent(ctx, at("e3", "u2", "GH-OTHER", 2*time.Second)),
			tx.AddEvent(ctx, at("e5", "u1", "", time.Second)), tx.AddEvent(ctx, at("e4", "u1", "", time.Second)))
	})
	by := func(reference string) []Event {
		return read(t, s, func(ctx context.Context, tx *Tx) ([]Event, error) { return tx.EventsByReference(ctx, reference) })
	}
	of := func(user string, limit int) (ids []string) {
		for _, e := range read(t, s, func(ctx context.Context, tx *Tx) ([]Event, error) { return tx.EventsOf(ctx, user, limit) }) {
			ids = append(ids, e.ID)
		}
		return ids
	}
	same(t, by("GH-ABCD"), []Event{at("e2", "u1", "GH-ABCD", time.Second), full})
	same(t, by("gh-abcd"), nil)
	same(t, of("u1", 9), []string{"e2", "e4", "e5", "e1"})
	same(t, of("u1", 2), []string{"e2", "e4"})
	same(t, of("u3", 9), nil)
	for _, has := range []struct {
		user, kind string
		want       bool
	}{{"u1", "refused", true}, {"u1", "login", true}, {"u2", "refused", false}, {"u3", "login", false}, {"u1", "Login", false}} {
		same(t, read(t, s, func(ctx context.Context, tx *Tx) (bool, error) { return tx.HasEvent(ctx, has.user, has.kind) }), has.want)
	}
	refused(t, s, ErrConflict, func(ctx context.Context, tx *Tx) error { return tx.AddEvent(ctx, full) })
}

// tables are those that a sweep shortens, each with one row that is over at the time over and one that is just not.
var tables = []string{"sessions", "tickets", "events", "revocations", "outbox", "locks"}

func fillForSweep(t *testing.T, s *Store, now time.Time) {
	t.Helper()
	addUsers(t, s, "u1")
	old, young := -time.Microsecond, time.Duration(0)
	must(t, s, func(ctx context.Context, tx *Tx) error {
		var errs []error
		for id, age := range map[string]time.Duration{"old": old, "young": young} {
			ended, idle := session("end "+id, "u1"), session("idle "+id, "u1")
			ended.EndAt, ended.SeenAt, ended.Idle = now.Add(age), now, time.Hour
			idle.EndAt, idle.SeenAt, idle.Idle = now.Add(time.Hour), now.Add(age-time.Hour), time.Hour
			k := ticketFor(id, "u1")
			k.ExpiresAt = now.Add(age - keepTickets)
			errs = append(errs, tx.CreateSession(ctx, ended), tx.CreateSession(ctx, idle), tx.CreateTicket(ctx, k),
				tx.AddEvent(ctx, Event{ID: "login " + id, Kind: "login", At: now.Add(age - keepEvents)}),
				tx.AddEvent(ctx, Event{ID: "refused " + id, Kind: "refused", At: now.Add(age - keepRefusals)}),
				tx.Revoke(ctx, RevokeSession, id, now.Add(age-keepRevocations)),
				tx.Enqueue(ctx, work("dead "+id, 0)), tx.BuryOutbox(ctx, "dead "+id, "", now.Add(age-keepDead)),
				tx.Lock(ctx, id, now.Add(age-24*time.Hour)))
		}
		// Mail that waits stays, however old it is: it is the outbox that gives up.
		return errors.Join(append(errs, tx.Enqueue(ctx, work("waits", -10_000*time.Hour)))...)
	})
}

func sweep(t *testing.T, s *Store, now time.Time) (more bool) {
	t.Helper()
	must(t, s, func(ctx context.Context, tx *Tx) (err error) {
		more, err = tx.Sweep(ctx, now)
		return err
	})
	return more
}

func sizes(t *testing.T, s *Store) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, table := range tables {
		all[table] = count(t, s, table)
	}
	return all
}

func aSweepKeepsTheRest(t *testing.T, s *Store) {
	now := start.Add(20_000 * time.Hour)
	fillForSweep(t, s, now)
	same(t, sizes(t, s), map[string]int{"sessions": 4, "tickets": 2, "events": 4, "revocations": 2, "outbox": 3, "locks": 2})
	if sweep(t, s, now) {
		t.Error("a sweep of a few rows says that there may be more")
	}
	same(t, sizes(t, s), map[string]int{"sessions": 2, "tickets": 1, "events": 2, "revocations": 1, "outbox": 2, "locks": 1})
	same(t, sessionIDs(t, s, "u1"), []string{"end young", "idle young"})
	same(t, read(t, s, ticket("reset", "young")).ID, "young")
	same(t, len(read(t, s, byID("u1")).ID), 2) // no user is ever swept
}

func aSweepGoesByItsClock(t *testing.T, s *Store) {
	now := start.Add(20_000 * time.Hour)
	fillForSweep(t, s, now)
	before := sizes(t, s)
	sweep(t, s, now.Add(-24*time.Hour))
	same(t, sizes(t, s), before)
	sweep(t, s, now.Add(keepEvents))
	same(t, sizes(t, s), map[string]int{"sessions": 0, "tickets": 0, "events": 0, "revocations": 0, "outbox": 1, "locks": 0})
}

func aSweepIsSmall(t *testing.T, s *Store) {
	const rows = 1100
	must(t, s, func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO locks (name, at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			SELECT 'lock ' || i, 0 FROM n`, rows)
		return err
	})
	for _, want := range []struct {
		left int
		more bool
	}{{600, true}, {100, true}, {0, false}} {
		if more := sweep(t, s, start); more != want.more || count(t, s, "locks") != want.left {
			t.Errorf("%d are left, want %d; more is %v", count(t, s, "locks"), want.left, more)
		}
	}
}
