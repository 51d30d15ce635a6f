package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestUserFields(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"a value is kept, replaced and forgotten", aValueComesAndGoes},
		{"a consent is kept for each version, withdrawn and given again", consentsByVersion},
		{"what a user filled in goes with the user, and nobody else's", fieldsGoWithTheUser},
		{"of many that set one value at once the last stands", oneValueAtOnce},
	})
}

func fieldsOf(userID string) func(context.Context, *Tx) ([]UserField, error) {
	return func(ctx context.Context, tx *Tx) ([]UserField, error) { return tx.UserFields(ctx, userID) }
}

// keep sets fields of a user.
func keep(t *testing.T, s *Store, userID string, all ...UserField) {
	t.Helper()
	must(t, s, func(ctx context.Context, tx *Tx) error {
		for _, f := range all {
			if err := tx.SetUserField(ctx, userID, f); err != nil {
				return err
			}
		}
		return nil
	})
}

func aValueComesAndGoes(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	company, size := UserField{Name: "company", Value: "Zoë & Söhne 🦊", At: start}, UserField{Name: "size", Value: "s", At: start}
	keep(t, s, "u1", size, company)
	same(t, read(t, s, fieldsOf("u1")), []UserField{company, size})
	company.Value, company.At = "Acorn", start.Add(time.Hour)
	keep(t, s, "u1", company)
	same(t, read(t, s, fieldsOf("u1")), []UserField{company, size})
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.RemoveUserField(ctx, "u1", "company") })
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.RemoveUserField(ctx, "u1", "never") })
	same(t, read(t, s, fieldsOf("u1")), []UserField{size})
	same(t, read(t, s, fieldsOf("nobody")), nil)
	if err := try(t, s, func(ctx context.Context, tx *Tx) error { return tx.SetUserField(ctx, "nobody", size) }); err == nil {
		t.Error("nobody's field was kept")
	}
	refused(t, s, ErrUnavailable, func(ctx context.Context, tx *Tx) error {
		return tx.SetUserField(ctx, "u1", UserField{Name: "size", Value: "a\x00b", At: start})
	})
}

func consentsByVersion(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2")
	later, last := start.Add(time.Hour), start.Add(2*time.Hour)
	old, current := UserField{Name: "terms", Version: "b", At: start}, UserField{Name: "terms", Version: "a", At: later}
	other, text := UserField{Name: "news", Version: "1", At: start}, UserField{Name: "text", Value: "x", At: start}
	keep(t, s, "u1", current, old, other, text)
	keep(t, s, "u2", old)
	same(t, read(t, s, fieldsOf("u1")), []UserField{other, old, current, text}) // by time, whatever the versions are called
	withdraw := func(at time.Time) {
		t.Helper()
		must(t, s, func(ctx context.Context, tx *Tx) error {
			return errors.Join(tx.WithdrawConsent(ctx, "u1", "terms", at), tx.WithdrawConsent(ctx, "u1", "text", at))
		})
	}
	withdraw(last)
	withdraw(last.Add(time.Hour)) // the first time stands
	old.WithdrawnAt, current.WithdrawnAt = last, last
	same(t, read(t, s, fieldsOf("u1")), []UserField{other, old, current, text})
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.RemoveUserField(ctx, "u1", "terms") }) // it is no value
	current.At, current.WithdrawnAt = last, time.Time{}
	keep(t, s, "u1", current)
	same(t, read(t, s, fieldsOf("u1")), []UserField{other, old, current, text})
	same(t, read(t, s, fieldsOf("u2")), []UserField{{Name: "terms", Version: "b", At: start}})
}

func fieldsGoWithTheUser(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2", "u3")
	one := UserField{Name: "company", Value: "Acorn", At: start}
	for _, id := range []string{"u1", "u2", "u3"} {
		keep(t, s, id, one, UserField{Name: "terms", Version: "1", At: start})
	}
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.DeleteUser(ctx, "u1") })
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.RemoveUserFields(ctx, "u2") })
	same(t, read(t, s, fieldsOf("u2")), nil)
	if n := count(t, s, "user_fields"); n != 2 {
		t.Errorf("%d rows are left, of one user with two", n)
	}
}

func oneValueAtOnce(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	errs := atOnce(50, func(i int) error {
		return try(t, s, func(ctx context.Context, tx *Tx) error {
			return tx.SetUserField(ctx, "u1", UserField{Name: "company", Value: name("v", i), At: start})
		})
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, fieldsOf("u1")); len(got) != 1 || len(got[0].Value) != 4 {
		t.Errorf("kept: %+v", got)
	}
}
