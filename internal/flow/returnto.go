package flow

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// maxReturnTo keeps a link that carries it usable.
const maxReturnTo = 2048

// ReturnTo checks where a person wants to go after a journey and returns it, or empty for anything that could lead off the site:
// the caller then goes to its own default page.
//
// It accepts two shapes and nothing that has to be interpreted: a canonical path on our own origin («/a/b?c=d#e»), and an absolute URL
// whose origin is ours or one of --allowed-return-origins. net/url finds no host in /\e, https:/e or ////e, where browsers do (E-064),
// so the raw text is judged first.
func (f *Flow) ReturnTo(raw string) string {
	if raw == "" || len(raw) > maxReturnTo || !plainASCII(raw) {
		return ""
	}
	path, ours := raw, true
	if !strings.HasPrefix(raw, "/") {
		origin, rest, ok := f.cutOrigin(raw)
		if !ok {
			return ""
		}
		path, ours = rest, origin == f.Config.Origin()
	}
	if path != "" && !canonicalPath(path) || ours && f.ownPage(path) {
		return ""
	}
	return raw
}

// plainASCII refuses control characters, spaces, backslashes and anything that a browser would strip or turn into something else.
func plainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte("\\<>\"`{}|^", c) >= 0 {
			return false
		}
	}
	return true
}

// cutOrigin cuts an allowed origin off an absolute URL. What follows must be a path, so that https://good.example.evil and
// https://good.example@evil are not taken for https://good.example.
func (f *Flow) cutOrigin(raw string) (origin, rest string, ok bool) {
	for _, origin := range append([]string{f.Config.Origin()}, f.Config.AllowedReturnOrigins...) {
		if rest, ok := strings.CutPrefix(raw, origin); ok && (rest == "" || rest[0] == '/') {
			return origin, rest, true
		}
	}
	return "", "", false
}

// canonicalPath reports whether s is a path that no server or browser reads in another way: no empty segment, no dot segment, no
// encoded slash or backslash, also not doubly encoded.
func canonicalPath(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") {
		return false
	}
	for _, segment := range strings.Split(u.Path, "/")[1:] {
		if segment == "." || segment == ".." || strings.ContainsAny(segment, "\\%\x00") {
			return false
		}
	}
	escaped := strings.ToLower(u.EscapedPath())
	return !strings.Contains(u.Path, "//") && !strings.Contains(escaped, "%2f") && !strings.Contains(escaped, "%5c") &&
		!strings.ContainsFunc(u.Path, unicode.IsControl)
}

// journeyPages are where a return would go round in circles, or look like a log-out.
var journeyPages = []string{"/", "/login", "/logout", "/signup", "/signup/cancel", "/forgot", "/reset", "/verify"}

func (f *Flow) ownPage(path string) bool {
	u, err := url.Parse(path) // decoded as the router does: /log%6Fut is /logout
	if err != nil {
		return true
	}
	clean := u.Path
	if f.Config.PathPrefix == "" && clean == "/" {
		return false // the site's own front page when Gatehouse shares nothing but the origin
	}
	below, ok := strings.CutPrefix(clean, f.Config.PathPrefix)
	return ok && slices.Contains(journeyPages, below)
}
