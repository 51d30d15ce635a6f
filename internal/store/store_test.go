package store

import (
	"path/filepath"
	"testing"
	"time"
)

func TestOpenMigrateAndReadBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, err := Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "a.db"), Options{Server: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	err = s.Update(ctx, func(tx *Tx) error {
		if err := tx.CreateUser(ctx, User{ID: "u1", State: StateActive}, now, Identifier{Kind: KindEmail, Canonical: "a@b", AsTyped: "A@b"}); err != nil {
			return err
		}
		if err := tx.AddRole(ctx, "u1", "admin"); err != nil {
			return err
		}
		return tx.CreateSession(ctx, Session{Hash: []byte("h"), ID: "s", UserID: "u1"})
	})
	if err != nil {
		t.Fatal(err)
	}
	_, u, err := s.SessionByHash(ctx, []byte("h"))
	if err != nil || u.Email != "A@b" || len(u.Roles) != 1 {
		t.Fatal(u, err)
	}
}
