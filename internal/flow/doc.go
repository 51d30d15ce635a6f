// Package flow decides. Every rule of every journey (who may log in, what comes next, what is told) is here and nowhere else;
// pages, JSON, the Go library and the command line decode, call one function of [Flow], and render what it says.
//
// Start with login.go: the whole of a log-in reads from top to bottom. Every journey has that shape: load, decide, commit.
// [next] is the only place that decides what comes after a proof, whichever door it came in by.
//
// # What a stranger can learn
//
// Nothing about who has an account. Sign-up, forgotten password and «send it again» do the same work for every address: they
// write one sealed job to the outbox and answer. jobs.go decides afterwards, when nobody is waiting whose clock could tell.
// A failed log-in costs one lookup and one hash, whether or not there is an account.
//
// # Errors
//
// What a person may see is a *message.Fault. It carries the exact cause for the record, which is shown to the operator alone
// (gatehouse reference CODE). Every other error means that we could not do our work and is answered 503, never «wrong password».
package flow
