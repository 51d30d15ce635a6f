package mail

import (
	"errors"
	"net/mail"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

var errAddress = errors.New("not one plain address")

// plain checks that s is one address and nothing else, and gives it the form that every mail server takes: an ASCII domain. Addresses were
// parsed strictly when they were typed; here is the last place to stop a second recipient or header (I-150).
func plain(s string) (string, error) {
	local, domain, _ := strings.Cut(s, "@")
	if strings.ContainsFunc(local, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
		return "", errAddress
	}
	ascii, err := idna.Registration.ToASCII(strings.ToLower(domain))
	if err != nil {
		return "", errAddress
	}
	flat := local + "@" + ascii
	if a, err := mail.ParseAddress(flat); err != nil || a.Address != flat || a.Name != "" {
		return "", errAddress
	}
	return flat, nil
}

// oneLine reports whether s can stand in a header: no line end of any kind, no control characters.
func oneLine(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}

// linkless is s unless a mail program would make a link of a part of it: what somebody typed must not lead anywhere from our mail.
func linkless(s string) string {
	if looksLikeLink.MatchString(s) {
		return ""
	}
	return s
}

var (
	looksLikeLink = regexp.MustCompile(`[/@:]|[\pL\pN]\.[\pL\pN]`)
	anyURL        = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://\S+`)
	anyAddress    = regexp.MustCompile(`([^\s<>@,;:"])[^\s<>@,;:"]*@([^\s<>@,;:"]+)`)
)

// mask shows of every address its first letter and its domain: «a…@example.com».
func mask(s string) string { return anyAddress.ReplaceAllString(s, "$1…@$2") }

// scrub makes an error fit for the log and for the operator's eyes: mail servers like to repeat addresses, and links that they object to.
func scrub(err error) string {
	const longest = 500
	s := mask(anyURL.ReplaceAllString(err.Error(), "[link]"))
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}
