package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
)

func TestPostgreSQLAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	const unreadable, clear = "postgres://USER:PASSWORD@HOST:PORT/NAME", "PostgreSQL off this machine needs TLS"
	for dsn, says := range map[string]string{
		"postgres://gate:hunter2@127.0.0.1:notaport/x":        unreadable,
		"postgres://gate:hunter2@127.0.0.1/x?sslmode=hunter2": unreadable,
		"postgres://gate:hunter2@db.example.com/x":            clear, // the driver would take a server's «I have no TLS» for an answer
		"postgres://gate:hunter2@192.0.2.1/x?sslmode=prefer":  clear,
		"postgres://gate:hunter2@192.0.2.1/x?sslmode=allow":   clear,
		"postgres://gate:hunter2@127.0.0.1,192.0.2.1/x":       clear,
		"postgres://gate:hunter2@localhost.example.com/x":     clear,
		"postgres://192.0.2.1/x?sslmode=disable":              "",
		"postgres://192.0.2.1/x?sslmode=require":              "",
		"postgresql://db.example.com/x?sslmode=verify-full":   "",
		"postgres://127.0.0.1/x":                              "",
		"postgres://[::1]/x":                                  "",
		"postgres://localhost/x":                              "",
		"postgres:///x?host=/var/run/postgresql":              "",
		"postgres://127.0.0.1,localhost/x?sslmode=prefer":     "",
	} {
		s, err := Open(t.Context(), dsn, Options{}) // opening connects to nothing yet
		if err == nil {
			_ = s.Close()
		}
		switch {
		case says == "" && err != nil:
			t.Errorf("%s: %v", dsn, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%s: %v, want «%s»", dsn, err, says)
		case err != nil && strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%s: the password is in the error: %v", dsn, err)
		}
	}
}

// A statement that hangs is ended, and a transaction whose owner has gone is too: neither may hold a row for ever.
func TestNothingHangsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	s := fresh(t, postgresEngine)
	for setting, want := range map[string]string{
		"statement_timeout":                   fmt.Sprint(statementTimeout),
		"idle_in_transaction_session_timeout": fmt.Sprint(2 * statementTimeout),
		"application_name":                    "gatehouse",
	} {
		var got string
		if err := s.read.QueryRowContext(t.Context(), "SHOW "+setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, want %q (%v)", setting, got, want, err)
		}
	}
	quick := open(t, pgtest.DSN(t)+"&statement_timeout=50", Options{}) // what the operator sets holds
	err := try(t, quick, func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, "SELECT pg_sleep(30)")
		return err
	})
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("a statement that hangs: %v", err)
	}
}

// A server that is down is «unavailable» and never an answer; when it is back, so are we.
func TestAPostgreSQLThatIsDown(t *testing.T) {
	t.Parallel()
	server := pgtest.Cluster(t, false)
	s := open(t, server.DSN(), Options{})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	addUsers(t, s, "u1")
	server.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for what, err := range map[string]error{
		"Ping":    s.Ping(ctx),
		"View":    s.View(ctx, func(*Tx) error { return nil }),
		"Update":  s.Update(ctx, func(*Tx) error { return nil }),
		"Session": second(s.SessionByHash(ctx, []byte("x"))),
		"Migrate": s.Migrate(ctx),
	} {
		if err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		} else if what != "Migrate" && !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v, want unavailable", what, err)
		}
	}
	server.Start()
	same(t, read(t, s, byID("u1")).ID, "u1") // on connections that died meanwhile
}

func second(_ Session, _ User, err error) error { return err }
