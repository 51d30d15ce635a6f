package password

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Policy judges new passwords.
type Policy struct {
	MinLength int // code points
}

// NewPolicy makes a Policy that asks for so many code points.
func NewPolicy(minLength int) *Policy { return &Policy{minLength} }

// Context is what somebody would try first who aims at one person or one site. Any of it may be empty.
type Context struct{ Email, Username, Name, Site string }

// Verdict is the judgement of a password.
type Verdict struct {
	Score        int // 0 to 4 as zxcvbn counts; 0 if it was not even estimated, for its characters or its length
	Acceptable   bool
	GuessesLog10 float64  // how many tries it would take, as a power of ten
	Warning      string   // what is wrong: one of Warnings; empty if acceptable
	Suggestions  []string // what would help: of Suggestions; none if acceptable
	Breached     bool
	Problems     []Problem // none if acceptable
}

// Problem is a reason to refuse a password. Code is password_too_short {min}, password_too_long {max}, invalid_characters, breached_password,
// contains_personal_info or weak_password; in braces the names of Args, whose values are ints.
type Problem struct {
	Code string
	Args map[string]any
}

// Warnings and Suggestions are all keys that a Verdict may carry; their texts are password.warning.<key> and password.suggestion.<key>.
var (
	Warnings    = []string{"common", "leaked", "personal", "repeat", "sequence", "short", "year"}
	Suggestions = []string{"add_words", "avoid_common", "avoid_repeats", "avoid_sequences", "avoid_years", "longer", "not_personal"}
)

// minScore is the least score that is acceptable.
const minScore = 3

// Check judges a password in NFC. There are no composition rules (ASVS 6.2.5), only what makes it easy to guess.
func (p *Policy) Check(typed string, about Context) Verdict {
	if !utf8.ValidString(typed) || strings.ContainsFunc(typed, unicode.IsControl) {
		return Verdict{Problems: []Problem{{Code: "invalid_characters"}}}
	}
	if tooLong(typed) { // before anything that takes time for its length
		return Verdict{Problems: []Problem{{"password_too_long", map[string]any{"max": maxPoints}}}}
	}
	s := norm.NFC.String(typed)
	words := about.words()
	g := estimate(s, words)
	v := Verdict{GuessesLog10: g.log10, Breached: isLeaked(s)}
	if v.Breached {
		v.GuessesLog10 = min(g.log10, wordCost)
	}
	v.Score = score(v.GuessesLog10)
	v.Problems = p.problems(s, words, v)
	v.Acceptable = len(v.Problems) == 0
	if !v.Acceptable {
		v.Warning, v.Suggestions = advice(g.worst, v)
	}
	return v
}

func (p *Policy) problems(s string, words []string, v Verdict) (all []Problem) {
	if utf8.RuneCountInString(s) < p.MinLength {
		all = append(all, Problem{"password_too_short", map[string]any{"min": p.MinLength}})
	}
	switch {
	case v.Breached:
		all = append(all, Problem{Code: "breached_password"})
	case restsOn(s, words):
		all = append(all, Problem{Code: "contains_personal_info"})
	case v.Score < minScore && len(all) == 0: // «too short» says it better
		all = append(all, Problem{Code: "weak_password"})
	}
	return all
}

// restsOn reports whether a password contains personal words and would be too weak without them. Somebody called Anna may use four random words
// one of which is «anna».
func restsOn(s string, words []string) bool {
	folded := fold(s)
	rest := folded
	for _, w := range words {
		rest = strings.ReplaceAll(rest, w, "")
	}
	return rest != folded && score(estimate(rest, words).log10) < minScore
}

// product is what somebody tries first who knows which software a site uses (ASVS 6.2.11).
const product = "gatehouse"

// minWord is the shortest personal word that counts, in code points: shorter ones are in everything.
const minWord = 4

// words are the personal words as package documentation lists them, folded, longest first.
func (c Context) words() []string {
	for _, s := range []*string{&c.Email, &c.Username, &c.Name, &c.Site} {
		*s = (*s)[:min(len(*s), maxBytes)] // no password contains more, and the strength meter takes them from strangers
	}
	local, domain, _ := strings.Cut(c.Email, "@")
	labels := strings.Split(domain, ".")
	all := append([]string{product, c.Email, local, c.Username, c.Name, c.Site}, labels[:len(labels)-1]...)
	for _, s := range []string{local, c.Username, c.Name, c.Site} {
		all = append(all, strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	for i, s := range all {
		all[i] = fold(s)
	}
	all = slices.DeleteFunc(all, func(s string) bool { return utf8.RuneCountInString(s) < minWord })
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(all)
}

// fold makes full-width and other look-alike forms of a letter one, and upper case lower.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

// score turns guesses into zxcvbn's scale: up to 10³ 0, 10⁶ 1, 10⁸ 2, 10¹⁰ 3.
func score(log10 float64) int {
	for i, limit := range []float64{3, 6, 8, 10} {
		if log10 <= limit+1e-6 { // eight digits are 10⁸, whatever their logarithms add up to
			return i
		}
	}
	return 4
}

// advice says what is wrong first, and what would help.
func advice(worst kind, v Verdict) (warning string, suggestions []string) {
	switch {
	case v.Breached:
		return "leaked", []string{"avoid_common", "add_words"}
	case slices.ContainsFunc(v.Problems, func(p Problem) bool { return p.Code == "contains_personal_info" }):
		return "personal", []string{"not_personal", "add_words"}
	}
	switch worst {
	case word:
		return "common", []string{"avoid_common", "add_words"}
	case repeat:
		return "repeat", []string{"avoid_repeats", "add_words"}
	case sequence:
		return "sequence", []string{"avoid_sequences", "add_words"}
	case year:
		return "year", []string{"avoid_years", "add_words"}
	case personal:
		return "personal", []string{"not_personal", "add_words"}
	default:
		return "short", []string{"longer", "add_words"}
	}
}
