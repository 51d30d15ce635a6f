// Package account knows what names a person: addresses and usernames, how they are written and when two of them are the same.
//
// An identifier has two forms. As typed is what is shown and mailed to. Canonical is what is compared and unique: two spellings
// of one address meet there, and two different addresses never do. That second half is the security of it: if a lookup folded
// more than the comparison of mailboxes does, a reset link for «mıke@» would go to somebody else than «mike@»
// (CVE-2019-19844 in Django was that).
package account
