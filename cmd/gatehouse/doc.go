// Command gatehouse is the login backend for any website: one program that serves the pages and the API, and the commands that an operator
// needs beside it.
//
// Start with main.go: [run] reads the command line and turns whatever goes wrong into one sentence on stderr and an exit status. Each command
// is a struct whose Run method does it, in the file that is named after it. settings.go makes the flags of `serve` and `doctor` from the
// table of package config, so that a new setting is a flag without further ado.
//
// Commands work on the store beside a running server; what they change holds there within a second. What they decide is decided in
// internal/flow, as on every other surface.
package main

//go:generate go test -run TestReferencePageIsUpToDate . -update
