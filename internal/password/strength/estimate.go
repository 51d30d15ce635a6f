package strength

import (
	"math"
	"slices"
	"unicode"
	"unicode/utf16"
)

// Result is what an attacker who knows how people make passwords needs.
type Result struct {
	GuessesLog10 float64 // how many tries, as a power of ten
	Score        int     // 0 to 4: up to 10³, 10⁶, 10⁸, 10¹⁰ tries, and more
	// Unpatterned says that nothing is known of any part of the password, and that it is not of digits alone.
	Unpatterned bool
	Warning     string   // what makes it weak: one of Warnings; empty if nothing does that we know
	Suggestions []string // what would help: of Suggestions; none from score 3 on
}

// maxUnits is how much of a password is looked at, in UTF-16 units as zxcvbn counts them. What comes after can only make it harder to guess.
const maxUnits = 256

// Estimate judges a password. personal are words that an attacker would try first, the likeliest first.
func Estimate(password string, personal []string) Result {
	typed := utf16.Encode([]rune(password))
	typed = typed[:min(len(typed), maxUnits)]
	given := make([][]uint16, 0, len(personal))
	for _, word := range personal {
		if units := lower(utf16.Encode([]rune(word))); len(units) > 0 && len(units) <= maxUnits {
			given = append(given, units)
		}
	}
	guesses, pieces := estimate(typed, given)
	r := Result{GuessesLog10: math.Log10(guesses), Score: score(guesses)}
	r.Unpatterned = len(pieces) == 1 && pieces[0].kind == brute && !allDigits(typed)
	r.Warning, r.Suggestions = advice(r.Score, pieces, typed)
	return r
}

// estimate finds all patterns, and then the split that costs least.
func estimate(typed []uint16, personal [][]uint16) (float64, []piece) {
	f := &finder{typed: typed, low: lower(typed), personal: personal, ending: make([][]piece, len(typed))}
	f.words()
	f.dates()
	f.years()
	f.repeats()
	f.sequences()
	f.walks()
	f.separators()
	return split(len(typed), f.ending)
}

// score turns guesses into zxcvbn's scale. The five are its allowance for what rounding and the last small terms add.
func score(guesses float64) int {
	for i, limit := range []float64{1e3, 1e6, 1e8, 1e10} {
		if guesses < limit+5 {
			return i
		}
	}
	return 4
}

// kind is what a piece of a password is.
type kind uint8

const (
	brute kind = iota // no pattern that we know
	word
	series // words of a series: monday tuesday
	repeat
	sequence
	walk
	date
	year
	separator
)

// piece is a part of a password and what it costs to guess: from unit i to unit j, both in it.
type piece struct {
	i, j    int
	guesses float64
	kind    kind
	of      wordKind // of a word
	rank    int      // of a word
	leet    bool     // a word with letters for its digits and signs
	reverse bool     // a word from its end
	turns   int      // of a walk
	base    int      // of a repeat: how long what is repeated is; of a series: how many words
}

func (p piece) length() int { return p.j - p.i + 1 }

// finder looks for patterns.
type finder struct {
	typed    []uint16
	low      []uint16 // typed in lower case
	personal [][]uint16
	ending   [][]piece // by last unit: the cheapest of each first unit
}

// Least costs of a piece that is not the whole: whatever it is, the attacker must find out where it begins and ends.
const (
	leastOfOne  = 10.0
	leastOfMore = 50.0
)

// add takes a piece unless there is a cheaper one at its place.
func (f *finder) add(p piece) {
	switch n := p.length(); {
	case n == len(f.typed):
		p.guesses = max(p.guesses, 1)
	case n == 1:
		p.guesses = max(p.guesses, leastOfOne)
	default:
		p.guesses = max(p.guesses, leastOfMore)
	}
	here := f.ending[p.j]
	for k := range here {
		if here[k].i == p.i {
			if p.guesses < here[k].guesses {
				here[k] = p
			}
			return
		}
	}
	f.ending[p.j] = append(here, p)
}

// lower is per unit, so that every place stays where it is.
func lower(typed []uint16) []uint16 {
	low := slices.Clone(typed)
	for i, u := range low {
		if r := rune(u); !utf16.IsSurrogate(r) {
			if l := unicode.ToLower(r); l <= math.MaxUint16 {
				low[i] = uint16(l)
			}
		}
	}
	return low
}

func isDigit(u uint16) bool { return u >= '0' && u <= '9' }

func allDigits(typed []uint16) bool {
	return !slices.ContainsFunc(typed, func(u uint16) bool { return !isDigit(u) })
}

// choose is the binomial coefficient.
func choose(n, k int) float64 {
	if k > n {
		return 0
	}
	c := 1.0
	for i := 1; i <= k; i++ {
		c = c * float64(n-k+i) / float64(i)
	}
	return c
}

// mixed is how many ways there are to choose some of a + b letters, no more of them than the fewer of the two kinds are.
func mixed(a, b int) float64 {
	sum, c := 0.0, 1.0
	for i := 1; i <= min(a, b); i++ {
		c = c * float64(a+b-i+1) / float64(i)
		sum += c
	}
	return sum
}
