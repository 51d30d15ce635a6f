package store

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestMigrations(t *testing.T) {
	t.Parallel()
	onBothEmpty(t, []scenario{
		{"the schema goes up, down and up again", upDownUp},
		{"a schema that is newer than this program is refused", newerSchema},
		{"a store that is not migrated says so and is no «wrong password»", notMigrated},
	})
}

// onBothEmpty is onBoth without the schema.
func onBothEmpty(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, sc := range scenarios {
		for _, engine := range []engine{sqliteEngine, postgresEngine} {
			t.Run(sc.name+" on "+string(engine), func(t *testing.T) {
				t.Parallel()
				sc.run(t, open(t, address(t, engine), Options{}))
			})
		}
	}
}

func upDownUp(t *testing.T, s *Store) {
	ctx := t.Context()
	state := func() (applied, all int) {
		steps, err := s.Migrations(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range steps {
			if m.Version != int64(i+1) || !strings.HasSuffix(m.Name, ".sql") {
				t.Errorf("step %d is %+v", i, m)
			}
			if m.Applied {
				applied++
			}
		}
		return applied, len(steps)
	}
	if applied, all := state(); applied != 0 || all == 0 {
		t.Fatalf("empty: %d of %d steps are applied", applied, all)
	}
	if _, err := s.MigrateDown(ctx); !errors.Is(err, ErrNotFound) {
		t.Errorf("down from nothing: %v", err)
	}
	for range 2 {
		for range 2 { // once more changes nothing
			if err := s.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
		}
		applied, all := state()
		if err := s.Migrated(ctx); err != nil || applied != all {
			t.Errorf("up: %d of %d steps are applied; %v", applied, all, err)
		}
		addUsers(t, s, "u1")
		same(t, roles(t, s), []Role{{Name: "admin", Permissions: []string{}}})
		for want := all; want > 0; want-- {
			if v, err := s.MigrateDown(ctx); err != nil || v != int64(want) {
				t.Fatalf("down: step %d, %v; want %d", v, err, want)
			}
			if applied, _ := state(); applied != want-1 {
				t.Errorf("after step %d went down %d are applied", want, applied)
			}
		}
		if err := s.Migrated(ctx); err == nil || !strings.Contains(err.Error(), "gatehouse migrate up") {
			t.Errorf("down: Migrated says %v", err)
		}
	}
}

func newerSchema(t *testing.T, s *Store) {
	ctx := t.Context()
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	must(t, s, func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)`, 9001, true)
		return err
	})
	err := s.Migrate(ctx)
	if err == nil || !strings.Contains(err.Error(), "schema 9001") || !strings.Contains(err.Error(), "run a newer Gatehouse") {
		t.Errorf("Migrate says %v", err)
	}
	// The release before keeps serving while the next one is rolled out: migrations only add to what it uses.
	if err := s.Migrated(ctx); err != nil {
		t.Errorf("Migrated says %v", err)
	}
	addUsers(t, s, "u1")
}

func notMigrated(t *testing.T, s *Store) {
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	if err := s.Migrated(t.Context()); err == nil {
		t.Error("an empty database counts as migrated")
	}
	if _, err := ask(t, s, byID("u1")); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) {
		t.Errorf("a lookup: %v", err)
	}
}

// Servers that start at once on one database, each with a store of its own as each process has.
func TestFourMigrateAtOnce(t *testing.T) {
	t.Parallel()
	for _, engine := range []engine{sqliteEngine, postgresEngine} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := address(t, engine)
			var stores []*Store
			for range 4 {
				s := open(t, dsn, Options{})
				if err := s.Ping(t.Context()); err != nil { // connected, so that they begin at the same moment
					t.Fatal(err)
				}
				stores = append(stores, s)
			}
			errs := atOnce(len(stores), func(i int) error { return stores[i].Migrate(t.Context()) })
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			addUsers(t, stores[0], "u1")
			same(t, roles(t, stores[3]), []Role{{Name: "admin", Permissions: []string{}}})
		})
	}
}
