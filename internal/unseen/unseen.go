package unseen

import (
	"slices"
	"unicode"
)

// allowed are the joiners that some scripts need inside a word, and the marks that give a sign between two directions its place. They reach no further.
var allowed = []rune{'\u200c', '\u200d', '\u200e', '\u200f'}

// In reports whether a name or a label has such a character in it. Line breaks and control characters are for the caller to refuse.
func In(line string) bool {
	return slices.ContainsFunc([]rune(line), hidden)
}

func hidden(r rune) bool { return unicode.Is(unicode.Cf, r) && !slices.Contains(allowed, r) }

// InText is the same for a text, in which a part of another direction may stand between U+2066, U+2067 or U+2068 and U+2069. Each must be closed:
// an open one reaches over what is put behind the text.
func InText(line string) bool {
	open := 0
	for _, r := range line {
		switch {
		case r >= '\u2066' && r <= '\u2068':
			open++
		case r == '\u2069':
			if open--; open < 0 {
				return true
			}
		case hidden(r):
			return true
		}
	}
	return open > 0
}
