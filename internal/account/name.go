package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is the longest display name in code points.
const maxName = 100

// CleanName reads a display name: any script, one line, no control characters, no direction overrides (they turn the text
// around them), no towers of combining marks.
func CleanName(typed string) (string, error) {
	if len(typed) > 8*maxName || !utf8.ValidString(typed) {
		return "", tooLongOrBroken(typed)
	}
	s := strings.TrimSpace(norm.NFC.String(typed))
	marks := 0
	for _, r := range s {
		if unicode.IsMark(r) {
			marks++
		} else {
			marks = 0
		}
		if marks > 4 || !unicode.IsPrint(r) && !joiner(r) {
			return "", Invalid("invalid_characters")
		}
	}
	if utf8.RuneCountInString(s) > maxName {
		return "", Invalid("too_long")
	}
	return s, nil
}

func tooLongOrBroken(s string) error {
	if !utf8.ValidString(s) {
		return Invalid("invalid_characters")
	}
	return Invalid("too_long")
}

// joiner reports the two invisible characters that some scripts need inside a word.
func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }
