package strength

import (
	_ "embed"
	"slices"
	"sync"

	"github.com/gatehouse-auth/gatehouse/internal/password/strength/lexicon"
)

//go:generate go run ./strengthgen

// wordsFile is the table of common passwords, English words and names; strengthgen writes it and says from what.
//
//go:embed words.table
var wordsFile string

var known = sync.OnceValue(func() lexicon.Table {
	t, err := lexicon.Open(wordsFile)
	if err != nil {
		panic(err) // the file is compiled in: a build that has it wrong passes no test
	}
	return t
})

// wordKind is what list a word is of: one of lexicon's or personal.
type wordKind = lexicon.Kind

const personal wordKind = 0

// text is the password or a form of it, and where the units of the form are in the password.
type text struct {
	units   []uint16
	reverse bool
	leet    []change // by unit: what stands there for it; nil if the form has none
}

// words finds words as they are, reversed, and with letters for digits and signs, and series of them.
func (f *finder) words() {
	var found []piece // words of series
	plain := text{units: f.low}
	f.scan(plain, 0, &found)
	back := text{units: slices.Clone(f.low), reverse: true}
	slices.Reverse(back.units)
	f.scan(back, 0, &found)
	f.leets(func(form text, from int) { f.scan(form, from, &found) })
	f.serieses(found)
}

// scan looks up every part of a text that ends at unit from or later; of a l33t form only those parts that have something for a letter, since the
// others are in the password itself.
func (f *finder) scan(t text, from int, found *[]piece) {
	table, longest := known(), f.longest()
	next := -1 // the first change at or after i
	for i := max(0, from-longest+1); i < len(t.units); i++ {
		first := max(from, i)
		if t.leet != nil {
			if next = t.changeFrom(i, next); next < 0 {
				return
			}
			first = max(first, next)
		}
		hash := lexicon.Start
		for j := i; j < min(len(t.units), i+table.Longest()); j++ {
			hash = hash.Add(t.units[j])
			if j-i < lexicon.Prefix && !table.Begins(hash) {
				break
			}
			if j < first {
				continue
			}
			if e, ok := table.Find(hash); ok {
				f.word(t, i, j, e, found)
			}
		}
		f.given(t, i, first, found)
	}
}

// longest is how many units the longest word has.
func (f *finder) longest() int {
	n := known().Longest()
	for _, w := range f.personal {
		n = max(n, len(w))
	}
	return n
}

// given looks for personal words that begin at i.
func (f *finder) given(t text, i, first int, found *[]piece) {
	for rank, w := range f.personal {
		if j := i + len(w) - 1; j >= first && j < len(t.units) && w[0] == t.units[i] && slices.Equal(w, t.units[i:j+1]) {
			f.word(t, i, j, lexicon.Entry{Rank: rank + 1, Kind: personal}, found)
		}
	}
}

// word takes a word that was found from i to j of a form of the password.
func (f *finder) word(t text, i, j int, e lexicon.Entry, found *[]piece) {
	p := piece{i: i, j: j, kind: word, of: e.Kind, rank: e.Rank, guesses: float64(e.Rank)}
	switch {
	case t.reverse:
		p.i, p.j, p.reverse = len(t.units)-1-j, len(t.units)-1-i, true
		p.guesses *= 2
	case t.leet != nil:
		p.i, p.j, p.leet = t.leet[i].at, t.leet[j].at+t.leet[j].width-1, true
		if p.i == p.j {
			return // 4 is no a: that would be a word in every number
		}
		p.guesses *= f.leetWays(t.leet[i:j+1], p.i, p.j)
	}
	p.guesses *= capitals(f.typed[p.i : p.j+1])
	if e.Series {
		*found = append(*found, p)
	}
	f.add(p)
}

// capitals is how many ways there are to use upper case that somebody would try before this one. Only Latin-1 counts, as in zxcvbn.
func capitals(typed []uint16) float64 {
	upper, lower, first, last := 0, 0, false, false
	for _, u := range typed {
		isUpper, isLower := isUpper(u), isLower(u)
		if !isUpper && !isLower {
			continue
		}
		if upper+lower == 0 {
			first = isUpper
		}
		last = isUpper
		if isUpper {
			upper++
		} else {
			lower++
		}
	}
	switch {
	case upper == 0:
		return 1
	case lower == 0, upper == 1 && (first || last):
		return 2
	}
	return mixed(upper, lower)
}

func isUpper(u uint16) bool { return u >= 'A' && u <= 'Z' || u >= 0xc0 && u <= 0xde && u != 0xd7 }
func isLower(u uint16) bool { return u >= 'a' && u <= 'z' || u >= 0xdf && u <= 0xff && u != 0xf7 }

// serieses finds words of series that follow each other: onetwothree, mon-tue-wed. How they are ordered is all there is to guess.
func (f *finder) serieses(found []piece) {
	slices.SortStableFunc(found, func(a, b piece) int {
		if a.i != b.i {
			return a.i - b.i
		}
		return a.j - b.j
	})
	var apart []piece
	for _, p := range found {
		if len(apart) == 0 || p.i > apart[len(apart)-1].j {
			apart = append(apart, p)
		}
	}
	for from := 0; from < len(apart); {
		to := from
		for to+1 < len(apart) && f.links(apart[to], apart[to+1]) {
			to++
		}
		for ; from < to; from++ {
			n := to - from + 1
			cost := factorial(n)
			for range n - 2 {
				cost *= 2
			}
			f.add(piece{i: apart[from].i, j: apart[to].j, kind: series, base: n, guesses: cost})
		}
		from = to + 1
	}
}

// links reports whether one word follows on another: at once, or after a separator or a capital.
func (f *finder) links(a, b piece) bool {
	switch between := f.typed[a.j+1 : b.i]; len(between) {
	case 0:
		return true
	case 1:
		return slices.Contains([]uint16{' ', '-', '_', '.'}, between[0]) || isUpper(between[0])
	}
	return false
}
