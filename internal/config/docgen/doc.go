// Docgen writes docs/configuration.md, the page of all settings, from the table that the settings are read with. Run it with
// `go generate ./internal/config`; a test fails while the page is stale.
package main
