package flow

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/jackc/pgx/v5"
)

// To make and migrate a database takes longer than most scenarios. So SQLite's is copied from one that was migrated once, and PostgreSQL's are
// emptied and used again.

// engines give a test a database of its own that is migrated and empty.
var engines = map[string]func(*testing.T) string{"sqlite": copyOfSQLite, "postgres": postgresPool.take}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := postgresPool.drop(); err != nil {
		fmt.Fprintln(os.Stderr, "drop the databases of the tests:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func migrated(ctx context.Context, dsn string) error {
	s, err := store.Open(ctx, dsn, store.Options{Synchronous: "off"})
	if err != nil {
		return err
	}
	return errors.Join(s.Migrate(ctx), s.Close())
}

var emptySQLite = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "gatehouse-flow")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "a.db")
	if err := migrated(context.Background(), "sqlite:"+path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // closed in good order: nothing waits in the WAL
})

func copyOfSQLite(t *testing.T) string {
	t.Helper()
	empty, err := emptySQLite()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.db")
	if err := os.WriteFile(path, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// pool is databases of the tests' PostgreSQL server that no test uses at the moment.
type pool struct {
	mu   sync.Mutex
	free []string
	all  []string // their names
}

var postgresPool pool

func (p *pool) take(t *testing.T) string {
	t.Helper()
	dsn, err := p.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execPostgres(dsn, emptyPostgres); err != nil {
			t.Errorf("empty the database of the test: %v", err)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.free = append(p.free, dsn)
	})
	return dsn
}

func (p *pool) get(ctx context.Context) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		dsn := p.free[n-1]
		p.free = p.free[:n-1]
		return dsn, nil
	}
	admin, err := pgtest.Shared()
	if err != nil {
		return "", err
	}
	name := "gatehouse_flow_" + strings.ToLower(rand.Text())
	if err := execPostgres(admin, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", err
	}
	p.all = append(p.all, name)
	u, err := url.Parse(admin)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), migrated(ctx, u.String())
}

func (p *pool) drop() (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range p.all {
		admin, wrong := pgtest.Shared()
		if wrong == nil {
			wrong = execPostgres(admin, "DROP DATABASE "+name+" WITH (FORCE)")
		}
		err = errors.Join(err, wrong)
	}
	return err
}

// emptyPostgres leaves the schema and the built-in role.
const emptyPostgres = `DELETE FROM users; DELETE FROM tickets; DELETE FROM outbox; DELETE FROM events; DELETE FROM revocations; DELETE FROM locks;
	DELETE FROM roles WHERE name <> 'admin'`

func execPostgres(dsn, statements string) error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	_, err = c.PgConn().Exec(ctx, statements).ReadAll()
	return err
}
