package store

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"
)

var (
	// ErrNotFound says that no row answers the question.
	ErrNotFound = errors.New("store: not found")
	// ErrConflict says that a row with the same unique key is there already.
	ErrConflict = errors.New("store: conflict")
	// ErrUnavailable says that the store could not do its work: it is down, full, locked or too slow. Nothing was changed.
	ErrUnavailable = errors.New("store: unavailable")
)

// translate turns a driver's error into one of ours. The driver's error stays wrapped, for the log.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict), errors.Is(err, ErrUnavailable):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case isUniqueViolation(err):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, plainly(err))
}

func isUniqueViolation(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	return errors.Is(err, sqlite3.CONSTRAINT_UNIQUE) || errors.Is(err, sqlite3.CONSTRAINT_PRIMARYKEY)
}

// retryable reports whether PostgreSQL asks for the whole transaction again: serialization failure or deadlock.
func retryable(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}
