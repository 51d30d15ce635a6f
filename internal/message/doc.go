// Package message is what Gatehouse says when something is refused: one table of fault codes and one catalogue of texts, for pages, JSON
// and mails alike.
//
// A [Fault] is the one kind of error that people may see. It carries three things that must never be mixed: a stable code for programs, the
// key of a sentence for people in their language, and the exact cause for the record, which only the operator sees.
//
// The texts are in catalogs/<language>.json, all keys flat, with {name} for what is filled in.
package message
