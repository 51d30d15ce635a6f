// Package message is what Gatehouse says when something is refused: one table of fault codes and one catalogue of texts, for pages, JSON
// and mails alike.
//
// A [Fault] is the one kind of error that people may see. It carries three things that must never be mixed: a stable code for programs, the
// arguments of a sentence for people in their language, and the exact cause for the record, which only the operator sees. [From] makes a
// Fault of any error, [Catalog.Problem] says it.
//
// The texts are in catalogs/<language>.json and catalogs/<language>.<part>.json, all keys flat and sorted, with {name} for what is filled
// in. A text that counts is a family: <key>.one, <key>.other and what else the language has ([Forms]). A code has the texts error.<code>.title and error.<code>.detail, a hint error.<code>.<hint>, a field code field.<code>. A text
// <key>.exact takes the place of <key> where everything is known that it names.
package message
