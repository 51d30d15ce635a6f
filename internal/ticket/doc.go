// Package ticket is everything that works exactly once: the links in mails and the steps that wait for another step.
//
// A ticket is a row with a kind, the hash of its token, whom and what it is about, and a sealed payload. [Redeem] uses it up
// inside the transaction that does what the ticket is good for, so that a link is never used without effect, nor twice. A
// token opens only the kind it was made for.
//
// Who holds a token that is no longer good is told why ([Look], [Redeem]: hint expired, used, malformed or unknown).
package ticket
