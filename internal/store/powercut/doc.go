// Package powercut is a disk whose power can be cut, for tests of what SQLite has on disk when it says so (N-213). A process that is killed shows
// nothing of that: the operating system keeps what was written and writes it later.
//
// A [Disk] is a file system layer for SQLite (its VFS) over real files, so that locks and the shared memory of the log are the real ones. It
// remembers which writes were synced. When the power goes, what was synced is there; of the rest any part may be: each write, each sector of a
// write, the creation of a file and its removal by chance, and in any order. [Disk.Boot] puts what is left into a directory for the next start.
//
// Assumed of the disk is only what SQLite assumes of it: a sync that returned has happened, and writing some bytes never harms
// others (SQLite's «powersafe overwrite»).
package powercut
