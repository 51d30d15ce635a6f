// Package shape says what accounts, sessions and exports look like as JSON, for the API and for the pages' download alike. Its tags are also
// what the OpenAPI document is made of.
package shape
