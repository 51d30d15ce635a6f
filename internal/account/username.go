package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/store"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// The length of a username in code points.
const (
	minUsername = 3
	maxUsername = 32
)

// ParseUsername reads a username: 3 to 32 letters and digits of one script, with single dots, dashes and underscores between.
//
// The canonical form is PRECIS UsernameCaseMapped (RFC 8265), applied until it no longer changes: Spotify's accounts were taken
// over in 2013 because the canonical form of a canonical form was another one.
func ParseUsername(typed string) (store.Identifier, error) {
	s := norm.NFC.String(strings.TrimSpace(typed))
	if s == "" {
		return store.Identifier{}, Invalid("required")
	}
	if len(s) > 8*maxUsername { // the work below grows with the length
		return store.Identifier{}, Invalid("invalid_username")
	}
	canonical, err := precis.UsernameCaseMapped.String(s)
	if err != nil {
		return store.Identifier{}, Invalid("invalid_username")
	}
	again, err := precis.UsernameCaseMapped.String(canonical)
	if n := utf8.RuneCountInString(canonical); err != nil || again != canonical || n < minUsername || n > maxUsername || !plainWord(canonical) {
		return store.Identifier{}, Invalid("invalid_username")
	}
	return store.Identifier{Kind: store.KindUsername, Canonical: canonical, AsTyped: s}, nil
}

// plainWord reports whether s is letters and digits of one script with single separators between them. Mixed scripts make
// look-alikes: a Cyrillic «а» in a Latin name.
func plainWord(s string) bool {
	var script *unicode.RangeTable
	letter, marks := false, 0
	for _, r := range s {
		switch {
		case r == '.' || r == '-' || r == '_':
			if !letter {
				return false
			}
			letter, marks = false, 0
			continue
		case unicode.IsMark(r):
			if marks++; !letter || marks > 2 {
				return false
			}
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			letter, marks = true, 0
		default:
			return false
		}
		own := scriptOf(r)
		if own == nil {
			continue
		}
		if script != nil && script != own {
			return false
		}
		script = own
	}
	return letter
}

// scriptOf is the script of a letter or mark; nil for what belongs to all, such as digits and accents.
func scriptOf(r rune) *unicode.RangeTable {
	if r < utf8.RuneSelf {
		if unicode.IsDigit(r) {
			return nil
		}
		return unicode.Latin
	}
	// Japanese is written in three scripts at once.
	for _, japanese := range []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana} {
		if unicode.Is(japanese, r) {
			return unicode.Han
		}
	}
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
			return table
		}
	}
	return nil
}

// Parse reads what somebody typed to log in. kinds are the kinds that the site accepts: where it takes both, it is an address if there is an @
// in it, else a username.
func Parse(kinds []string, typed string) (store.Identifier, error) {
	kind := kinds[0]
	if len(kinds) > 1 {
		if kind = store.KindUsername; strings.Contains(typed, "@") {
			kind = store.KindEmail
		}
	}
	if kind == store.KindEmail {
		return ParseEmail(typed)
	}
	return ParseUsername(typed)
}
