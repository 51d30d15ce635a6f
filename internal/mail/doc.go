// Package mail writes mails and sends them without anybody waiting for it.
//
// Start with [Outbox]. [Outbox.Queue] writes a mail into the transaction that causes it: both happen or neither does, and an answer never waits
// for a mail server nor tells by its time whether a mail was due. [Outbox.QueueJob] does the same for decisions that are taken after the
// answer. [Outbox.Run] works both off, after a restart too, and beside other processes on the same store.
//
// # What is promised
//
// A job takes effect exactly once: its row is removed in the transaction in which the job does its work.
//
// A mail is sent at least once. A row is claimed for a while, sent, and then removed; a process that dies in between leaves a row that is
// sent again when the claim is over. When that is, the clock of whichever node looks decides: nodes whose clocks differ by minutes send
// duplicates. The Message-ID is the row's id, so that a duplicate can be recognised.
//
// What fails is tried again after 5 s, 10 s, 20 s … at most an hour, for three days. It is given up at once when the mail server refuses
// the recipient or the message for good (5xx), and when the link in it has run out. What was given up stays in the outbox for the operator.
//
// # What is sent
//
// Rows are sealed: whoever reads the database finds neither addresses nor links in it. A mail is rendered when it is sent. [Renderer] makes
// it from the texts mail.<kind>.* of package message and one layout; kind.go lists the kinds. Without a mail server, development keeps the
// mails for [Outbox.Mailbox]; otherwise they wait until there is one.
//
// The log and the outbox's errors show addresses masked and never links.
package mail
