package server

import (
	"fmt"
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

// The two policies: a page loads what is ours and runs the scripts that carry its nonce; an answer for programs, should a browser ever take
// it for a page, may do nothing at all.
const (
	pagePolicy = "default-src 'none'; script-src 'nonce-%s' 'strict-dynamic'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
	dataPolicy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)

func (s *Server) headers(h http.Header, v *visit.Visit, to audience) {
	for name, values := range fixed {
		h[name] = values[:1:1] // shared, never written to
	}
	if to == page {
		v.Nonce = random(16)
		h.Set("Content-Security-Policy", fmt.Sprintf(pagePolicy, v.Nonce))
	} else {
		h.Set("Content-Security-Policy", dataPolicy)
	}
	h.Set("X-Request-Id", v.RequestID)
	if s.config.Secure() {
		h.Set("Strict-Transport-Security", "max-age=63072000") // two years; other hosts below this one are not ours to decide on
	}
}
