// Package config is how Gatehouse is set up: one struct, [Config], whose fields carry the names, defaults, limits and help of all settings. Flags,
// environment variables, file keys, the help text and docs/configuration.md all follow from those tags, so that a new setting is one field.
//
// [Load] puts together what a command line was given: flags over environment over file over defaults. Every flag --a-b is the variable
// GATEHOUSE_A_B and the key a_b. Nothing is guessed and nothing ignored: unknown names, bad values and settings that don't go together are all
// reported at once, as [Problems], each with its place and with what is allowed. What is secret is never printed, not even when it is wrong.
//
// A Go program starts from [Defaults], sets fields, and calls [Config.Validate] itself. In both cases [Config.Finish] comes last, when the
// address that is really listened on is known; it settles what depends on it.
package config

//go:generate go run ./docgen -o ../../docs/configuration.md
