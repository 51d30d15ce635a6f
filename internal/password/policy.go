package password

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/password/strength"
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
	Score        int // 0 to 4 as zxcvbn counts (see scoreOf); 0 if it was not even estimated, for its characters or its length
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

// Guessed is how long guessing takes somebody who has stolen the database.
func (v Verdict) Guessed() strength.Span { return strength.Until(v.GuessesLog10) }

// Warnings and Suggestions are all keys that a Verdict may carry; their texts are password.warning.<key> and password.suggestion.<key>.
var (
	Warnings    = slices.Concat(strength.Warnings, []string{"leaked", "short"})
	Suggestions = slices.Concat(strength.Suggestions, []string{"avoid_common", "longer"})
)

// minScore is the least score that is acceptable.
const minScore = 3

// What a leaked password costs at most: lists of a million are tried from their top, and nobody knows how far up it is.
const (
	leakedLog10 = 3.5
	leakedScore = 1
)

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
	r := strength.Estimate(s, words)
	v := Verdict{GuessesLog10: r.GuessesLog10, Score: scoreOf(r), Breached: isLeaked(s)}
	if v.Breached {
		v.GuessesLog10, v.Score = min(r.GuessesLog10, leakedLog10), min(r.Score, leakedScore)
	}
	rest, aimed := restsOn(s, words)
	if aimed { // for whoever guesses at this one person, the rest is all there is
		v.GuessesLog10, v.Score = min(v.GuessesLog10, rest.GuessesLog10), min(v.Score, scoreOf(rest))
	}
	v.Problems = p.problems(s, aimed, v)
	v.Acceptable = len(v.Problems) == 0
	if !v.Acceptable {
		v.Warning, v.Suggestions = advice(r, v)
	}
	return v
}

func (p *Policy) problems(s string, aimed bool, v Verdict) (all []Problem) {
	if utf8.RuneCountInString(s) < p.MinLength {
		all = append(all, Problem{"password_too_short", map[string]any{"min": p.MinLength}})
	}
	switch {
	case v.Breached:
		all = append(all, Problem{Code: "breached_password"})
	case aimed:
		all = append(all, Problem{Code: "contains_personal_info"})
	case v.Score < minScore && len(all) == 0: // «too short» says it better
		all = append(all, Problem{Code: "weak_password"})
	}
	return all
}

// joints are what people put between a name and a word to make a password of them: they add nothing.
const joints = " -_.,:;/|+"

// restsOn reports whether a password contains personal words and would be too weak without them, and what it is worth then. Somebody called Anna may
// use four random words one of which is «anna».
func restsOn(s string, words []string) (rest strength.Result, aimed bool) {
	folded := fold(s)
	left := folded
	for _, w := range words {
		left = strings.ReplaceAll(left, w, "")
	}
	if left == folded {
		return rest, false
	}
	left = strings.Map(func(r rune) rune {
		if strings.ContainsRune(joints, r) {
			return -1
		}
		return r
	}, left)
	rest = strength.Estimate(left, words)
	return rest, scoreOf(rest) < minScore
}

// enough is what eight characters cost without any pattern, at the ten tries a character that zxcvbn counts.
const enough = 8

// scoreOf is zxcvbn's score but for one case. Eight characters without any pattern cost 10⁸, and zxcvbn's score 3 begins just above, so that none of
// eight could ever be good. Since they are not of digits alone, there are far more than ten to choose from, and eight are taken (ASVS 6.2.1).
func scoreOf(r strength.Result) int {
	if r.Score < minScore && r.Unpatterned && r.GuessesLog10 >= enough {
		return minScore
	}
	return r.Score
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

// advice says what is wrong first, and what would help.
func advice(r strength.Result, v Verdict) (warning string, suggestions []string) {
	switch {
	case v.Breached && (r.Warning == "top_ten" || r.Warning == "top_hundred"): // worse than being in a list is being at its top
		return r.Warning, []string{"avoid_common", "add_words"}
	case v.Breached:
		return "leaked", []string{"avoid_common", "add_words"}
	case slices.ContainsFunc(v.Problems, func(p Problem) bool { return p.Code == "contains_personal_info" }):
		return "personal", []string{"not_personal", "add_words"}
	case r.Warning == "" && len(r.Suggestions) < 2: // nothing is wrong but that there is too little of it
		return "short", []string{"longer", "add_words"}
	case r.Warning == "":
		return "short", r.Suggestions
	}
	return r.Warning, r.Suggestions
}
