// Strengthgen writes words.table and keyboards.txt, what the strength estimator knows of words and keyboards. Run it with
// `go generate ./internal/password/strength`; it needs npm.
//
// The lists are those of the npm packages @zxcvbn-ts/language-common and @zxcvbn-ts/language-en (../README.md says what each says of its
// licence). Strengthgen fetches the packages by name and version, refuses files whose SHA-256 it does not know, and keeps for each word the
// list that has it highest.
package main
