package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"a user is read back whole", aUserIsReadBackWhole},
		{"an identifier belongs to one user", anIdentifierBelongsToOneUser},
		{"a conflict leaves the rest of the transaction alone", aConflictSpoilsNothing},
		{"identifiers are verified, listed and removed", identifiersComeAndGo},
		{"profile and state change, and nothing else", profileAndState},
		{"users are listed in pages by id", usersInPages},
		{"a deleted user takes all that hangs on it along", deletedUser},
		{"a user that is not there is not found", noSuchUser},
	})
}

func byID(id string) func(context.Context, *Tx) (User, error) {
	return func(ctx context.Context, tx *Tx) (User, error) { return tx.UserByID(ctx, id) }
}

func byIdentifier(kind, canonical string) func(context.Context, *Tx) (User, error) {
	return func(ctx context.Context, tx *Tx) (User, error) { return tx.UserByIdentifier(ctx, kind, canonical) }
}

func aUserIsReadBackWhole(t *testing.T, s *Store) {
	must(t, s, func(ctx context.Context, tx *Tx) error {
		if err := tx.CreateRole(ctx, "editor", []string{"articles.write", "articles.read"}, start); err != nil {
			return err
		}
		u := User{ID: "u1", State: StateActive, Name: "Zoë 🦊", Locale: "de-CH"}
		if err := tx.CreateUser(ctx, u, start,
			Identifier{Kind: KindEmail, Canonical: "zoe@example.com", AsTyped: "Zoe@Example.com", VerifiedAt: start.Add(time.Hour)},
			Identifier{Kind: KindUsername, Canonical: "zoe", AsTyped: "Zoe"}); err != nil {
			return err
		}
		return errors.Join(tx.AddRole(ctx, "u1", "editor"), tx.AddRole(ctx, "u1", "admin"))
	})
	want := User{
		ID: "u1", State: StateActive, Name: "Zoë 🦊", Locale: "de-CH", Email: "Zoe@Example.com", EmailVerified: true, Username: "Zoe",
		Roles: []string{"admin", "editor"}, Permissions: []string{"articles.read", "articles.write"}, CreatedAt: start,
	}
	same(t, read(t, s, byID("u1")), want)
	same(t, read(t, s, byIdentifier(KindEmail, "zoe@example.com")), want)
	same(t, read(t, s, byIdentifier(KindUsername, "zoe")), want)
	for _, other := range []Identifier{{Kind: KindUsername, Canonical: "zoe@example.com"}, {Kind: KindEmail, Canonical: "zoe"}, {Kind: KindEmail, Canonical: "Zoe@Example.com"}} {
		if u, err := ask(t, s, byIdentifier(other.Kind, other.Canonical)); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s %s: found %q, %v", other.Kind, other.Canonical, u.ID, err)
		}
	}
}

func anIdentifierBelongsToOneUser(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2")
	refused(t, s, ErrConflict, func(ctx context.Context, tx *Tx) error {
		return tx.CreateUser(ctx, User{ID: "u3", State: StateActive}, start, mailbox("u1"))
	})
	if _, err := ask(t, s, byID("u3")); !errors.Is(err, ErrNotFound) {
		t.Errorf("the user whose address was taken is there without one: %v", err)
	}
	refused(t, s, ErrConflict, func(ctx context.Context, tx *Tx) error {
		return tx.CreateUser(ctx, User{ID: "u1", State: StateActive}, start) // the id itself
	})
	refused(t, s, ErrConflict, func(ctx context.Context, tx *Tx) error {
		return tx.AddIdentifier(ctx, "u2", Identifier{Kind: KindEmail, Canonical: "second@example.com"}, start) // one of each kind
	})
	must(t, s, func(ctx context.Context, tx *Tx) error { // the same words as a username are something else
		return tx.AddIdentifier(ctx, "u2", Identifier{Kind: KindUsername, Canonical: "u1@example.com", AsTyped: "u1@example.com"}, start)
	})
}

// On PostgreSQL a failed statement spoils the whole transaction; AddIdentifier and CreateRole must answer without one.
func aConflictSpoilsNothing(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2")
	must(t, s, func(ctx context.Context, tx *Tx) error {
		if err := tx.AddIdentifier(ctx, "u2", mailbox("u1"), start); !errors.Is(err, ErrConflict) {
			return errors.New("a taken address was given away")
		}
		if err := tx.CreateRole(ctx, "admin", []string{"all.things"}, start); !errors.Is(err, ErrConflict) {
			return errors.New("a role was made twice")
		}
		return note(ctx, tx, "went on")
	})
	if !notes(t, s)["went on"] {
		t.Error("what came after the conflict was not kept")
	}
	same(t, read(t, s, byIdentifier(KindEmail, "u1@example.com")).ID, "u1")
}

func identifiersComeAndGo(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	must(t, s, func(ctx context.Context, tx *Tx) error {
		if err := tx.AddIdentifier(ctx, "u1", Identifier{Kind: KindUsername, Canonical: "una", AsTyped: "Una"}, start); err != nil {
			return err
		}
		return tx.VerifyIdentifier(ctx, "u1", KindEmail, "u1@example.com", start.Add(time.Hour))
	})
	list := func(ctx context.Context, tx *Tx) ([]Identifier, error) { return tx.Identifiers(ctx, "u1") }
	verified := mailbox("u1")
	verified.VerifiedAt = start.Add(time.Hour)
	same(t, read(t, s, list), []Identifier{verified, {Kind: KindUsername, Canonical: "una", AsTyped: "Una"}})
	for _, wrong := range [][3]string{{"u2", KindEmail, "u1@example.com"}, {"u1", KindEmail, "other@example.com"}, {"u1", KindUsername, "u1@example.com"}} {
		refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error {
			return tx.VerifyIdentifier(ctx, wrong[0], wrong[1], wrong[2], start)
		})
	}
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.RemoveIdentifier(ctx, "u1", KindEmail) })
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.RemoveIdentifier(ctx, "u1", KindEmail) }) // gone already
	if u := read(t, s, byID("u1")); u.Email != "" || u.EmailVerified || u.Username != "Una" {
		t.Errorf("after the address was removed: %+v", u)
	}
	addUsers(t, s, "u2")
	must(t, s, func(ctx context.Context, tx *Tx) error { // the address is free again
		return errors.Join(tx.RemoveIdentifier(ctx, "u2", KindEmail), tx.AddIdentifier(ctx, "u2", mailbox("u1"), start))
	})
	same(t, read(t, s, byIdentifier(KindEmail, "u1@example.com")).ID, "u2")
}

func profileAndState(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2")
	before := read(t, s, byID("u1"))
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return errors.Join(tx.SetProfile(ctx, "u1", "Ångström", "sv", start.Add(time.Hour)), tx.SetState(ctx, "u1", StateDisabled, start.Add(time.Hour)))
	})
	want := before
	want.Name, want.Locale, want.State, want.StateAt = "Ångström", "sv", StateDisabled, start.Add(time.Hour)
	same(t, read(t, s, byID("u1")), want)
	if u := read(t, s, byID("u2")); u.Name != "" || u.State != StateActive {
		t.Errorf("another user was changed too: %+v", u)
	}
	refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error { return tx.SetProfile(ctx, "nobody", "", "", start) })
	refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error { return tx.SetState(ctx, "nobody", StateActive, start) })
}

func usersInPages(t *testing.T, s *Store) {
	var all []string
	for i := range 7 {
		all = append(all, name("u", i))
	}
	addUsers(t, s, all...)
	var seen []string
	for after := ""; ; {
		page := read(t, s, func(ctx context.Context, tx *Tx) ([]User, error) { return tx.Users(ctx, after, 3) })
		if len(page) == 0 {
			break
		}
		if len(page) > 3 {
			t.Fatalf("a page of %d", len(page))
		}
		for _, u := range page {
			seen = append(seen, u.ID)
		}
		after = page[len(page)-1].ID
	}
	same(t, seen, all)
}

func deletedUser(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2")
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return errors.Join(
			tx.SetPassword(ctx, "c1", "u1", "hash", start), tx.AddRole(ctx, "u1", "admin"),
			tx.CreateSession(ctx, session("s1", "u1")), tx.CreateSession(ctx, session("s2", "u2")),
			tx.CreateTicket(ctx, ticketFor("t1", "u1")), tx.CreateTicket(ctx, ticketFor("t2", "u2")),
			tx.AddEvent(ctx, Event{ID: "e1", At: start, Kind: "login", UserID: "u1", Client: "203.0.113.7", Detail: "Firefox", Cause: "why"}),
			tx.AddEvent(ctx, Event{ID: "e2", At: start, Kind: "login", UserID: "u2", Client: "203.0.113.8", Detail: "Safari"}),
		)
	})
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.DeleteUser(ctx, "u1") })
	for table, left := range map[string]int{
		"users": 1, "identifiers": 1, "credentials": 0, "user_roles": 0, "sessions": 1, "tickets": 1, "events": 2,
	} {
		if n := count(t, s, table); n != left {
			t.Errorf("%s has %d rows, want %d", table, n, left)
		}
	}
	of := func(user string) []Event {
		return read(t, s, func(ctx context.Context, tx *Tx) ([]Event, error) { return tx.EventsOf(ctx, user, 9) })
	}
	same(t, of("u1"), []Event{{ID: "e1", At: start, Kind: "login", UserID: "u1", Cause: "why"}})
	same(t, of("u2"), []Event{{ID: "e2", At: start, Kind: "login", UserID: "u2", Client: "203.0.113.8", Detail: "Safari"}})
	refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error { return tx.DeleteUser(ctx, "u1") })
	addUsers(t, s, "u1") // id and address are free again
}

func noSuchUser(t *testing.T, s *Store) {
	if _, err := ask(t, s, byID("nobody")); !errors.Is(err, ErrNotFound) {
		t.Errorf("UserByID: %v", err)
	}
	if _, err := ask(t, s, byIdentifier(KindEmail, "nobody@example.com")); !errors.Is(err, ErrNotFound) {
		t.Errorf("UserByIdentifier: %v", err)
	}
	same(t, read(t, s, func(ctx context.Context, tx *Tx) ([]Identifier, error) { return tx.Identifiers(ctx, "nobody") }), nil)
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"a password is set and replaced", aPasswordIsReplaced},
		{"a log-in notes its use and may store a fresh hash", aPasswordIsUsed},
		{"of a log-in and a change of the password at once the change holds", aPasswordChangedMeanwhile},
	})
}

func passwordOf(id string) func(context.Context, *Tx) (Password, error) {
	return func(ctx context.Context, tx *Tx) (Password, error) { return tx.PasswordOf(ctx, id) }
}

func aPasswordIsReplaced(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2")
	same(t, read(t, s, passwordOf("u1")), Password{})
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.SetPassword(ctx, "c1", "u1", "first", start) })
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.SetPassword(ctx, "c2", "u2", "other", start) })
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return tx.SetPassword(ctx, "c3", "u1", "second", start.Add(time.Hour))
	})
	same(t, read(t, s, passwordOf("u1")), Password{Hash: "second", ChangedAt: start.Add(time.Hour)})
	same(t, read(t, s, passwordOf("u2")), Password{Hash: "other", ChangedAt: start})
	same(t, count(t, s, "credentials"), 2)
}

func aPasswordIsUsed(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2")
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return errors.Join(tx.SetPassword(ctx, "c1", "u1", "stale", start), tx.SetPassword(ctx, "c2", "u2", "stale", start))
	})
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return tx.UsePassword(ctx, "u1", "stale", "", start.Add(time.Hour))
	})
	same(t, read(t, s, passwordOf("u1")), Password{Hash: "stale", ChangedAt: start})
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return tx.UsePassword(ctx, "u1", "stale", "fresh", start.Add(2*time.Hour))
	})
	same(t, read(t, s, passwordOf("u1")), Password{Hash: "fresh", ChangedAt: start}) // a mere re-hash is no change
	same(t, read(t, s, passwordOf("u2")), Password{Hash: "stale", ChangedAt: start})
}

func aPasswordChangedMeanwhile(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.SetPassword(ctx, "c1", "u1", "old", start) })
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.SetPassword(ctx, "c2", "u1", "new", start) })
	for _, rehash := range []string{"", "old again"} {
		refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error { return tx.UsePassword(ctx, "u1", "old", rehash, start) })
	}
	same(t, read(t, s, passwordOf("u1")).Hash, "new")
	refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error { return tx.UsePassword(ctx, "nobody", "new", "", start) })
}

func TestRoles(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"admin is built in, and roles are listed with permissions and holders", rolesAreListed},
		{"giving a role twice is once, and a role that is not there is not found", rolesAreGiven},
		{"a deleted role is nobody's", rolesAreDeleted},
	})
}

func roles(t *testing.T, s *Store) []Role {
	t.Helper()
	return read(t, s, func(ctx context.Context, tx *Tx) ([]Role, error) { return tx.Roles(ctx) })
}

func rolesAreListed(t *testing.T, s *Store) {
	same(t, roles(t, s), []Role{{Name: "admin", Permissions: []string{}}})
	addUsers(t, s, "u1", "u2")
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return errors.Join(
			tx.CreateRole(ctx, "writer", []string{"b.write", "a.read", "b.write"}, start),
			tx.AddRole(ctx, "u1", "writer"), tx.AddRole(ctx, "u2", "writer"))
	})
	same(t, roles(t, s), []Role{{Name: "admin", Permissions: []string{}}, {Name: "writer", Permissions: []string{"a.read", "b.write"}, Users: 2}})
	refused(t, s, ErrConflict, func(ctx context.Context, tx *Tx) error { return tx.CreateRole(ctx, "writer", nil, start) })
}

func rolesAreGiven(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	for range 2 {
		must(t, s, func(ctx context.Context, tx *Tx) error { return tx.AddRole(ctx, "u1", "admin") })
	}
	same(t, read(t, s, byID("u1")).Roles, []string{"admin"})
	must(t, s, func(ctx context.Context, tx *Tx) error {
		if err := tx.AddRole(ctx, "u1", "no-such"); !errors.Is(err, ErrNotFound) {
			return errors.New("a role that is not there was given")
		}
		return tx.RemoveRole(ctx, "u1", "no-such")
	})
	for range 2 {
		must(t, s, func(ctx context.Context, tx *Tx) error { return tx.RemoveRole(ctx, "u1", "admin") })
	}
	same(t, len(read(t, s, byID("u1")).Roles), 0)
	if err := try(t, s, func(ctx context.Context, tx *Tx) error { return tx.AddRole(ctx, "nobody", "admin") }); err == nil {
		t.Error("a role was given to nobody")
	}
}

func rolesAreDeleted(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return errors.Join(tx.CreateRole(ctx, "writer", []string{"b.write"}, start), tx.AddRole(ctx, "u1", "writer"), tx.AddRole(ctx, "u1", "admin"))
	})
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.DeleteRole(ctx, "writer") })
	u := read(t, s, byID("u1"))
	if !slices.Equal(u.Roles, []string{"admin"}) || len(u.Permissions) != 0 {
		t.Errorf("after the role was deleted: %+v", u)
	}
	refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error { return tx.DeleteRole(ctx, "writer") })
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.CreateRole(ctx, "writer", nil, start) })
	same(t, roles(t, s)[1], Role{Name: "writer", Permissions: []string{}}) // the old permissions are gone too
}
