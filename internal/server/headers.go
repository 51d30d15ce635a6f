package server

import (
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// fixed headers are on every answer, errors and panics included. What each prevents:
// nosniff: a browser that takes an answer for a script; X-Frame-Options: a page of ours in a stranger's frame, for browsers that don't know
// frame-ancestors; the two Cross-Origin policies: another site that holds on to our window or loads our answers; Referrer-Policy: our paths at
// other sites (no-referrer would make browsers send Origin: null with our own forms); no-store: what one person saw, for the next one at the
// same browser (D-059).
var fixed = http.Header{
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"DENY"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Referrer-Policy":              {"same-origin"},
	"Permissions-Policy":           {"publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()"},
	"Cache-Control":                {"no-store"},
}

// headers are the fixed ones and those that differ. JSON has the policy of pages too: a browser that takes it for one must find no way to do more.
func (s *Server) headers(h http.Header, v *visit.Visit) {
	for name, values := range fixed {
		h[name] = values[:1:1] // shared, never written to
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+v.Nonce+"' 'strict-dynamic'; style-src 'self'; img-src 'self' data:; "+
		"font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'")
	h.Set("X-Request-Id", v.RequestID)
	if s.config.Secure() {
		h.Set("Strict-Transport-Security", "max-age=63072000") // two years; other hosts below this one are not ours to decide on
	}
}
