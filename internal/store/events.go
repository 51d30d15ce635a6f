package store

import (
	"context"
	"database/sql"
	"time"
)

// Event is something a person would want to know of later: a log-in, a refusal with its true cause.
type Event struct {
	ID        string
	At        time.Time
	Kind      string // login, refused, …
	UserID    string // whom it concerns; may be empty
	Actor     string // who did it: a user's id, "operator" for the command line, or empty for a stranger
	Client    string // address
	Reference string // the code that was shown
	RequestID string
	Cause     string // the exact cause behind a refusal
	Detail    string
}

const eventColumns = `id, at, kind, user_id, actor, client, reference, request_id, cause, detail`

// AddEvent writes an event.
func (t *Tx) AddEvent(ctx context.Context, e Event) error {
	_, err := t.exec(ctx, `INSERT INTO events (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.ID, micros(e.At), e.Kind, e.UserID, e.Actor, e.Client, e.Reference, e.RequestID, e.Cause, e.Detail)
	return err
}

func scanEvent(r *sql.Rows) (Event, error) {
	var e Event
	var at int64
	err := r.Scan(&e.ID, &at, &e.Kind, &e.UserID, &e.Actor, &e.Client, &e.Reference, &e.RequestID, &e.Cause, &e.Detail)
	e.At = instant(at)
	return e, err
}

// EventsByReference finds what a reference code stands for.
func (t *Tx) EventsByReference(ctx context.Context, reference string) ([]Event, error) {
	return collect(ctx, t.q, scanEvent, `SELECT `+eventColumns+` FROM events WHERE reference = $1 ORDER BY at DESC LIMIT 10`, reference)
}

// EventsOf lists what concerns a user, the newest first.
func (t *Tx) EventsOf(ctx context.Context, userID string, limit int) ([]Event, error) {
	return collect(ctx, t.q, scanEvent, `SELECT `+eventColumns+` FROM events WHERE user_id = $1 ORDER BY at DESC, id LIMIT $2`, userID, limit)
}

// HasEvent reports whether an event of a kind concerns a user, as far back as events are kept.
func (t *Tx) HasEvent(ctx context.Context, userID, kind string) (found bool, err error) {
	err = t.q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM events WHERE user_id = $1 AND kind = $2)`, userID, kind).Scan(&found)
	return found, translate(err)
}

// Guesses are the wrong passwords for an account since the last right one.
type Guesses struct {
	Tries, Places int // Places: client addresses that they came from
	Last          time.Time
}

// GuessesAt counts the wrong passwords that were recorded for a user.
func (t *Tx) GuessesAt(ctx context.Context, userID string) (g Guesses, err error) {
	var last int64
	err = t.q.QueryRowContext(ctx, `SELECT count(*), count(DISTINCT client), COALESCE(max(at), 0) FROM events
		WHERE user_id = $1 AND kind = 'refused' AND cause IN ('wrong_password', 'wrong_current_password') AND at > (SELECT COALESCE(max(at), 0) FROM events
		WHERE user_id = $1 AND kind IN ('login', 'reauthenticated', 'password_changed', 'password_reset', 'password_set'))`, userID).Scan(&g.Tries, &g.Places, &last)
	g.Last = instant(last)
	return g, translate(err)
}

// LastEvent is when the newest event of a kind concerned a user; zero: never.
func (t *Tx) LastEvent(ctx context.Context, userID, kind string) (time.Time, error) {
	var at int64
	err := t.q.QueryRowContext(ctx, `SELECT COALESCE(max(at), 0) FROM events WHERE user_id = $1 AND kind = $2`, userID, kind).Scan(&at)
	return instant(at), translate(err)
}

// The time for which rows are kept after their use.
const (
	keepTickets     = 7 * 24 * time.Hour // so that the holder of an old link is told what became of it
	keepEvents      = 365 * 24 * time.Hour
	keepRefusals    = 30 * 24 * time.Hour
	keepRevocations = time.Hour
	keepDead        = 30 * 24 * time.Hour
)

// Sweep removes a small batch of every kind of row that has had its time, and reports whether there may be more. Nothing depends
// on it but the size of the store: whether something has run out is judged when it is read.
func (t *Tx) Sweep(ctx context.Context, now time.Time) (more bool, err error) {
	const batch = 500
	n, err := t.sweepSessions(ctx, now, batch)
	if err != nil {
		return false, err
	}
	more = n == batch
	for _, s := range []struct {
		query string
		until time.Time
	}{
		{`DELETE FROM ended_sessions WHERE token_hash IN (SELECT token_hash FROM ended_sessions WHERE ended_at < $1 LIMIT 500)`, now.Add(-keepEnded)},
		{`DELETE FROM tickets WHERE id IN (SELECT id FROM tickets WHERE expires_at < $1 LIMIT 500)`, now.Add(-keepTickets)},
		{`DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at < $1 LIMIT 500)`, now.Add(-keepEvents)},
		{`DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at < $1 AND kind = 'refused' LIMIT 500)`, now.Add(-keepRefusals)},
		{`DELETE FROM revocations WHERE seq IN (SELECT seq FROM revocations WHERE at < $1 LIMIT 500)`, now.Add(-keepRevocations)},
		{`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE dead_at > 0 AND dead_at < $1 LIMIT 500)`, now.Add(-keepDead)},
		{`DELETE FROM locks WHERE name IN (SELECT name FROM locks WHERE at < $1 LIMIT 500)`, now.Add(-24 * time.Hour)},
	} {
		n, err := t.exec(ctx, s.query, micros(s.until))
		if err != nil {
			return false, err
		}
		more = more || n == batch
	}
	return more, nil
}
