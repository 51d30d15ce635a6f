// Package pgtest gives tests a real PostgreSQL.
//
// [DSN] is what nearly every test wants: an empty database of its own, gone when the test ends.
//
//	s, err := store.Open(ctx, pgtest.DSN(t), store.Options{})
//
// [Cluster] is for tests that stop, kill and restart the server: a server of the test's own.
//
// Nothing is skipped: where PostgreSQL is not installed the test fails and says how to get it. The databases of DSN are on the server
// that GATEHOUSE_TEST_POSTGRES names, a postgres:// address that may create databases; `make test` starts one for all packages
// (package with). Without it the first DSN of a test process starts a server for that process.
//
// A server lives in a directory of its own below the temporary one, listens on a random loopback port and asks for a random password. It
// ends and its directory goes when the process that started it ends, however that ends: a small shell beside it waits for the
// end of a pipe that only that process holds. PostgreSQL refuses to run as root, so for root it runs as the user postgres.
package pgtest
