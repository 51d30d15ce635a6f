package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// statementTimeout ends a statement that hangs: a person waits at most this long for «our side is busy».
const statementTimeout = 5 * time.Second

func openPostgres(_ context.Context, dsn string) (*Store, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The text of the driver's error may quote the DSN with its password.
		return nil, errors.New("the database address cannot be read; write postgres://USER:PASSWORD@HOST:PORT/NAME")
	}
	if mayTalkInClear(cfg) && !strings.Contains(dsn, "sslmode=disable") {
		return nil, errors.New("PostgreSQL off this machine needs TLS: add sslmode=verify-full, or sslmode=disable if the network is yours alone")
	}
	set := func(name, value string) {
		if _, given := cfg.RuntimeParams[name]; !given {
			cfg.RuntimeParams[name] = value
		}
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "gatehouse"
	}
	set("statement_timeout", fmt.Sprint(statementTimeout.Milliseconds()))
	set("idle_in_transaction_session_timeout", fmt.Sprint(2*statementTimeout.Milliseconds()))
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = statementTimeout
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &Store{engine: postgresEngine, read: db}, nil
}

// Clock is the time at the database server; the zero time on SQLite, whose clock is this machine's.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	if s.engine != postgresEngine {
		return time.Time{}, nil
	}
	var at int64
	err := s.read.QueryRowContext(ctx, `SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000000) AS BIGINT)`).Scan(&at)
	return instant(at), translate(err)
}

// noConnection is why there is no connection, in words for the operator; the driver's own text is one for its developers.
type noConnection struct {
	text string
	err  error
}

func (e noConnection) Error() string { return e.text }
func (e noConnection) Unwrap() error { return e.err }

// plainly says why there is no connection, where that is what went wrong.
func plainly(err error) error {
	failed, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err
	}
	at, why := net.JoinHostPort(failed.Config.Host, strconv.Itoa(int(failed.Config.Port))), "does not answer"
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch refused.Code {
		case "28P01", "28000":
			why = fmt.Sprintf("does not let the user %q in: %s", failed.Config.User, refused.Message)
		case "3D000":
			why = fmt.Sprintf("has no database %q", failed.Config.Database)
		default:
			why = "refuses: " + refused.Message
		}
	} else if broken, ok := errors.AsType[*net.OpError](err); ok {
		why += ": " + broken.Err.Error()
	} else if inner := errors.Unwrap(failed); inner != nil {
		why = "cannot be used: " + inner.Error()
	}
	return noConnection{"PostgreSQL at " + at + " " + why, err}
}

// mayTalkInClear tells whether any of the ways to connect is without TLS and leaves this machine. Without sslmode there are two:
// with TLS, and in clear when the server says that it has none, or when somebody in between says so.
func mayTalkInClear(cfg *pgx.ConnConfig) bool {
	if cfg.TLSConfig == nil && !loopback(cfg.Host) {
		return true
	}
	return slices.ContainsFunc(cfg.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil && !loopback(f.Host) })
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasPrefix(host, "/") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
