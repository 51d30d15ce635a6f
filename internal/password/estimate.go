package password

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a piece of a password is.
type kind int

const (
	brute    kind = iota // no pattern that we know
	word                 // a listed password, or one with letters for its l33t digits
	repeat               // aaaa, abcabc
	sequence             // abcd, 4321, qwerty
	year                 // 1900 to 2099
	personal
	kinds
)

// What a piece costs to guess, as powers of ten. The list does not tell how often each of its million is used; 3.5 is that of a common word.
const (
	wordCost     = 3.5
	personalCost = 1.0
	yearCost     = 2.0
	leetCost     = 0.3
	minWordPiece = 4
	maxWordPiece = 24
	minRun       = 3
)

// siteWords are what people put beside the name of a site. They cost no more than it does.
var siteWords = []string{"login", "signin", "account", "password", "passwort", "secret", "welcome", "admin", "user"}

// guess is how many tries somebody needs who knows how people make passwords.
type guess struct {
	log10 float64
	worst kind // the kind of pattern that covers most of it; brute if there is none
}

// estimate splits a password into pieces so that the product of their guesses is least: the split of a clever attacker. It is a simple estimator
// in the manner of zxcvbn and rather pessimistic. words are what is personal, in lower case.
func estimate(s string, words []string) guess {
	p := newPieces(s)
	for end := 1; end <= len(p.typed); end++ {
		p.try(end-1, end, charCost(p.typed[end-1]), brute)
		p.repeats(end)
		p.runs(end)
		p.lists(end, words)
	}
	return guess{p.best[len(p.typed)], p.majority()}
}

// pieces finds the cheapest way to guess each beginning of a password, from the shortest on.
type pieces struct {
	typed  []rune
	low    []rune    // in lower case
	lower  string    // the same
	plain  string    // the same with l33t undone
	at     []int     // where each rune begins in lower
	plainA []int     // and in plain
	best   []float64 // cost of the first n runes
	from   []int     // where the last piece of these begins
	how    []kind    // and what it is
	same   []int     // by distance d: how many runes up to here equal the one d before
	step   [2]run    // by alphabet, by keyboard
}

// run is how many runes up to here go on in one direction.
type run struct{ direction, length int }

func newPieces(s string) *pieces {
	typed := []rune(s)
	n := len(typed)
	p := &pieces{typed: typed, best: make([]float64, n+1), from: make([]int, n+1), how: make([]kind, n+1), same: make([]int, n+1)}
	var lower, plain strings.Builder
	for _, r := range typed {
		p.at, p.plainA = append(p.at, lower.Len()), append(p.plainA, plain.Len())
		r = unicode.ToLower(r)
		p.low = append(p.low, r)
		lower.WriteRune(r)
		plain.WriteRune(unleet(r))
	}
	p.at, p.plainA = append(p.at, lower.Len()), append(p.plainA, plain.Len())
	p.lower, p.plain = lower.String(), plain.String()
	for i := range n {
		p.best[i+1] = math.Inf(1)
	}
	return p
}

// try takes a piece if it is the cheapest way to its end.
func (p *pieces) try(begin, end int, cost float64, k kind) {
	if p.best[begin]+cost < p.best[end] {
		p.best[end], p.from[end], p.how[end] = p.best[begin]+cost, begin, k
	}
}

// repeats finds blocks that occur several times in a row: they cost the first one and how many there are.
func (p *pieces) repeats(end int) {
	for d := 1; d < end; d++ {
		if p.low[end-1] != p.low[end-1-d] {
			p.same[d] = 0
			continue
		}
		p.same[d]++
		if more := p.same[d] / d; more > 1 || more == 1 && d > 1 { // two equal letters are no pattern
			p.try(end-more*d, end, math.Log10(float64(more+1)), repeat)
		}
	}
}

// runs finds neighbours in the alphabet or on the keyboard, forward or back.
func (p *pieces) runs(end int) {
	if end < 2 {
		return
	}
	a, b := p.low[end-2], p.low[end-1]
	directions := [2]int{0, keyboard[[2]rune{a, b}]}
	if b-a == 1 || b-a == -1 {
		directions[0] = int(b - a)
	}
	for i, d := range directions {
		r := &p.step[i]
		if d == 0 || d != r.direction {
			*r = run{d, 1}
		}
		if d == 0 {
			continue
		}
		r.length++
		for n := minRun; n <= r.length; n++ {
			starts := 26.0
			if strings.ContainsRune("01aqz", p.low[end-n]) {
				starts = 4
			}
			p.try(end-n, end, math.Log10(starts*2*float64(n)), sequence)
		}
	}
}

// lists finds years, personal words and listed passwords that end here.
func (p *pieces) lists(end int, words []string) {
	if end >= 4 && isYear(string(p.typed[end-4:end])) {
		p.try(end-4, end, yearCost, year)
	}
	p.given(end, words, personal)
	p.given(end, siteWords, word)
	for n := minWordPiece; n <= min(end, maxWordPiece); n++ {
		begin := end - n
		cost := wordCost + capitals(p.typed[begin:end])
		if listed(p.lower[p.at[begin]:p.at[end]]) {
			p.try(begin, end, cost, word)
		} else if plain := p.plain[p.plainA[begin]:p.plainA[end]]; plain != p.lower[p.at[begin]:p.at[end]] && listed(plain) {
			p.try(begin, end, cost+leetCost, word)
		}
	}
}

func (p *pieces) given(end int, words []string, k kind) {
	for _, w := range words {
		if strings.HasSuffix(p.lower[:p.at[end]], w) || strings.HasSuffix(p.plain[:p.plainA[end]], w) {
			begin := end - utf8.RuneCountInString(w)
			p.try(begin, end, personalCost+capitals(p.typed[begin:end]), k)
		}
	}
}

// majority is the kind of pattern that covers most runes.
func (p *pieces) majority() kind {
	var covered [kinds]int
	for end := len(p.typed); end > 0; end = p.from[end] {
		covered[p.how[end]] += end - p.from[end]
	}
	most := brute
	for k := word; k < kinds; k++ {
		if covered[k] > covered[most] || most == brute && covered[k] > 0 {
			most = k
		}
	}
	return most
}

// charCost is that of a character without a pattern: the size of its class.
func charCost(r rune) float64 {
	switch {
	case r >= '0' && r <= '9':
		return 1
	case unicode.IsLetter(r):
		return math.Log10(26)
	case r <= unicode.MaxASCII:
		return math.Log10(33)
	}
	return 2 // emoji and the like
}

// capitals is what upper case adds: little for Word and WORD, more for wOrD.
func capitals(typed []rune) float64 {
	n := 0
	for _, r := range typed {
		if unicode.IsUpper(r) {
			n++
		}
	}
	switch {
	case n == 0:
		return 0
	case n == len(typed), n == 1 && unicode.IsUpper(typed[0]):
		return math.Log10(2)
	}
	return 1
}

func unleet(r rune) rune {
	if i := strings.IndexRune("@4031!5$7", r); i >= 0 {
		return rune("aaoeiisst"[i])
	}
	return r
}

func isYear(s string) bool {
	return (strings.HasPrefix(s, "19") || strings.HasPrefix(s, "20")) && strings.Trim(s, "0123456789") == ""
}

// keyboard says whether one key is right (1) or left (-1) of another on one of the usual keyboards, or next on the way 1qaz2wsx.
var keyboard = func() map[[2]rune]int {
	next := map[[2]rune]int{}
	for _, row := range []string{
		"`1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "qwertzuiopü", "asdfghjklöä", "yxcvbnm", "azertyuiop", "qsdfghjklm",
		"wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
	} {
		keys := []rune(row)
		for i := 1; i < len(keys); i++ {
			next[[2]rune{keys[i-1], keys[i]}], next[[2]rune{keys[i], keys[i-1]}] = 1, -1
		}
	}
	return next
}()
