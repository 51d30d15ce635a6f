// Package session keeps people logged in: opaque tokens, lifetimes, devices and the check that runs on every request.
//
// A token is 256 random bits; the store has its SHA-256. [Manager.Check] turns a token into a [Session]: from a bounded
// cache in this process, otherwise by one indexed read. The cache holds only sessions that are good.
//
// Whatever ends a session (log-out, a changed password, a disabled account, the command line) writes a row to the table
// revocations in the same transaction. Every node reads new rows each 250 ms and forgets what they name; a node that could not
// read for 700 ms stops trusting its cache and asks the store each time: slower, never wrong.
//
// When a session was last used is kept in memory and written in batches: the check itself never writes.
package session
