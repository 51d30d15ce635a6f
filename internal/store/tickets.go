package store

import (
	"context"
	"database/sql"
	"time"
)

// Ticket is anything that works once: a link in a mail, a pending step.
type Ticket struct {
	ID        string
	Kind      string
	Hash      []byte // SHA-256 of the token
	UserID    string // empty: nobody's yet
	Subject   string // the canonical address it is about, or empty
	Browser   []byte // SHA-256 of the asking browser's pending token; empty: not bound
	Payload   []byte // sealed
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero: still good
	Void      bool      // it was not used but made useless, at UsedAt
	EndedBy   string    // the device that used it; of a void one the word for what made it useless
	MailedAt  time.Time
}

const ticketColumns = `id, kind, hash, user_id, subject, browser, payload, created_at, expires_at, used_at, mailed_at, ended_by`

func scanTicket(row interface{ Scan(...any) error }) (Ticket, error) {
	var t Ticket
	var created, expires, used, mailed int64
	err := row.Scan(&t.ID, &t.Kind, &t.Hash, &t.UserID, &t.Subject, &t.Browser, &t.Payload, &created, &expires, &used, &mailed, &t.EndedBy)
	if t.Void = used < 0; t.Void {
		used = -used
	}
	t.CreatedAt, t.ExpiresAt, t.UsedAt, t.MailedAt = instant(created), instant(expires), instant(used), instant(mailed)
	return t, translate(err)
}

// CreateTicket writes a ticket.
func (t *Tx) CreateTicket(ctx context.Context, k Ticket) error {
	_, err := t.exec(ctx, `INSERT INTO tickets (`+ticketColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		k.ID, k.Kind, k.Hash, k.UserID, k.Subject, bytes(k.Browser), bytes(k.Payload), micros(k.CreatedAt), micros(k.ExpiresAt), micros(k.UsedAt), micros(k.MailedAt), k.EndedBy)
	return err
}

// bytes keeps a nil slice from becoming NULL.
func bytes(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// TicketByHash finds a ticket in whatever state it is; ErrNotFound.
func (t *Tx) TicketByHash(ctx context.Context, kind string, hash []byte) (Ticket, error) {
	return scanTicket(t.q.QueryRowContext(ctx, `SELECT `+ticketColumns+` FROM tickets WHERE kind = $1 AND hash = $2`, kind, hash))
}

// Redeem uses a ticket up: one conditional UPDATE that must touch one row, so that of many at once exactly one wins. ErrNotFound
// when it is unknown, used or out of time. The device is what its holder is told when they come again.
func (t *Tx) Redeem(ctx context.Context, kind string, hash []byte, device string, now time.Time) (Ticket, error) {
	return scanTicket(t.q.QueryRowContext(ctx, `UPDATE tickets SET used_at = $1, ended_by = $2
		WHERE kind = $3 AND hash = $4 AND used_at = 0 AND expires_at > $1 RETURNING `+ticketColumns, micros(now), device, kind, hash))
}

// LiveTickets lists the tickets about a subject that can still be used, the newest first.
func (t *Tx) LiveTickets(ctx context.Context, kind, subject string, now time.Time) ([]Ticket, error) {
	return collect(ctx, t.q, func(r *sql.Rows) (Ticket, error) { return scanTicket(r) },
		`SELECT `+ticketColumns+` FROM tickets WHERE kind = $1 AND subject = $2 AND used_at = 0 AND expires_at > $3
		ORDER BY created_at DESC, id`, kind, subject, micros(now))
}

// LiveTicketsOf lists a user's tickets of a kind that can still be used, the newest first.
func (t *Tx) LiveTicketsOf(ctx context.Context, kind, userID string, now time.Time) ([]Ticket, error) {
	return collect(ctx, t.q, func(r *sql.Rows) (Ticket, error) { return scanTicket(r) },
		`SELECT `+ticketColumns+` FROM tickets WHERE kind = $1 AND user_id = $2 AND used_at = 0 AND expires_at > $3
		ORDER BY created_at DESC, id`, kind, userID, micros(now))
}

// MarkMailed notes when a ticket's link was last mailed, and stores its hash, which differs when the secret key was changed.
func (t *Tx) MarkMailed(ctx context.Context, id string, hash []byte, now time.Time) error {
	return one(t.exec(ctx, `UPDATE tickets SET mailed_at = $1, hash = $2 WHERE id = $3`, micros(now), hash, id))
}

// DeleteTicket removes one ticket; ErrNotFound when it is gone or used.
func (t *Tx) DeleteTicket(ctx context.Context, kind string, hash []byte) error {
	return one(t.exec(ctx, `DELETE FROM tickets WHERE kind = $1 AND hash = $2 AND used_at = 0`, kind, hash))
}

// DeleteTicketsAbout removes all tickets of a kind about a subject but the one to keep.
func (t *Tx) DeleteTicketsAbout(ctx context.Context, kind, subject, keep string) error {
	_, err := t.exec(ctx, `DELETE FROM tickets WHERE kind = $1 AND subject = $2 AND id <> $3`, kind, subject, keep)
	return err
}

// VoidTickets makes all of a user's tickets useless that are still good. They stay known, so that their holder is told.
// An empty kind means every kind. The time is stored as a negative number: who holds the link must not be told that it was used.
func (t *Tx) VoidTickets(ctx context.Context, userID, kind, why string, now time.Time) error {
	_, err := t.exec(ctx, `UPDATE tickets SET used_at = $1, ended_by = $2 WHERE user_id = $3 AND used_at = 0 AND (kind = $4 OR $4 = '')`,
		-micros(now), why, userID, kind)
	return err
}
