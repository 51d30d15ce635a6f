package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Store is the one way to the database. It is safe for use by many goroutines.
type Store struct {
	engine engine
	read   *sql.DB // on PostgreSQL also the writer
	path   string  // of the SQLite file; empty on PostgreSQL
	writer *writer // SQLite only
	// migrateURL opens the SQLite file once more, for migrations.
	migrateURL string
	lock       *serverLock
}

type engine string

const (
	sqliteEngine   engine = "sqlite"
	postgresEngine engine = "postgres"
)

// Options say how a Store is opened.
type Options struct {
	// Server takes the lock that lets only one server work on a SQLite file; commands may write beside it.
	Server bool
	// VFS names the SQLite file system layer; empty is the operating system's. Tests cut the power through it.
	VFS string
	// Synchronous is SQLite's pragma; empty is FULL: what was acknowledged survives a power cut.
	Synchronous string
}

// Open opens the store that dsn names: "sqlite:PATH" or "postgres://…". It does not migrate; see [Store.Migrate].
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	var s *Store
	var err error
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		s, err = openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"), o)
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		s, err = openPostgres(ctx, dsn)
	default:
		return nil, errors.New("the database must be sqlite:PATH or postgres://…")
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Engine is "sqlite" or "postgres".
func (s *Store) Engine() string { return string(s.engine) }

// Path is the SQLite file, or empty on PostgreSQL.
func (s *Store) Path() string { return s.path }

// Close waits for the writes it has accepted and lets go of the database.
func (s *Store) Close() error {
	if s.writer != nil {
		s.writer.close()
	}
	err := s.read.Close()
	if s.lock != nil {
		s.lock.release()
	}
	return err
}

// Ping asks the store for an answer; nil means that it can be read.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return translate(s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}

// View runs fn in a read-only transaction that sees one state of the store.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	t, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return translate(err)
	}
	defer func() { _ = t.Rollback() }()
	return fn(&Tx{q: t})
}

// Update runs fn in a transaction and commits it when fn returns nil. An error of fn is returned as it is and nothing is
// changed. fn may run more than once.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	if s.engine == sqliteEngine {
		return s.writer.update(ctx, fn)
	}
	const tries = 8
	for try := 1; ; try++ {
		err := s.updatePostgres(ctx, fn)
		if err == nil || !retryable(err) || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return translate(ctx.Err())
		case <-time.After(time.Duration(try*try) * 3 * time.Millisecond):
		}
	}
}

func (s *Store) updatePostgres(ctx context.Context, fn func(*Tx) error) error {
	t, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = t.Rollback() }()
	if err := fn(&Tx{q: t}); err != nil {
		return err
	}
	return translate(t.Commit())
}

// querier is what a connection, a transaction and a pool have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx is a transaction; its methods are the queries. It is valid only inside the function it was given to.
type Tx struct{ q querier }

// exec runs a statement and returns how many rows it touched.
func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	for _, a := range args {
		// PostgreSQL cannot keep such text and spoils the transaction over it, SQLite would keep it: refuse it alike.
		if s, ok := a.(string); ok && (strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s)) {
			return 0, fmt.Errorf("%w: text that is not UTF-8 or has a NUL", ErrUnavailable)
		}
	}
	r, err := t.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, translate(err)
	}
	n, err := r.RowsAffected()
	return n, translate(err)
}

// Lock makes other transactions that lock the same name wait until this one ends. A row rather than an advisory lock:
// it works on every engine that speaks PostgreSQL's language, and through a pooler.
func (t *Tx) Lock(ctx context.Context, name string, now time.Time) error {
	_, err := t.exec(ctx, `INSERT INTO locks (name, at) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET at = excluded.at`, name, micros(now))
	return err
}

// collect reads all rows of a query by scan.
func collect[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, translate(err)
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, translate(err)
		}
		all = append(all, one)
	}
	return all, translate(rows.Err())
}

// one turns "touched no row" into ErrNotFound.
func one(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
