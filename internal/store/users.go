package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
)

// User is a person's account as everybody above the store knows it.
type User struct {
	ID            string
	State         string    // StateActive or StateDisabled
	StateAt       time.Time // when it came into that state by an administrator's hand; zero: never, or not known
	Name          string
	Locale        string // BCP 47 tag, or empty
	Email         string // as typed; empty when there is none
	EmailVerified bool
	Username      string // as typed; empty when there is none
	Roles         []string
	Permissions   []string // of all roles, sorted
	CreatedAt     time.Time
}

// The states of an account.
const (
	StateActive   = "active"
	StateDisabled = "disabled"
)

// The kinds of identifier.
const (
	KindEmail    = "email"
	KindUsername = "username"
)

// Identifier is an address or a username in the form that is compared (Canonical) and the form that is shown (AsTyped).
type Identifier struct {
	Kind, Canonical, AsTyped string
	VerifiedAt               time.Time // zero: not verified
}

const userColumns = `u.id, u.state, u.state_at, u.name, u.locale, u.created_at,
	COALESCE((SELECT e.as_typed FROM identifiers e WHERE e.user_id = u.id AND e.kind = 'email'), ''),
	COALESCE((SELECT e.verified_at FROM identifiers e WHERE e.user_id = u.id AND e.kind = 'email'), 0),
	COALESCE((SELECT n.as_typed FROM identifiers n WHERE n.user_id = u.id AND n.kind = 'username'), ''),
	COALESCE((SELECT string_agg(ur.role, ' ') FROM user_roles ur WHERE ur.user_id = u.id), ''),
	COALESCE((SELECT string_agg(rp.permission, ' ') FROM user_roles ur JOIN role_permissions rp ON rp.role = ur.role WHERE ur.user_id = u.id), '')`

// userScan collects the columns above.
type userScan struct {
	user               User
	created, verified  int64
	stateAt            int64
	roles, permissions string
}

func (u *userScan) into() []any {
	return []any{&u.user.ID, &u.user.State, &u.stateAt, &u.user.Name, &u.user.Locale, &u.created,
		&u.user.Email, &u.verified, &u.user.Username, &u.roles, &u.permissions}
}

func (u *userScan) done() User {
	u.user.CreatedAt, u.user.StateAt, u.user.EmailVerified = instant(u.created), instant(u.stateAt), u.verified != 0
	u.user.Roles, u.user.Permissions = words(u.roles), words(u.permissions)
	return u.user
}

func words(s string) []string {
	all := strings.Fields(s)
	slices.Sort(all)
	return slices.Compact(all)
}

func scanUser(row interface{ Scan(...any) error }) (User, error) {
	var u userScan
	if err := row.Scan(u.into()...); err != nil {
		return User{}, translate(err)
	}
	return u.done(), nil
}

// UserByID finds a user; ErrNotFound.
func (t *Tx) UserByID(ctx context.Context, id string) (User, error) {
	return scanUser(t.q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, id))
}

// UserByIdentifier finds the user whose address or username it is; ErrNotFound.
func (t *Tx) UserByIdentifier(ctx context.Context, kind, canonical string) (User, error) {
	return scanUser(t.q.QueryRowContext(ctx, `SELECT `+userColumns+`
		FROM identifiers i JOIN users u ON u.id = i.user_id WHERE i.kind = $1 AND i.canonical = $2`, kind, canonical))
}

// Users lists users in the order of their ids, beginning after the given id, at most limit of them.
func (t *Tx) Users(ctx context.Context, after string, limit int) ([]User, error) {
	return collect(ctx, t.q, func(r *sql.Rows) (User, error) { return scanUser(r) },
		`SELECT `+userColumns+` FROM users u WHERE u.id > $1 ORDER BY u.id LIMIT $2`, after, limit)
}

// CreateUser writes a new user with its identifiers. ErrConflict when one of them is somebody's already.
func (t *Tx) CreateUser(ctx context.Context, u User, now time.Time, identifiers ...Identifier) error {
	if _, err := t.exec(ctx, `INSERT INTO users (id, state, name, locale, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		u.ID, u.State, u.Name, u.Locale, micros(now), micros(now)); err != nil {
		return err
	}
	for _, i := range identifiers {
		if err := t.AddIdentifier(ctx, u.ID, i, now); err != nil {
			return err
		}
	}
	return nil
}

// AddIdentifier gives a user an address or username. ErrConflict when it is somebody's already. The insert never fails as a
// statement, because on PostgreSQL that would spoil the whole transaction.
func (t *Tx) AddIdentifier(ctx context.Context, userID string, i Identifier, now time.Time) error {
	n, err := t.exec(ctx, `INSERT INTO identifiers (kind, canonical, user_id, as_typed, verified_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, i.Kind, i.Canonical, userID, i.AsTyped, micros(i.VerifiedAt), micros(now))
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}

// RemoveIdentifier takes a user's address or username away.
func (t *Tx) RemoveIdentifier(ctx context.Context, userID, kind string) error {
	_, err := t.exec(ctx, `DELETE FROM identifiers WHERE user_id = $1 AND kind = $2`, userID, kind)
	return err
}

// VerifyIdentifier marks a user's identifier as proven; ErrNotFound when the user has it no longer.
func (t *Tx) VerifyIdentifier(ctx context.Context, userID, kind, canonical string, now time.Time) error {
	return one(t.exec(ctx, `UPDATE identifiers SET verified_at = $1 WHERE user_id = $2 AND kind = $3 AND canonical = $4`,
		micros(now), userID, kind, canonical))
}

// Identifiers lists what a user may log in with.
func (t *Tx) Identifiers(ctx context.Context, userID string) ([]Identifier, error) {
	return collect(ctx, t.q, func(r *sql.Rows) (Identifier, error) {
		var i Identifier
		var at int64
		err := r.Scan(&i.Kind, &i.Canonical, &i.AsTyped, &at)
		i.VerifiedAt = instant(at)
		return i, err
	}, `SELECT kind, canonical, as_typed, verified_at FROM identifiers WHERE user_id = $1 ORDER BY kind`, userID)
}

// SetProfile changes what a person may change of themselves.
func (t *Tx) SetProfile(ctx context.Context, userID, name, locale string, now time.Time) error {
	return one(t.exec(ctx, `UPDATE users SET name = $1, locale = $2, updated_at = $3 WHERE id = $4`, name, locale, micros(now), userID))
}

// SetState disables or enables a user.
func (t *Tx) SetState(ctx context.Context, userID, state string, now time.Time) error {
	return one(t.exec(ctx, `UPDATE users SET state = $1, updated_at = $2, state_at = $2 WHERE id = $3`, state, micros(now), userID))
}

// DeleteUser removes a user and all that hangs on it. Its events stay, without the person's data.
func (t *Tx) DeleteUser(ctx context.Context, userID string) error {
	for _, q := range []string{
		`DELETE FROM tickets WHERE user_id = $1`,
		`UPDATE events SET client = '', detail = '' WHERE user_id = $1`,
		`UPDATE ended_sessions SET user_id = '' WHERE user_id = $1`,
	} {
		if _, err := t.exec(ctx, q, userID); err != nil {
			return err
		}
	}
	return one(t.exec(ctx, `DELETE FROM users WHERE id = $1`, userID))
}

// Password is a user's password credential.
type Password struct {
	Hash      string    // empty: there is none
	ChangedAt time.Time // when it was chosen; a mere re-hash keeps it
}

// PasswordOf returns the user's password; its zero value when there is none.
func (t *Tx) PasswordOf(ctx context.Context, userID string) (Password, error) {
	var p Password
	var at int64
	err := translate(t.q.QueryRowContext(ctx, `SELECT secret, created_at FROM credentials WHERE user_id = $1 AND kind = 'password'`, userID).Scan(&p.Hash, &at))
	if errors.Is(err, ErrNotFound) {
		return Password{}, nil
	}
	p.ChangedAt = instant(at)
	return p, err
}

// SetPassword replaces the user's password.
func (t *Tx) SetPassword(ctx context.Context, id, userID, hash string, now time.Time) error {
	if _, err := t.exec(ctx, `DELETE FROM credentials WHERE user_id = $1 AND kind = 'password'`, userID); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO credentials (id, user_id, kind, secret, created_at, used_at) VALUES ($1, $2, 'password', $3, $4, 0)`,
		id, userID, hash, micros(now))
	return err
}

// UsePassword notes a log-in with the password and stores a fresh hash of it when rehash is not empty. It does nothing and
// returns ErrNotFound when the password is no longer the one of the given hash: it was changed while it was being checked.
func (t *Tx) UsePassword(ctx context.Context, userID, hash, rehash string, now time.Time) error {
	if rehash == "" {
		rehash = hash
	}
	return one(t.exec(ctx, `UPDATE credentials SET secret = $1, used_at = $2 WHERE user_id = $3 AND kind = 'password' AND secret = $4`,
		rehash, micros(now), userID, hash))
}
