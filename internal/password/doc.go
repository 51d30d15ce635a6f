// Package password is everything about passwords: how they are hashed and checked, how much hashing may go on at once, and which ones are good
// enough.
//
// [Hasher] hashes and verifies under a budget of memory and cores: hashing is the only expensive thing that Gatehouse does, and unbounded it
// takes gigabytes (M-202). Who would wait longer than two seconds is refused at once ([BusyError]); who has hung up is not hashed.
//
// A stored hash names its own format. formats.go is the table of them; adding one is a file and a line there. Verifying against no hash at all
// costs what verifying against a real one costs, so that an unknown account can't be told by the clock.
//
// [Policy.Check] is the one judgement of a new password, for the strength meter and for sign-up, reset and change alike: length, lists of
// stolen passwords (compiled in as a filter), words that an attacker would try first, and the score of package strength, an estimator in the
// manner of zxcvbn.
//
// The words that an attacker would try first are the person's address (whole, before the @, and each part of the domain but the last),
// username and name, and the site's name, whole and by their parts, as far as they have four letters. A password that contains one is refused
// unless what is left without them, and without signs between words, is strong enough by itself: «acorn-2026-login» is refused at a site called
// Acorn, four random words one of which is «acorn» are not.
package password
