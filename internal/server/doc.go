// Package server puts the house together and answers HTTP.
//
// Start with routes.go: one table with a row for each route. Everything else about a request follows from its row, so that a new route can't
// forget anything: mount.go walks through the steps in order (host, path, method, origin, who asks, session, form), headers.go says what is
// on every answer, turn.go how a refusal looks and what is written down.
//
// [Open] makes a server of a configuration, [OpenTools] the same parts for a command beside a running server.
package server

//go:generate go test -count=1 -run TestTheOpenAPIFileIsWhatIsServed . -update
