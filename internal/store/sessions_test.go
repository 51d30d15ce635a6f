package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"a session is read back whole with its user", aSessionIsReadBackWhole},
		{"a rotated session answers to its new token only", aSessionIsRotated},
		{"of two rotations at once one wins", twoRotationsAtOnce},
		{"last use moves forward only", lastUseMovesForward},
		{"one session ends for its user only, and says so to every node", oneSessionEnds},
		{"all sessions end but the one to keep", allSessionsEnd},
	})
}

func session(id, user string) Session {
	return Session{
		Hash: []byte("token of " + id), ID: id, UserID: user, CreatedAt: start, SeenAt: start, Idle: time.Hour, EndAt: start.Add(24 * time.Hour),
		AuthAt: start, Methods: []string{"password"},
	}
}

func addSessions(t *testing.T, s *Store, user string, ids ...string) {
	t.Helper()
	must(t, s, func(ctx context.Context, tx *Tx) error {
		for _, id := range ids {
			if err := tx.CreateSession(ctx, session(id, user)); err != nil {
				return err
			}
		}
		return nil
	})
}

func sessionIDs(t *testing.T, s *Store, user string) []string {
	t.Helper()
	var ids []string
	for _, x := range read(t, s, func(ctx context.Context, tx *Tx) ([]Session, error) { return tx.SessionsOf(ctx, user) }) {
		ids = append(ids, x.ID)
	}
	return ids
}

func aSessionIsReadBackWhole(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.AddRole(ctx, "u1", "admin") })
	want := Session{
		Hash: []byte{0, 1, 0xff}, ID: "s1", UserID: "u1", CreatedAt: start, SeenAt: start.Add(time.Second), Idle: 12 * time.Hour, EndAt: start.Add(168 * time.Hour),
		AuthAt: start.Add(time.Minute), Methods: []string{"password", "totp"}, Remember: true, DeviceLabel: "Firefox (Linux)", DeviceAddr: "2001:db8::1",
	}
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.CreateSession(ctx, want) })
	got, user, err := s.SessionByHash(t.Context(), want.Hash)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, want)
	same(t, user, read(t, s, byID("u1")))
	for _, unknown := range [][]byte{nil, {0, 1}, {0, 1, 0xff, 0}, []byte("s1")} {
		if _, _, err := s.SessionByHash(t.Context(), unknown); !errors.Is(err, ErrNotFound) {
			t.Errorf("token %x: %v", unknown, err)
		}
	}
	for _, twice := range []Session{want, {Hash: []byte("another"), ID: "s1", UserID: "u1"}, {Hash: want.Hash, ID: "s2", UserID: "u1"}} {
		refused(t, s, ErrConflict, func(ctx context.Context, tx *Tx) error { return tx.CreateSession(ctx, twice) })
	}
	if err := try(t, s, func(ctx context.Context, tx *Tx) error { return tx.CreateSession(ctx, session("s3", "nobody")) }); err == nil {
		t.Error("nobody has a session")
	}
}

func aSessionIsRotated(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	addSessions(t, s, "u1", "s1", "s2")
	next := session("s1", "u1")
	next.Hash, next.SeenAt, next.AuthAt, next.Methods = []byte("new token"), start.Add(time.Hour), start.Add(time.Hour), []string{"password", "totp"}
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.RotateSession(ctx, session("s1", "").Hash, next) })
	got, _, err := s.SessionByHash(t.Context(), next.Hash)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, next)
	if _, _, err := s.SessionByHash(t.Context(), session("s1", "").Hash); !errors.Is(err, ErrNotFound) {
		t.Errorf("the old token still opens: %v", err)
	}
	same(t, sessionIDs(t, s, "u1"), []string{"s1", "s2"})
	refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error { return tx.RotateSession(ctx, session("s1", "").Hash, next) })
}

func twoRotationsAtOnce(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	addSessions(t, s, "u1", "s1")
	old := session("s1", "").Hash
	for round := range 20 {
		tokens := [2][]byte{[]byte(name("left", round)), []byte(name("right", round))}
		errs := atOnce(2, func(i int) error {
			next := session("s1", "u1")
			next.Hash = tokens[i]
			return try(t, s, func(ctx context.Context, tx *Tx) error { return tx.RotateSession(ctx, old, next) })
		})
		winner := -1
		for i, err := range errs {
			if err == nil && winner < 0 {
				winner = i
			} else if !errors.Is(err, ErrNotFound) {
				t.Fatalf("round %d: %v", round, errs)
			}
		}
		if winner < 0 {
			t.Fatalf("round %d: nobody won: %v", round, errs)
		}
		if _, _, err := s.SessionByHash(t.Context(), tokens[winner]); err != nil {
			t.Fatalf("round %d: the winner's token: %v", round, err)
		}
		old = tokens[winner]
	}
}

func lastUseMovesForward(t *testing.T, s *Store) {
	addUsers(t, s, "u1")
	addSessions(t, s, "u1", "s1", "s2", "s3")
	touch := func(id string, after time.Duration) Seen {
		return Seen{Hash: session(id, "").Hash, At: start.Add(after)}
	}
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return tx.TouchSessions(ctx, []Seen{touch("s1", time.Minute), touch("no such session", time.Minute), touch("s2", time.Hour)})
	})
	must(t, s, func(ctx context.Context, tx *Tx) error { // another node that knows less
		return tx.TouchSessions(ctx, []Seen{touch("s1", time.Second), touch("s2", -time.Hour), touch("s3", -time.Hour)})
	})
	seen := map[string]time.Duration{}
	for _, x := range read(t, s, func(ctx context.Context, tx *Tx) ([]Session, error) { return tx.SessionsOf(ctx, "u1") }) {
		seen[x.ID] = x.SeenAt.Sub(start)
	}
	same(t, seen, map[string]time.Duration{"s1": time.Minute, "s2": time.Hour, "s3": 0})
	same(t, sessionIDs(t, s, "u1"), []string{"s2", "s1", "s3"}) // the last used first
}

func oneSessionEnds(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2")
	addSessions(t, s, "u1", "s1", "s2")
	for _, wrong := range [][2]string{{"u2", "s1"}, {"u1", "s9"}} {
		refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error {
			return tx.EndSession(ctx, wrong[0], wrong[1], SignedOut, start)
		})
	}
	same(t, revocations(t, s, 0), nil)
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.EndSession(ctx, "u1", "s1", SignedOut, start) })
	same(t, sessionIDs(t, s, "u1"), []string{"s2"})
	same(t, revocations(t, s, 0), []Revocation{{1, RevokeSession, "s1"}})
	refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error { return tx.EndSession(ctx, "u1", "s1", SignedOut, start) })
}

func allSessionsEnd(t *testing.T, s *Store) {
	addUsers(t, s, "u1", "u2")
	addSessions(t, s, "u1", "s1", "s2", "s3")
	addSessions(t, s, "u2", "t1")
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return tx.EndSessions(ctx, "u1", "s2", PasswordChanged, start)
	})
	same(t, sessionIDs(t, s, "u1"), []string{"s2"})
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.EndSessions(ctx, "u1", "", PasswordChanged, start) })
	same(t, sessionIDs(t, s, "u1"), nil)
	same(t, sessionIDs(t, s, "u2"), []string{"t1"})
	// Even with none left: a node may have one in its cache that the store has swept.
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.EndSessions(ctx, "u1", "", PasswordChanged, start) })
	same(t, revocations(t, s, 0), []Revocation{{1, RevokeUser, "u1"}, {2, RevokeUser, "u1"}, {3, RevokeUser, "u1"}})
}

func TestRevocations(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"revocations come in order, from after the last one heard", revocationsInOrder},
		{"more than a page comes in pages", revocationsInPages},
		{"numbers are not used again after a sweep", revocationNumbersGrow},
	})
}

func revocations(t *testing.T, s *Store, after int64) []Revocation {
	t.Helper()
	all, err := s.Revocations(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func lastRevocation(t *testing.T, s *Store) int64 {
	t.Helper()
	n, err := s.LastRevocation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func revocationsInOrder(t *testing.T, s *Store) {
	same(t, lastRevocation(t, s), 0)
	same(t, revocations(t, s, 0), nil)
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return errors.Join(tx.Revoke(ctx, RevokeUser, "u1", start), tx.Revoke(ctx, RevokeSession, "s1", start), tx.Revoke(ctx, RevokeAll, "", start))
	})
	all := []Revocation{{1, RevokeUser, "u1"}, {2, RevokeSession, "s1"}, {3, RevokeAll, ""}}
	same(t, revocations(t, s, 0), all)
	same(t, revocations(t, s, 2), all[2:])
	same(t, revocations(t, s, 3), nil)
	same(t, lastRevocation(t, s), 3)
}

func revocationsInPages(t *testing.T, s *Store) {
	const more = 7
	insert := `INSERT INTO revocations (kind, id, at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		SELECT 'session', 'x', 0 FROM n`
	must(t, s, func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, insert, RevocationsPage+more)
		return err
	})
	first := revocations(t, s, 0)
	if len(first) != RevocationsPage || first[0].Seq != 1 || first[len(first)-1].Seq != RevocationsPage {
		t.Fatalf("the first page has %d, from %d to %d", len(first), first[0].Seq, first[len(first)-1].Seq)
	}
	if rest := revocations(t, s, RevocationsPage); len(rest) != more || rest[0].Seq != RevocationsPage+1 {
		t.Errorf("the second page has %d", len(rest))
	}
}

// A node asks for what is above the last number it heard: a number used twice would be a revocation that nobody hears.
func revocationNumbersGrow(t *testing.T, s *Store) {
	for range 3 {
		must(t, s, func(ctx context.Context, tx *Tx) error { return tx.Revoke(ctx, RevokeSession, "s", start) })
	}
	must(t, s, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Sweep(ctx, start.Add(keepRevocations+time.Second))
		return err
	})
	same(t, revocations(t, s, 0), nil)
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.Revoke(ctx, RevokeSession, "later", start) })
	same(t, revocations(t, s, 3), []Revocation{{4, RevokeSession, "later"}})
}
