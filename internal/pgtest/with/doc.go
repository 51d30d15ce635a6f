// With runs a command beside a PostgreSQL of its own, so that the tests of many packages share one server:
//
//	go run ./internal/pgtest/with go test ./...
//
// It hands the server's address on in GATEHOUSE_TEST_POSTGRES and ends as the command ends.
package main
