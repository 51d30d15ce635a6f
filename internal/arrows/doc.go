// Package arrows holds no code, only tests that keep the house in shape: who may import whom, which words are no package names, how
// long a file may grow, and that docs/dependencies.md tells of each library.
//
// The table at the top of arrows_test.go is the plan of the house. A new package gets its place there first; a failure prints the reason
// for the rule, not only the rule.
package arrows
