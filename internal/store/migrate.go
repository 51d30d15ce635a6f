package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/ncruces/go-sqlite3/driver"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

// Migrate brings the schema up to date. Several servers and commands may call it at once.
func (s *Store) Migrate(ctx context.Context) error {
	// On PostgreSQL goose takes a lock. On SQLite it has none: of two at once one fails, rolled back whole, and finds it done when it looks again.
	const tries = 20
	for try := 1; ; try++ {
		err := s.withMigrations(ctx, func(p *goose.Provider) error {
			if current, target, err := p.GetVersions(ctx); err == nil && current > target {
				return schemaTooNew(fmt.Sprintf("the database has schema %d but this Gatehouse knows only %d; run a newer Gatehouse, or restore a backup of before the upgrade", current, target))
			}
			_, err := p.Up(ctx)
			return err
		})
		if _, newer := errors.AsType[schemaTooNew](err); err == nil || newer || s.engine == postgresEngine || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try) * 10 * time.Millisecond):
		}
	}
}

// schemaTooNew is the refusal of a database that a newer Gatehouse has migrated.
type schemaTooNew string

func (n schemaTooNew) Error() string { return string(n) }

// MigrateDown undoes the newest applied step and returns its version. With no step applied it is ErrNotFound.
func (s *Store) MigrateDown(ctx context.Context) (int64, error) {
	var version int64
	err := s.withMigrations(ctx, func(p *goose.Provider) error {
		r, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return ErrNotFound
		}
		if err == nil {
			version = r.Source.Version
		}
		return err
	})
	return version, err
}

// Migrations lists the steps that this binary knows, oldest first.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
	var all []Migration
	err := s.withMigrations(ctx, func(p *goose.Provider) error {
		status, err := p.Status(ctx)
		for _, m := range status {
			all = append(all, Migration{m.Source.Version, m.Source.Path, m.State == goose.StateApplied})
		}
		return err
	})
	return all, err
}

// Migrated is nil when the schema is the one this binary expects.
func (s *Store) Migrated(ctx context.Context) error {
	all, err := s.Migrations(ctx)
	for _, m := range all {
		if !m.Applied {
			return fmt.Errorf("the database is not migrated: run `gatehouse migrate up`")
		}
	}
	return err
}

func (s *Store) withMigrations(ctx context.Context, do func(*goose.Provider) error) error {
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	db := s.read
	if s.engine == postgresEngine {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // tries each second, for five minutes
		if err != nil {
			return err
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	} else {
		own, err := s.migrator()
		if err != nil {
			return err
		}
		defer func() { _ = own.Close() }()
		db = own
	}
	folder, err := fs.Sub(migrations, "migrations/"+string(s.engine))
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, folder, options...)
	if err != nil {
		return translate(err)
	}
	err = do(p)
	if _, newer := errors.AsType[schemaTooNew](err); newer {
		return err
	}
	return translate(err)
}

// migrator opens a connection of its own: a migration must not wait behind the writer it would block. The caller closes it.
func (s *Store) migrator() (*sql.DB, error) {
	db, err := driver.Open(s.migrateURL)
	if err != nil {
		return nil, translate(err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}
