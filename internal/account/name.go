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
// around them), no towers of combining marks, nothing that can't be seen. Every kind of space becomes a plain one.
func CleanName(typed string) (string, error) { return CleanText(typed, maxName) }

// CleanText reads any line that people type and others may see, at most so many code points long, as strictly as a name.
func CleanText(typed string, most int) (string, error) {
	if len(typed) > 8*most || !utf8.ValidString(typed) {
		return "", tooLongOrBroken(typed)
	}
	s := strings.TrimSpace(strings.Map(plainSpace, norm.NFC.String(typed)))
	marks, last := 0, ' '
	for _, r := range s {
		if unicode.IsMark(r) {
			marks++
		} else {
			marks = 0
		}
		if marks > 4 || !visible(r, last) {
			return "", Invalid("invalid_characters")
		}
		last = r
	}
	if joiner(last) {
		return "", Invalid("invalid_characters")
	}
	if utf8.RuneCountInString(s) > most {
		return "", Invalid("too_long")
	}
	return s, nil
}

// plainSpace makes one of the spaces that input methods and copied pages bring along, such as the full-width one between Japanese names.
func plainSpace(r rune) rune {
	if unicode.Is(unicode.Zs, r) {
		return ' '
	}
	return r
}

// visible reports whether r may follow last. Marks need something to stand on and joiners something to join: with them, and with the fillers
// that count as letters, a name could look empty or like another one.
func visible(r, last rune) bool {
	switch {
	case joiner(r):
		return last >= utf8.RuneSelf && !joiner(last)
	case unicode.IsMark(r) && last == ' ':
		return false
	}
	return unicode.IsPrint(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

func tooLongOrBroken(s string) error {
	if !utf8.ValidString(s) {
		return Invalid("invalid_characters")
	}
	return Invalid("too_long")
}

// joiner reports the two invisible characters that some scripts need inside a word.
func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }
