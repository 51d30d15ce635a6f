// Docgen writes docs/limits.md, the page of what may be tried how often, from the table of budgets itself. Run it with
// `go generate ./internal/throttle`; a test fails while the page is stale.
package main
