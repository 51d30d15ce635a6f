// Package seal holds the secret key: what is sealed at rest, signed cookies, and link tokens all hang on it.
//
// [Keys] is a list, newest first. Everything new is made with the newest; what was made with an older one can still be opened, so that a key
// can be replaced without logging anybody out. For each purpose a key of its own is derived (HKDF), so that what was made for one can't be
// passed off as another.
//
// Whoever has the database but not the key can open none of it. Without the key, the mails that wait and the links that were mailed are lost;
// accounts, passwords and sessions are not.
package seal
