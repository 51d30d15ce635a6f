package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"
)

// End is why a session ended: a stable word, told to whoever shows its token.
type End string

// The ends of sessions. One that nobody need be told of is [Replaced]: its browser got another one in the same answer.
const (
	Idle               End = "idle"
	Expired            End = "expired"
	PasswordChanged    End = "password_changed"
	PasswordReset      End = "password_reset"
	SignedOut          End = "signed_out"
	SignedOutElsewhere End = "signed_out_elsewhere"
	Administrator      End = "administrator"
	TooMany            End = "too_many"
	AccountDisabled    End = "account_disabled"
	AccountDeleted     End = "account_deleted"
	Replaced           End = ""
)

// EndedSession is what is known of a session that is over.
type EndedSession struct {
	Why    End
	At     time.Time
	Lasted time.Duration // of Idle: how long it was not used; of Expired: how long it lived
}

// keepEnded is for how long an end is known, keepEndedOf of how many sessions of a user: the newest.
const (
	keepEnded   = 7 * 24 * time.Hour
	keepEndedOf = 100
)

// EndedSession finds out why the session of a token is over; ErrNotFound when that is not known, or not any more.
func (s *Store) EndedSession(ctx context.Context, hash []byte, now time.Time) (EndedSession, error) {
	var e EndedSession
	var at, lasted int64
	row := s.read.QueryRowContext(ctx, `SELECT reason, ended_at, lasted FROM ended_sessions WHERE token_hash = $1 AND ended_at > $2`,
		hash, micros(now.Add(-keepEnded)))
	if err := row.Scan(&e.Why, &at, &lasted); err != nil {
		return EndedSession{}, translate(err)
	}
	e.At, e.Lasted = instant(at), time.Duration(lasted)*time.Microsecond
	return e, nil
}

// gone is a session that was removed.
type gone struct {
	hash               []byte
	userID             string
	created, idle, end int64
}

// end removes the sessions of a condition and remembers why.
func (t *Tx) end(ctx context.Context, why End, now time.Time, where string, args ...any) (int64, error) {
	over, err := collect(ctx, t.q, func(r *sql.Rows) (g gone, err error) {
		err = r.Scan(&g.hash, &g.userID, &g.created, &g.idle, &g.end)
		return g, err
	}, `DELETE FROM sessions `+where+` RETURNING token_hash, user_id, created_at, idle, end_at`, args...)
	if err != nil || why == Replaced {
		return int64(len(over)), err
	}
	return int64(len(over)), t.remember(ctx, why, now, over)
}

// remember writes why sessions are over. Of each user the newest stay, so that nobody fills the table.
func (t *Tx) remember(ctx context.Context, why End, now time.Time, over []gone) error {
	users := map[string]bool{} // one, but for a sweep
	for _, g := range over {
		lasted := int64(0)
		switch why {
		case Idle:
			lasted = g.idle
		case Expired:
			lasted = g.end - g.created
		}
		_, err := t.exec(ctx, `INSERT INTO ended_sessions (token_hash, user_id, reason, ended_at, lasted) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING`, g.hash, g.userID, string(why), micros(now), lasted)
		if err != nil {
			return err
		}
		users[g.userID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(users)) { // in one order, so that two sweeps don't wait for each other
		_, err := t.exec(ctx, `DELETE FROM ended_sessions WHERE user_id = $1 AND token_hash NOT IN
			(SELECT token_hash FROM ended_sessions WHERE user_id = $1 ORDER BY ended_at DESC, token_hash LIMIT $2)`, id, keepEndedOf)
		if err != nil {
			return err
		}
	}
	return nil
}

// sweepSessions removes sessions that have run out, at most batch of them, and remembers which of its limits each one met.
func (t *Tx) sweepSessions(ctx context.Context, now time.Time, batch int) (int64, error) {
	var all int64
	for _, of := range []struct {
		why   End
		where string
	}{
		{Expired, `WHERE token_hash IN (SELECT token_hash FROM sessions WHERE end_at < $1 LIMIT $2)`},
		{Idle, `WHERE token_hash IN (SELECT token_hash FROM sessions WHERE seen_at + idle < $1 LIMIT $2)`},
	} {
		n, err := t.end(ctx, of.why, now, of.where, micros(now), batch)
		if err != nil {
			return 0, err
		}
		all = max(all, n)
	}
	return all, nil
}
