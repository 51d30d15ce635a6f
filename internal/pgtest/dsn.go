package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// DSN makes an empty database and returns its postgres:// address. The database is dropped when t ends, also from under connections
// that are still open. Its server does not sync to disk; see [Cluster] for one that does.
func DSN(t testing.TB) string {
	t.Helper()
	admin, err := Shared()
	if err != nil {
		t.Fatal(err)
	}
	name := "gatehouse_" + strings.ToLower(rand.Text())
	// template0 and not the default template1: a database cannot be copied while somebody is connected to it, and nobody can connect
	// to template0.
	if err := execute(admin, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		t.Fatalf("make a PostgreSQL database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the PostgreSQL database of the test: %v", err)
		}
	})
	dsn, err := inDatabase(admin, name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// Shared is the address of the server that [DSN] makes its databases on; it is started where there is none. It is for programs
// that hand it on in GATEHOUSE_TEST_POSTGRES, as package with does.
func Shared() (string, error) {
	if dsn := os.Getenv("GATEHOUSE_TEST_POSTGRES"); dsn != "" {
		return dsn, nil
	}
	s, err := own()
	if err != nil {
		return "", err
	}
	return s.DSN(), nil
}

// own is the server of this process. It stays reachable here, because the garbage collector closes files that nobody holds, and the
// end of the leash is one.
var own = sync.OnceValues(func() (*Server, error) { return newServer(false) })

func execute(dsn, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	_, err = c.Exec(ctx, statement)
	return err
}

func inDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", errors.New("GATEHOUSE_TEST_POSTGRES must be an address like postgres://USER:PASSWORD@HOST:PORT/postgres")
	}
	u.Path = "/" + name
	return u.String(), nil
}
