package store

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"what differs in a byte differs, and nothing is folded, trimmed or normalised", textIsBytes},
		{"what PostgreSQL cannot keep is refused everywhere and harms nothing", textThatCannotBeKept},
		{"what is listed has one order", orderIsByBytes},
	})
}

// I-143: the canonical form is made above the store; a store that folded more would let one person in as another. SQLite's NOCASE folds
// ASCII only, a collation of PostgreSQL may hold é and é for the same.
func textIsBytes(t *testing.T, s *Store) {
	spellings := []string{
		"É", "é", "E\u0301", "e\u0301", "e", "E", "ß", "ss", "SS", "ı", "i", "İ", "I", "ａ", "a", "a ", " a", "a\t", "A", "%", "_", "'", `"`, `\`, "a\u200b", "K", "\u212a", "\u017f", "s", "🦊",
		strings.Repeat("x", 10_000),
	}
	must(t, s, func(ctx context.Context, tx *Tx) error {
		for i, text := range spellings {
			id := name("u", i)
			if err := tx.CreateUser(ctx, User{ID: id, State: StateActive, Name: text}, start, Identifier{Kind: KindUsername, Canonical: text, AsTyped: text}); err != nil {
				return errors.Join(errors.New(text), err)
			}
		}
		return nil
	})
	for i, text := range spellings {
		u := read(t, s, byIdentifier(KindUsername, text))
		if u.ID != name("u", i) || u.Name != text || u.Username != text {
			t.Errorf("%+q: found %s, %+q", text, u.ID, u.Username)
		}
		refused(t, s, ErrConflict, func(ctx context.Context, tx *Tx) error {
			return tx.CreateUser(ctx, User{ID: "twice"}, start, Identifier{Kind: KindUsername, Canonical: text})
		})
	}
}

// PostgreSQL has no NUL in text and no text that is not UTF-8 (22021); SQLite would take both. Above the store both are refused.
func textThatCannotBeKept(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	for _, text := range []string{"\x00", "a\x00b", "\x00admin", "u1\x00", "\xff", "a\xc3", "\xed\xa0\x80"} {
		must(t, s, func(ctx context.Context, tx *Tx) error {
			for what, err := range map[string]error{
				"an identifier": tx.AddIdentifier(ctx, "u1", Identifier{Kind: KindUsername, Canonical: text, AsTyped: "x"}, start),
				"a name":        tx.SetProfile(ctx, "u1", text, "", start),
				"a password":    tx.SetPassword(ctx, "c1", "u1", text, start),
				"a device":      tx.CreateSession(ctx, Session{Hash: []byte("h"), ID: "s1", UserID: "u1", DeviceLabel: text}),
				"an event":      tx.AddEvent(ctx, Event{ID: "e1", Detail: text}),
				"a role":        tx.CreateRole(ctx, text, nil, start),
				"a failure":     tx.RetryOutbox(ctx, "m1", start, text),
				"a lock":        tx.Lock(ctx, text, start),
			} {
				if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) {
					t.Errorf("%s with %+q: %v", what, text, err)
				}
			}
			return tx.Lock(ctx, "still alive", start)
		})
		// Nothing has such a name; whether that is «not found» or an error, it is nobody.
		if u, err := ask(t, s, byIdentifier(KindEmail, text)); err == nil {
			t.Errorf("%+q: found %s", text, u.ID)
		}
	}
	for _, k := range [][]byte{{0}, {0xff, 0}, {}} { // bytes are not text
		must(t, s, func(ctx context.Context, tx *Tx) error {
			o := work(string(rune('a'+len(k))), 0)
			o.Payload = k
			return tx.Enqueue(ctx, o)
		})
	}
	same(t, read(t, s, byID("u1")).Name, "")
	same(t, count(t, s, "locks"), 1)
}

// A collation of PostgreSQL sorts a-b behind ab and A between a and b; SQLite sorts bytes. What is listed for people must not differ, and a
// page of users begins after the last id of the page before: both engines must agree on what «after» is for ids as we make them.
func orderIsByBytes(t *testing.T, s *Store) {
	ids := []string{"00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-0000000000a0", "0000000a-0000-7000-8000-000000000000", "a0000000-0000-7000-8000-000000000000"}
	names := []string{"B", "a-b", "a.b", "ab", "admin", "b"}
	for _, i := range []int{2, 0, 3, 1} {
		addUsers(t, s, ids[i])
	}
	must(t, s, func(ctx context.Context, tx *Tx) error {
		var errs []error
		for _, role := range []string{"ab", "b", "B", "a.b", "a-b"} {
			errs = append(errs, tx.CreateRole(ctx, role, []string{"ab.c", "a-b.c", "B.c", "a.b"}, start))
		}
		return errors.Join(errs...)
	})
	var users, listed []string
	for _, u := range read(t, s, func(ctx context.Context, tx *Tx) ([]User, error) { return tx.Users(ctx, "", 99) }) {
		users = append(users, u.ID)
	}
	for _, r := range roles(t, s) {
		listed = append(listed, r.Name)
	}
	same(t, users, ids)
	same(t, listed, names)
	same(t, roles(t, s)[0].Permissions, []string{"B.c", "a-b.c", "a.b", "ab.c"})
}
