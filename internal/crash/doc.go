// Package crash holds the tests that end the real binary with SIGKILL at random moments and look at what is left. It has no code of its own.
//
// A SIGKILL spares the operating system's cache: what a power cut does to files is tested in internal/store with package powercut.
package crash
