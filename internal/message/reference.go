package message

import (
	"crypto/rand"
	"strings"
	"unicode"
)

// crockford is Crockford's base 32: no I, L, O or U, so that a code survives being read out on the telephone.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewReference is a code like 7F3K-9QWM that is shown with a refusal and leads the operator to its cause. 40 random bits: enough not to meet
// another one by chance while both are kept; it is no secret.
func NewReference() string {
	var b [8]byte
	rand.Read(b[:]) // it never fails since Go 1.24
	for i := range b {
		b[i] = crockford[b[i]%32]
	}
	return string(b[:4]) + "-" + string(b[4:])
}

// NormalReference reads a code as people write it: any case, with or without dashes and spaces of any kind, O for 0, I or L for 1.
func NormalReference(s string) (string, bool) {
	s = strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), unicode.Is(unicode.Cf, r): // marks of direction come along when it is copied
			return -1
		case r == 'O':
			return '0'
		case r == 'I', r == 'L':
			return '1'
		}
		return r
	}, s)
	if len(s) != 8 || strings.Trim(s, crockford) != "" {
		return "", false
	}
	return s[:4] + "-" + s[4:], true
}
