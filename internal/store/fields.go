package store

import (
	"context"
	"database/sql"
	"time"
)

// UserField is what somebody filled in of a field that the site declares. Of a consent there is one for each version that was agreed to.
type UserField struct {
	Name        string
	Version     string // of a consent: the wording that was agreed to; empty: it is none
	Value       string // of a text or a choice
	At          time.Time
	WithdrawnAt time.Time // of a consent; zero: it holds
}

// UserFields lists what a user filled in, by name; of a consent the first given comes first.
func (t *Tx) UserFields(ctx context.Context, userID string) ([]UserField, error) {
	return collect(ctx, t.q, func(r *sql.Rows) (UserField, error) {
		var f UserField
		var at, withdrawn int64
		err := r.Scan(&f.Name, &f.Version, &f.Value, &at, &withdrawn)
		f.At, f.WithdrawnAt = instant(at), instant(withdrawn)
		return f, err
	}, `SELECT name, version, value, at, withdrawn_at FROM user_fields WHERE user_id = $1 ORDER BY name, at, version`, userID)
}

// SetUserField keeps a value, or that a version was agreed to, in place of what was there.
func (t *Tx) SetUserField(ctx context.Context, userID string, f UserField) error {
	_, err := t.exec(ctx, `INSERT INTO user_fields (user_id, name, version, value, at, withdrawn_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (user_id, name, version) DO UPDATE SET value = excluded.value, at = excluded.at, withdrawn_at = excluded.withdrawn_at`,
		userID, f.Name, f.Version, f.Value, micros(f.At), micros(f.WithdrawnAt))
	return err
}

// RemoveUserField forgets a text or a choice.
func (t *Tx) RemoveUserField(ctx context.Context, userID, name string) error {
	_, err := t.exec(ctx, `DELETE FROM user_fields WHERE user_id = $1 AND name = $2 AND version = ''`, userID, name)
	return err
}

// WithdrawConsent ends a consent in every version that still holds.
func (t *Tx) WithdrawConsent(ctx context.Context, userID, name string, now time.Time) error {
	_, err := t.exec(ctx, `UPDATE user_fields SET withdrawn_at = $1 WHERE user_id = $2 AND name = $3 AND version <> '' AND withdrawn_at = 0`,
		micros(now), userID, name)
	return err
}

// RemoveUserFields forgets all of a user's.
func (t *Tx) RemoveUserFields(ctx context.Context, userID string) error {
	_, err := t.exec(ctx, `DELETE FROM user_fields WHERE user_id = $1`, userID)
	return err
}
