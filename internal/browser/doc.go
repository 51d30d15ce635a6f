// Package browser holds the tests that go through the house as people do: a real Chromium, with and without JavaScript, at the root and below a
// path, on SQLite and on PostgreSQL, with mails that go to a real mail server. It has no code of its own.
//
// A journey is a function that is run on every stage (stage_test.go). In it a [person] opens, types and presses, and each page that appears is held
// against what holds for all pages (page_test.go): labels, contrast, no overflow, no token in any address, nothing on the console, nothing loaded
// from elsewhere.
//
// Besides, every page in every state (states_test.go) is looked at in several guises: by axe-core (axe_test.go), by the tabulator (reach_test.go) and
// by what can be measured of it (measure_test.go).
package browser
