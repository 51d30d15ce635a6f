package store

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// Session is a login on one device.
type Session struct {
	Hash        []byte // SHA-256 of the token
	ID          string
	UserID      string
	CreatedAt   time.Time
	SeenAt      time.Time
	Idle        time.Duration // ends when unused for so long
	EndAt       time.Time     // ends in any case
	AuthAt      time.Time     // last proof of a credential
	Methods     []string      // the proofs given: password, …
	Remember    bool
	DeviceLabel string // «Firefox (Linux)»
	DeviceAddr  string
}

const sessionColumns = `s.token_hash, s.id, s.user_id, s.created_at, s.seen_at, s.idle, s.end_at, s.auth_at, s.methods, s.remember, s.device_label, s.device_addr`

type sessionScan struct {
	s                                         Session
	created, seen, idle, end, auth, remembers int64
	methods                                   string
}

func (s *sessionScan) into() []any {
	return []any{&s.s.Hash, &s.s.ID, &s.s.UserID, &s.created, &s.seen, &s.idle, &s.end, &s.auth, &s.methods, &s.remembers,
		&s.s.DeviceLabel, &s.s.DeviceAddr}
}

func (s *sessionScan) done() Session {
	s.s.CreatedAt, s.s.SeenAt, s.s.EndAt, s.s.AuthAt = instant(s.created), instant(s.seen), instant(s.end), instant(s.auth)
	s.s.Idle, s.s.Remember, s.s.Methods = time.Duration(s.idle)*time.Microsecond, s.remembers != 0, strings.Fields(s.methods)
	return s.s
}

// SessionByHash is the read behind every session check: one indexed statement for the session and its user. It does not
// judge whether the session is still good. ErrNotFound.
func (s *Store) SessionByHash(ctx context.Context, hash []byte) (Session, User, error) {
	const query = `SELECT ` + sessionColumns + `, ` + userColumns + ` FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1`
	var scan sessionScan
	var user userScan
	row := s.read.QueryRowContext(ctx, query, hash)
	if err := row.Scan(append(scan.into(), user.into()...)...); err != nil {
		return Session{}, User{}, translate(err)
	}
	return scan.done(), user.done(), nil
}

// CreateSession writes a session.
func (t *Tx) CreateSession(ctx context.Context, s Session) error {
	_, err := t.exec(ctx, `INSERT INTO sessions (token_hash, id, user_id, created_at, seen_at, idle, end_at, auth_at, methods, remember, device_label, device_addr)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		s.Hash, s.ID, s.UserID, micros(s.CreatedAt), micros(s.SeenAt), s.Idle.Microseconds(), micros(s.EndAt), micros(s.AuthAt),
		strings.Join(s.Methods, " "), flag(s.Remember), s.DeviceLabel, s.DeviceAddr)
	return err
}

// RotateSession gives the session another token and notes a new proof. ErrNotFound when the old token is dead already: of two
// rotations at once one wins.
func (t *Tx) RotateSession(ctx context.Context, old []byte, s Session) error {
	return one(t.exec(ctx, `UPDATE sessions SET token_hash = $1, seen_at = $2, auth_at = $3, methods = $4 WHERE token_hash = $5`,
		s.Hash, micros(s.SeenAt), micros(s.AuthAt), strings.Join(s.Methods, " "), old))
}

// SessionsOf lists a user's sessions, the last used first, also those that have run out.
func (t *Tx) SessionsOf(ctx context.Context, userID string) ([]Session, error) {
	return collect(ctx, t.q, func(r *sql.Rows) (Session, error) {
		var s sessionScan
		err := r.Scan(s.into()...)
		return s.done(), err
	}, `SELECT `+sessionColumns+` FROM sessions s WHERE s.user_id = $1 ORDER BY s.seen_at DESC, s.id`, userID)
}

// EndSession removes one session of a user and revokes it everywhere; ErrNotFound when it is not the user's or is gone.
func (t *Tx) EndSession(ctx context.Context, userID, id string, why End, now time.Time) error {
	n, err := t.end(ctx, why, now, `WHERE user_id = $1 AND id = $2`, userID, id)
	if err := one(n, err); err != nil {
		return err
	}
	return t.Revoke(ctx, RevokeSession, id, now)
}

// EndSessions removes all sessions of a user but the one with the id to keep (empty: none is kept) and revokes the user, so
// that every node forgets what it has cached.
func (t *Tx) EndSessions(ctx context.Context, userID, keep string, why End, now time.Time) error {
	if _, err := t.end(ctx, why, now, `WHERE user_id = $1 AND id <> $2`, userID, keep); err != nil {
		return err
	}
	return t.Revoke(ctx, RevokeUser, userID, now)
}

// Seen is when a session was last used.
type Seen struct {
	Hash []byte
	At   time.Time
}

// TouchSessions notes the last use of many sessions.
func (t *Tx) TouchSessions(ctx context.Context, seen []Seen) error {
	for _, s := range seen {
		if _, err := t.exec(ctx, `UPDATE sessions SET seen_at = $1 WHERE token_hash = $2 AND seen_at < $1`, micros(s.At), s.Hash); err != nil {
			return err
		}
	}
	return nil
}

// The kinds of revocation: one session, all that is cached of a user, everything.
const (
	RevokeSession = "session"
	RevokeUser    = "user"
	RevokeAll     = "all"
)

// Revocation tells every node to forget what it has cached.
type Revocation struct {
	Seq      int64
	Kind, ID string
}

// Revoke tells every node, within a second, to forget what it has cached of a session or a user.
func (t *Tx) Revoke(ctx context.Context, kind, id string, now time.Time) error {
	_, err := t.exec(ctx, `INSERT INTO revocations (kind, id, at) VALUES ($1, $2, $3)`, kind, id, micros(now))
	return err
}

// RevocationsPage is the most that Revocations returns at once.
const RevocationsPage = 10_000

// Revocations lists those with a sequence number above after, oldest first, at most RevocationsPage.
func (s *Store) Revocations(ctx context.Context, after int64) ([]Revocation, error) {
	return collect(ctx, s.read, func(r *sql.Rows) (Revocation, error) {
		var v Revocation
		err := r.Scan(&v.Seq, &v.Kind, &v.ID)
		return v, err
	}, `SELECT seq, kind, id FROM revocations WHERE seq > $1 ORDER BY seq LIMIT $2`, after, RevocationsPage)
}

// LastRevocation is the highest sequence number so far, 0 if there is none.
func (s *Store) LastRevocation(ctx context.Context) (int64, error) {
	var seq int64
	err := s.read.QueryRowContext(ctx, `SELECT COALESCE(max(seq), 0) FROM revocations`).Scan(&seq)
	return seq, translate(err)
}
