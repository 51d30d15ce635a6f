package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestEndedSessions(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"an ended session is known by its token alone, for seven days", anEndIsKnown},
		{"of each user the newest ends are kept", endsAreBounded},
		{"a sweep remembers which limit a session met, and forgets after seven days", aSweepRemembers},
		{"a deleted user's ends belong to nobody", endsOutliveTheAccount},
	})
}

// ended is what is known of a session's end; "" when nothing is.
func ended(t *testing.T, s *Store, id string, now time.Time) EndedSession {
	t.Helper()
	e, err := s.EndedSession(t.Context(), session(id, "").Hash, now)
	if err != nil && !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	return e
}

func endSession(t *testing.T, s *Store, user, id string, why End, now time.Time) {
	t.Helper()
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.EndSession(ctx, user, id, why, now) })
}

func anEndIsKnown(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	addSessions(t, s, "u1", "s1", "s2", "s3", "s4", "s5", "s6")
	endSession(t, s, "u1", "s1", SignedOut, start)
	endSession(t, s, "u1", "s2", Idle, start)
	endSession(t, s, "u1", "s3", Expired, start)
	endSession(t, s, "u1", "s4", Replaced, start) // of no use to anybody: its browser has another
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return tx.EndSessions(ctx, "u1", "s6", PasswordChanged, start)
	})
	for id, want := range map[string]EndedSession{
		"s1": {Why: SignedOut, At: start}, "s2": {Why: Idle, At: start, Lasted: time.Hour}, "s3": {Why: Expired, At: start, Lasted: 24 * time.Hour},
		"s4": {}, "s5": {Why: PasswordChanged, At: start}, "s6": {}, "never there": {},
	} {
		same(t, ended(t, s, id, start.Add(keepEnded-time.Microsecond)), want)
		same(t, ended(t, s, id, start.Add(keepEnded)), EndedSession{})
	}
}

func endsAreBounded(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2")
	addSessions(t, s, "u2", "other")
	endSession(t, s, "u2", "other", SignedOut, start)
	const more = 5
	for i := range keepEndedOf + more {
		addSessions(t, s, "u1", name("s", i))
		endSession(t, s, "u1", name("s", i), SignedOut, start.Add(time.Duration(i)*time.Second))
	}
	same(t, count(t, s, "ended_sessions"), keepEndedOf+1)
	for i, want := range map[int]End{0: "", more - 1: "", more: SignedOut, keepEndedOf + more - 1: SignedOut} {
		if got := ended(t, s, name("s", i), start).Why; got != want {
			t.Errorf("the end number %d is %q, want %q", i, got, want)
		}
	}
	same(t, ended(t, s, "other", start).Why, SignedOut)
}

func aSweepRemembers(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	addSessions(t, s, "u1", "idle", "expired", "good")
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return tx.TouchSessions(ctx, []Seen{{session("expired", "").Hash, start.Add(23*time.Hour + 30*time.Minute)}, {session("good", "").Hash, start.Add(23 * time.Hour)}})
	})
	now := start.Add(2 * time.Hour)
	sweep(t, s, now)
	same(t, ended(t, s, "idle", now), EndedSession{Idle, now, time.Hour})
	same(t, sessionIDs(t, s, "u1"), []string{"expired", "good"})
	now = start.Add(24*time.Hour + time.Microsecond)
	sweep(t, s, now)
	same(t, ended(t, s, "expired", now), EndedSession{Expired, now, 24 * time.Hour})
	sweep(t, s, now.Add(keepEnded-time.Hour)) // the first is gone, the second stays
	same(t, count(t, s, "ended_sessions"), 2)
	sweep(t, s, now.Add(2*keepEnded))
	same(t, count(t, s, "ended_sessions"), 0)
}

func endsOutliveTheAccount(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	addSessions(t, s, "u1", "s1")
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return errors.Join(tx.EndSessions(ctx, "u1", "", AccountDeleted, start), tx.DeleteUser(ctx, "u1"))
	})
	same(t, ended(t, s, "s1", start).Why, AccountDeleted)
	of := read(t, s, func(ctx context.Context, tx *Tx) (of string, err error) {
		err = tx.q.QueryRowContext(ctx, `SELECT user_id FROM ended_sessions`).Scan(&of)
		return of, err
	})
	same(t, of, "")
}
