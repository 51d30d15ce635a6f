// Package visit is one request on its way through the house: who asks ([flow.Client]), which cookies came and which go back, and the
// form token of a page. The server makes a [Visit] for every request; pages and JSON use it, so that both treat cookies in one way.
package visit
