package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/store"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Invalid is the field code of what is wrong with something typed: "required", "invalid_email", "invalid_username",
// "invalid_characters", "too_long".
type Invalid string

func (i Invalid) Error() string { return string(i) }

// BadEmail is an Invalid that knows what exactly is wrong with an address.
type BadEmail struct {
	Reason     string // one of message.FieldReasons
	Char       rune   // of "character", "letter" and "full_width": which
	Suggestion string // what may have been meant; empty: nothing
}

func (b BadEmail) Error() string { return "invalid_email: " + b.Reason }

// Unwrap is the code, for who does not ask for more.
func (b BadEmail) Unwrap() error { return Invalid("invalid_email") }

// The limits of RFC 5321, section 4.5.3.1, for an address and its local part, in bytes.
const (
	maxAddress = 254
	maxLocal   = 64
)

// atext is what RFC 5322 allows in an unquoted local part beside letters and digits.
const atext = "!#$%&'*+-/=?^_`{|}~"

// ParseEmail reads one plain address: no display name, no quotes, no comments, no list. Edge spaces are forgiven.
//
// The local part must be ASCII. Letters beyond it fold in ways that mail servers do not agree on (K is one code point away from
// the Kelvin sign, which Unicode normalises to K), and quoted local parts have smuggled SMTP commands (CVE-2025-59937).
// The canonical form is lower case, its domain in IDNA's ASCII form; dots and +tags stay, they are the provider's business.
func ParseEmail(typed string) (store.Identifier, error) {
	s := strings.TrimFunc(typed, func(r rune) bool { // with the marks of direction that come along when an address is copied
		return strings.ContainsRune(" \t\r\n\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069", r)
	})
	if s == "" {
		return store.Identifier{}, Invalid("required")
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(s) > maxAddress || len(local) > maxLocal || !validLocal(local) {
		return store.Identifier{}, why(s)
	}
	ascii, ok := asciiDomain(domain)
	if !ok || len(local)+1+len(ascii) > maxAddress {
		return store.Identifier{}, why(s)
	}
	return store.Identifier{Kind: store.KindEmail, Canonical: strings.ToLower(local) + "@" + ascii, AsTyped: local + "@" + domain}, nil
}

// why finds out what is wrong with an address that was refused: the first thing that its writer would mend. It decides nothing.
func why(s string) error {
	if !utf8.ValidString(s) {
		return BadEmail{Reason: "character", Char: utf8.RuneError}
	}
	if strings.ContainsAny(s, "<>\"()") {
		return BadEmail{Reason: "brackets"} // copied with the name: «Ana <ana@example.com>»
	}
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			return BadEmail{Reason: "space"}
		case r >= utf8.RuneSelf && norm.NFKC.String(string(r)) != string(r):
			return BadEmail{Reason: "full_width", Char: r}
		case r == ',' || r == ';':
			return BadEmail{Reason: "comma"}
		}
	}
	local, domain, found := strings.Cut(s, "@")
	switch {
	case !found:
		return BadEmail{Reason: "no_at"}
	case strings.Contains(domain, "@"):
		return BadEmail{Reason: "two_at"}
	case local == "":
		return BadEmail{Reason: "nothing_before"}
	case domain == "":
		return BadEmail{Reason: "nothing_after"}
	case len(s) > maxAddress || len(local) > maxLocal:
		return BadEmail{Reason: "too_long"}
	}
	return whyParts(local, domain)
}

func whyParts(local, domain string) error {
	for _, r := range local {
		switch {
		case r >= utf8.RuneSelf && unicode.IsPrint(r):
			return BadEmail{Reason: "letter", Char: r}
		case r >= utf8.RuneSelf || !isAlnum(byte(r)) && r != '.' && !strings.ContainsRune(atext, r):
			return BadEmail{Reason: "character", Char: r}
		}
	}
	switch {
	case !validLocal(local), strings.Contains(domain, ".."), domain[0] == '.':
		return BadEmail{Reason: "dots"}
	case !strings.Contains(strings.TrimSuffix(domain, "."), "."):
		return BadEmail{Reason: "no_dot", Suggestion: SuggestEmail(local + "@" + domain)}
	}
	return BadEmail{Reason: "domain"}
}

func validLocal(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !isAlnum(c) && c != '.' && strings.IndexByte(atext, c) < 0 {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// asciiDomain lower-cases a domain and encodes it by IDNA 2008. A domain that normalises to other letters than were typed
// (full-width ones, ligatures, the dotted İ that lower-cases to a plain i) is refused rather than guessed.
func asciiDomain(domain string) (string, bool) {
	if !utf8.ValidString(domain) || norm.NFKC.String(domain) != domain || strings.ContainsFunc(domain, foldsToASCII) {
		return "", false
	}
	ascii, err := idna.Registration.ToASCII(strings.ToLower(domain))
	if err != nil || !strings.Contains(ascii, ".") && ascii != "localhost" || strings.HasSuffix(ascii, ".") {
		return "", false
	}
	last := ""
	for label := range strings.SplitSeq(ascii, ".") {
		if !validLabel(label) {
			return "", false
		}
		last = label
	}
	return ascii, strings.Trim(last, "0123456789") != "" // no top-level domain is a number, but the end of an IP address is
}

func foldsToASCII(r rune) bool { return r >= utf8.RuneSelf && unicode.ToLower(r) < utf8.RuneSelf }

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		if !isAlnum(label[i]) && label[i] != '-' {
			return false
		}
	}
	return true
}

// Mask shows enough of an address to recognise one's own: «m…@gmail.com».
func Mask(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" {
		return "…"
	}
	return local[:1] + "…@" + domain
}

// DomainOf is the part of a canonical address after the @.
func DomainOf(canonical string) string {
	_, domain, _ := strings.Cut(canonical, "@")
	return domain
}
