// Package store keeps everything that Gatehouse must not lose: one concrete [Store] over SQLite and PostgreSQL.
//
// It is the only package that knows SQL. One set of query texts serves both engines: portable statements whose
// parameters are numbered $1, $2, … in the order of their first use, because SQLite gives "$n" the place in which
// it first meets it while PostgreSQL goes by the number (docs/adr/0002).
//
// [Store.View] and [Store.Update] open a transaction and hand it over as a [Tx]; the methods of Tx are the queries.
// An update that returned without error is on disk. Functions given to Update may run more than once (PostgreSQL
// asks for a retry with SQLSTATE 40001), so they must do nothing but work on the Tx, and nothing slow.
//
// On SQLite there is one writer. Updates that wait for it are committed together, each behind a savepoint of its
// own, so that many share one fsync (sqlite.go).
//
// Errors: [ErrNotFound] and [ErrConflict] are answers; everything else wraps [ErrUnavailable], which must never be
// shown as «wrong password».
package store
