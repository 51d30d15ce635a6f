package store

import (
	"context"
	"database/sql"
	"time"
)

// The classes of outbox rows: a job is a decision that is taken after the answer, a mail is one to be sent.
const (
	ClassJob  = "job"
	ClassMail = "mail"
)

// OutboxRow is work that was queued in the transaction that caused it.
type OutboxRow struct {
	ID        string
	Class     string
	Kind      string
	Payload   []byte // sealed
	CreatedAt time.Time
	DueAt     time.Time
	Attempts  int
	LastError string
	SentAt    time.Time // of a mail that the dev mailbox keeps
	DeadAt    time.Time // given up
}

const outboxColumns = `id, class, kind, payload, created_at, due_at, attempts, last_error, sent_at, dead_at`

func scanOutbox(r *sql.Rows) (OutboxRow, error) {
	var o OutboxRow
	var created, due, sent, dead int64
	err := r.Scan(&o.ID, &o.Class, &o.Kind, &o.Payload, &created, &due, &o.Attempts, &o.LastError, &sent, &dead)
	o.CreatedAt, o.DueAt, o.SentAt, o.DeadAt = instant(created), instant(due), instant(sent), instant(dead)
	return o, err
}

// Enqueue adds work; ID, Class, Kind, Payload, CreatedAt and DueAt count.
func (t *Tx) Enqueue(ctx context.Context, o OutboxRow) error {
	_, err := t.exec(ctx, `INSERT INTO outbox (`+outboxColumns+`) VALUES ($1, $2, $3, $4, $5, $6, 0, '', 0, 0)`,
		o.ID, o.Class, o.Kind, bytes(o.Payload), micros(o.CreatedAt), micros(o.DueAt))
	return err
}

// ClaimOutbox takes up to limit rows that are due, the oldest first, for this worker: nobody else gets them until the lease is
// over. A worker that dies leaves them to be claimed again. Plain SQL instead of SKIP LOCKED: each row is taken by a conditional
// UPDATE of its own.
func (t *Tx) ClaimOutbox(ctx context.Context, class string, limit int, now time.Time, lease time.Duration) ([]OutboxRow, error) {
	due, err := collect(ctx, t.q, scanOutbox, `SELECT `+outboxColumns+` FROM outbox
		WHERE class = $1 AND sent_at = 0 AND dead_at = 0 AND due_at <= $2 ORDER BY due_at, created_at, id LIMIT $3`, class, micros(now), limit)
	if err != nil {
		return nil, err
	}
	var mine []OutboxRow
	for _, o := range due {
		n, err := t.exec(ctx, `UPDATE outbox SET due_at = $1, attempts = attempts + 1 WHERE id = $2 AND due_at = $3 AND sent_at = 0 AND dead_at = 0`,
			micros(now.Add(lease)), o.ID, micros(o.DueAt))
		if err != nil {
			return nil, err
		}
		if n == 1 {
			o.Attempts++
			mine = append(mine, o)
		}
	}
	return mine, nil
}

// ReleaseOutbox makes all work due that waits, also what a worker has claimed: for who knows that there is no other worker any more.
func (t *Tx) ReleaseOutbox(ctx context.Context, now time.Time) error {
	_, err := t.exec(ctx, `UPDATE outbox SET due_at = $1 WHERE sent_at = 0 AND dead_at = 0 AND due_at > $1`, micros(now))
	return err
}

// FinishOutbox removes a row that is done; ErrNotFound when another worker has finished it.
func (t *Tx) FinishOutbox(ctx context.Context, id string) error {
	return one(t.exec(ctx, `DELETE FROM outbox WHERE id = $1`, id))
}

// KeepSent marks a mail as sent and keeps it for the dev mailbox.
func (t *Tx) KeepSent(ctx context.Context, id string, now time.Time) error {
	return one(t.exec(ctx, `UPDATE outbox SET sent_at = $1 WHERE id = $2 AND sent_at = 0`, micros(now), id))
}

// RetryOutbox puts a row off after a failure.
func (t *Tx) RetryOutbox(ctx context.Context, id string, due time.Time, lastError string) error {
	return one(t.exec(ctx, `UPDATE outbox SET due_at = $1, last_error = $2 WHERE id = $3`, micros(due), lastError, id))
}

// BuryOutbox gives a row up. It stays for the operator to see.
func (t *Tx) BuryOutbox(ctx context.Context, id, lastError string, now time.Time) error {
	return one(t.exec(ctx, `UPDATE outbox SET dead_at = $1, last_error = $2 WHERE id = $3`, micros(now), lastError, id))
}

// SentMail lists the mails that the dev mailbox keeps, the newest first.
func (t *Tx) SentMail(ctx context.Context, limit int) ([]OutboxRow, error) {
	return collect(ctx, t.q, scanOutbox, `SELECT `+outboxColumns+` FROM outbox WHERE class = 'mail' AND sent_at > 0
		ORDER BY sent_at DESC, created_at DESC, id LIMIT $1`, limit)
}

// PruneSent removes all kept mails but the newest.
func (t *Tx) PruneSent(ctx context.Context, keep int) error {
	_, err := t.exec(ctx, `DELETE FROM outbox WHERE class = 'mail' AND sent_at > 0 AND id NOT IN
		(SELECT id FROM outbox WHERE class = 'mail' AND sent_at > 0 ORDER BY sent_at DESC, created_at DESC, id LIMIT $1)`, keep)
	return err
}

// OutboxState says how the outbox stands, for the operator.
type OutboxState struct {
	Waiting, Dead int
	Oldest        time.Time // creation of the oldest that waits; zero when none does
	LastError     string    // of one that waits or was given up
}

// Outbox reports the state of the outbox.
func (t *Tx) Outbox(ctx context.Context) (OutboxState, error) {
	var s OutboxState
	var oldest int64
	err := t.q.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM outbox WHERE sent_at = 0 AND dead_at = 0),
		(SELECT count(*) FROM outbox WHERE dead_at > 0),
		COALESCE((SELECT min(created_at) FROM outbox WHERE sent_at = 0 AND dead_at = 0), 0),
		COALESCE((SELECT max(last_error) FROM outbox), '')`).Scan(&s.Waiting, &s.Dead, &oldest, &s.LastError)
	s.Oldest = instant(oldest)
	return s, translate(err)
}
