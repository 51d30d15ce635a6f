// Package seal holds the secret key: what is sealed at rest, signed cookies, and link tokens all hang on it.
//
// [Keys] is a list, newest first. Everything new is made with the newest; what was made with an older one can still be opened, so that a key
// can be replaced without logging anybody out: put the new one first, keep the old one as long as anything made with it lives, then drop it.
//
// For each use (seal, sign, MAC) and purpose a key of its own is derived (HKDF, RFC 5869), so that what was made for one can't be passed off
// as another. Purposes are constants of the callers such as "device" or "ticket link": each is remembered for good, so never make one of
// anything that comes from outside.
//
// Whoever has the database but not the key can open none of it. Without the key, the mails that wait and the links that were mailed are lost;
// accounts, passwords and sessions are not.
package seal
