package strength

import "github.com/gatehouse-auth/gatehouse/internal/password/strength/lexicon"

// Warnings and Suggestions are all keys that a Result may carry. Their texts are password.warning.<key> and password.suggestion.<key>.
var (
	Warnings = []string{
		"common", "common_name", "common_words", "date", "key_pattern", "name", "personal", "repeat", "repeated_pattern", "sequence", "similar_to_common",
		"straight_row", "top_hundred", "top_ten", "word", "year",
	}
	Suggestions = []string{
		"add_words", "all_capitals", "avoid_dates", "avoid_leet", "avoid_repeats", "avoid_reversed", "avoid_sequences", "avoid_years", "first_capital",
		"longer_walk", "no_need", "not_personal", "use_words",
	}
)

// fine is the score from which on nothing is found fault with.
const fine = 3

// advice says what is wrong with the longest piece, since that is what would help most, and what would help.
func advice(score int, pieces []piece, typed []uint16) (warning string, suggestions []string) {
	if len(pieces) == 0 {
		return "", []string{"use_words", "no_need"}
	}
	if score >= fine {
		return "", nil
	}
	longest := pieces[0]
	for _, p := range pieces {
		if p.length() > longest.length() {
			longest = p
		}
	}
	warning, suggestions = longest.fault(len(pieces) == 1, typed)
	return warning, append([]string{"add_words"}, suggestions...)
}

// fault is what is wrong with a piece, alone or among others; empty if nothing is but that it is short.
func (p piece) fault(alone bool, typed []uint16) (warning string, suggestions []string) {
	switch p.kind {
	case word:
		return p.wordFault(alone), p.wordAdvice(typed[p.i : p.j+1])
	case series:
		return "sequence", []string{"avoid_sequences"}
	case repeat:
		if p.base == 1 {
			return "repeat", []string{"avoid_repeats"}
		}
		return "repeated_pattern", []string{"avoid_repeats"}
	case sequence:
		return "sequence", []string{"avoid_sequences"}
	case walk:
		if p.turns == 1 {
			return "straight_row", []string{"longer_walk"}
		}
		return "key_pattern", []string{"longer_walk"}
	case date:
		return "date", []string{"avoid_dates"}
	case year:
		return "year", []string{"avoid_years"}
	default:
		return "", nil
	}
}

// What makes a password one of the most used, and one that is so little changed that it may as well be.
const (
	topTen     = 10
	topHundred = 100
	similar    = 1e4
)

func (p piece) wordFault(alone bool) string {
	switch plain := !p.leet && !p.reverse; {
	case p.of == personal:
		return "personal"
	case p.of == lexicon.Name && alone:
		return "name"
	case p.of == lexicon.Name:
		return "common_name"
	case p.of == lexicon.Word && alone:
		return "word"
	case p.of == lexicon.Password && alone && plain && p.rank <= topTen:
		return "top_ten"
	case p.of == lexicon.Password && alone && plain && p.rank <= topHundred:
		return "top_hundred"
	case p.of == lexicon.Password && alone && plain:
		return "common"
	case p.of == lexicon.Password && p.guesses <= similar:
		return "similar_to_common"
	}
	return "common_words"
}

// wordAdvice is about how a word was changed: attackers try that too.
func (p piece) wordAdvice(typed []uint16) (suggestions []string) {
	switch upper, letters := capitalsOf(typed); {
	case upper == 0:
	case upper == letters:
		suggestions = append(suggestions, "all_capitals")
	case upper == 1 && isUpper(typed[0]):
		suggestions = append(suggestions, "first_capital")
	}
	if p.reverse && len(typed) >= 4 {
		suggestions = append(suggestions, "avoid_reversed")
	}
	if p.leet {
		suggestions = append(suggestions, "avoid_leet")
	}
	if p.of == personal {
		suggestions = append(suggestions, "not_personal")
	}
	return suggestions
}

func capitalsOf(typed []uint16) (upper, letters int) {
	for _, u := range typed {
		if isUpper(u) {
			upper++
			letters++
		} else if isLower(u) {
			letters++
		}
	}
	return upper, letters
}
