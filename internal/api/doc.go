// Package api is the JSON face of Gatehouse: /api/v1. Each endpoint decodes, calls one function of [flow.Flow] and renders what it says; nothing
// is decided here.
//
// Start with api.go: [API] has one method for each endpoint, and each is made by one function, handle, which reads the body strictly
// (read.go, package wire), serves, and writes the answer. shapes.go has what several answers have in common: user and session. The other
// files are the topics of the contract. The route table of internal/server says where the endpoints are and who may call them.
//
// [Document] describes a table of endpoints as OpenAPI 3.1. It is made of the very structs that bodies are read into and answers written from.
//
// # Bodies
//
// A body is one JSON object, whatever the method: GET and DELETE know no members, so that theirs must be empty or {}. A body that is not
// empty needs Content-Type: application/json, which no form of a foreign site can send (D-056). Parameters in the query are not read at
// all: what stands in an address ends up in histories and logs, so a password or token there has no effect.
//
// # Tokens
//
// A browser gets cookies and never sees a token. A native client, one that says "transport": "token" or comes with Authorization: Bearer, gets
// its tokens in the body and never a cookie.
package api
