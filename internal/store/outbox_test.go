package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestOutbox(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"work is claimed when it is due, the oldest first", workIsClaimedInOrder},
		{"work that is claimed is nobody else's until the lease is over", aClaimIsALease},
		{"two workers at once get each row once", twoWorkersAtOnce},
		{"finished work is gone", workIsFinished},
		{"work that failed waits, and what was given up stays for the operator", workFails},
		{"the dev mailbox keeps the newest mails", sentMailIsKept},
	})
}

func work(id string, due time.Duration) OutboxRow {
	return OutboxRow{ID: id, Class: ClassMail, Kind: "verify", Payload: []byte{0, 1, 0xff}, CreatedAt: start, DueAt: start.Add(due)}
}

func enqueue(t *testing.T, s *Store, rows ...OutboxRow) {
	t.Helper()
	must(t, s, func(ctx context.Context, tx *Tx) error {
		for _, o := range rows {
			if err := tx.Enqueue(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
}

func claim(t *testing.T, s *Store, limit int, now time.Time) []OutboxRow {
	t.Helper()
	var got []OutboxRow
	must(t, s, func(ctx context.Context, tx *Tx) (err error) {
		got, err = tx.ClaimOutbox(ctx, ClassMail, limit, now, time.Minute)
		return err
	})
	return got
}

func outboxIDs(rows []OutboxRow) []string {
	var ids []string
	for _, o := range rows {
		ids = append(ids, o.ID)
	}
	return ids
}

func outbox(t *testing.T, s *Store) OutboxState {
	t.Helper()
	return read(t, s, func(ctx context.Context, tx *Tx) (OutboxState, error) { return tx.Outbox(ctx) })
}

func workIsClaimedInOrder(t *testing.T, s *Store) {
	older := work("m3", 0)
	older.CreatedAt = start.Add(-time.Second)
	job := work("j1", 0)
	job.Class = ClassJob
	enqueue(t, s, work("m1", time.Microsecond), work("m2", 0), older, work("m4", -time.Hour), job)
	got := claim(t, s, 2, start)
	same(t, outboxIDs(got), []string{"m4", "m3"})
	want := work("m4", -time.Hour)
	want.Attempts = 1
	same(t, got[0], want) // DueAt is as it was found
	same(t, outboxIDs(claim(t, s, 9, start)), []string{"m2"})
	same(t, outboxIDs(claim(t, s, 9, start)), nil)
	same(t, outboxIDs(claim(t, s, 9, start.Add(time.Microsecond))), []string{"m1"})
	refused(t, s, ErrConflict, func(ctx context.Context, tx *Tx) error { return tx.Enqueue(ctx, work("m1", 0)) })
}

func aClaimIsALease(t *testing.T, s *Store) {
	enqueue(t, s, work("m1", 0))
	same(t, outboxIDs(claim(t, s, 9, start)), []string{"m1"})
	same(t, outboxIDs(claim(t, s, 9, start.Add(time.Minute-time.Microsecond))), nil)
	again := claim(t, s, 9, start.Add(time.Minute)) // who claimed it first has died
	if len(again) != 1 || again[0].Attempts != 2 {
		t.Errorf("after the lease: %+v", again)
	}
}

func twoWorkersAtOnce(t *testing.T, s *Store) {
	const rows = 40
	for i := range rows {
		enqueue(t, s, work(name("m", i), 0))
	}
	taken := [2][]string{}
	for range rows {
		errs := atOnce(2, func(i int) error {
			return try(t, s, func(ctx context.Context, tx *Tx) error {
				got, err := tx.ClaimOutbox(ctx, ClassMail, 3, start, time.Minute)
				if err == nil {
					taken[i] = append(taken[i], outboxIDs(got)...)
				}
				return err
			})
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	times := map[string]int{}
	for _, id := range append(taken[0], taken[1]...) {
		if times[id]++; times[id] > 1 {
			t.Errorf("%s was claimed twice", id)
		}
	}
	if len(times) != rows {
		t.Errorf("%d of %d rows were claimed", len(times), rows)
	}
}

func workIsFinished(t *testing.T, s *Store) {
	enqueue(t, s, work("m1", 0), work("m2", 0))
	finish := func(ctx context.Context, tx *Tx) error { return tx.FinishOutbox(ctx, "m1") }
	must(t, s, finish)
	refused(t, s, ErrNotFound, finish)
	same(t, outboxIDs(claim(t, s, 9, start)), []string{"m2"})
}

func workFails(t *testing.T, s *Store) {
	same(t, outbox(t, s), OutboxState{})
	first := work("m1", 0)
	first.CreatedAt = start.Add(-time.Hour)
	enqueue(t, s, first, work("m2", 0), work("m3", 0))
	same(t, outbox(t, s), OutboxState{Waiting: 3, Oldest: start.Add(-time.Hour)})
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return errors.Join(tx.BuryOutbox(ctx, "m1", "550 no such mailbox", start), tx.RetryOutbox(ctx, "m2", start.Add(5*time.Second), "451 later"))
	})
	same(t, outbox(t, s), OutboxState{Waiting: 2, Dead: 1, Oldest: start, LastError: "550 no such mailbox"})
	same(t, outboxIDs(claim(t, s, 9, start)), []string{"m3"})
	got := claim(t, s, 9, start.Add(5*time.Second))
	if len(got) != 1 || got[0].ID != "m2" || got[0].LastError != "451 later" {
		t.Errorf("after the wait: %+v", got)
	}
	same(t, outboxIDs(claim(t, s, 2, start.Add(1000*time.Hour))), []string{"m3", "m2"}) // the dead row is the oldest, and takes nobody's place
	for what, fn := range map[string]func(context.Context, *Tx) error{
		"retry":  func(ctx context.Context, tx *Tx) error { return tx.RetryOutbox(ctx, "m9", start, "") },
		"bury":   func(ctx context.Context, tx *Tx) error { return tx.BuryOutbox(ctx, "m9", "", start) },
		"finish": func(ctx context.Context, tx *Tx) error { return tx.FinishOutbox(ctx, "m9") },
		"keep":   func(ctx context.Context, tx *Tx) error { return tx.KeepSent(ctx, "m9", start) },
	} {
		if err := try(t, s, fn); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s of a row that is not there: %v", what, err)
		}
	}
}

func sentMailIsKept(t *testing.T, s *Store) {
	job := work("j1", 0)
	job.Class = ClassJob
	enqueue(t, s, work("m1", 0), work("m2", 0), work("m3", 0), work("m4", 0), job)
	keep := func(id string, after time.Duration) func(context.Context, *Tx) error {
		return func(ctx context.Context, tx *Tx) error { return tx.KeepSent(ctx, id, start.Add(after)) }
	}
	must(t, s, keep("m1", time.Second))
	must(t, s, keep("m3", 3*time.Second))
	must(t, s, keep("m2", 2*time.Second))
	refused(t, s, ErrNotFound, keep("m2", 9*time.Second)) // it is sent already
	sent := func(limit int) []OutboxRow {
		return read(t, s, func(ctx context.Context, tx *Tx) ([]OutboxRow, error) { return tx.SentMail(ctx, limit) })
	}
	same(t, outboxIDs(sent(9)), []string{"m3", "m2", "m1"})
	same(t, outboxIDs(sent(1)), []string{"m3"})
	same(t, sent(1)[0].SentAt, start.Add(3*time.Second))
	same(t, outbox(t, s).Waiting, 2)
	same(t, outboxIDs(claim(t, s, 9, start)), []string{"m4"})
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.PruneSent(ctx, 2) })
	same(t, outboxIDs(sent(9)), []string{"m3", "m2"})
	same(t, count(t, s, "outbox"), 4) // what waits is not pruned
}
