package strength

import (
	"slices"
)

// thisYear is where attackers start. It is a constant so that a password is worth the same on both sides of midnight and on every server;
// recent years cost the same as this one.
const (
	thisYear   = 2026
	leastYears = 21
	firstYear  = 1000
	lastYear   = 2050
)

// years finds 1900 to 2029 by themselves.
func (f *finder) years() {
	for i := 0; i+4 <= len(f.typed); i++ {
		y := number(f.typed[i : i+4])
		if y >= 1900 && y <= 2029 {
			f.add(piece{i: i, j: i + 3, kind: year, guesses: yearGuesses(y)})
			i += 3
		}
	}
}

func yearGuesses(y int) float64 { return float64(max(y-thisYear, thisYear-y, leastYears)) }

// dates finds days with and without separators, 1.1.91 and 1191 to 11111991. What lies within a longer one is noise and is left out.
func (f *finder) dates() {
	var all []piece
	for i := range f.typed {
		for n := 4; n <= 10 && i+n <= len(f.typed); n++ {
			if cost, ok := dateGuesses(f.typed[i : i+n]); ok {
				all = append(all, piece{i: i, j: i + n - 1, kind: date, guesses: cost})
			}
		}
	}
	slices.SortFunc(all, func(a, b piece) int {
		if a.i != b.i {
			return a.i - b.i
		}
		return b.j - a.j
	})
	furthest := -1
	for _, p := range all {
		if p.j > furthest {
			f.add(p)
			furthest = p.j
		}
	}
}

// dateGuesses reports whether a text is a date, and what it costs.
func dateGuesses(s []uint16) (float64, bool) {
	y, signs := -1, 1.0
	switch i := slices.IndexFunc(s, func(u uint16) bool { return !isDigit(u) }); {
	case i < 0 && len(s) <= 8:
		y = nearest(s)
	case i >= 1 && i <= 4 && len(s) >= 6 && isDateSign(s[i]):
		y, signs = signed(s, i), 4
	}
	if y < 0 {
		return 0, false
	}
	return 365 * signs * yearGuesses(y), true
}

func isDateSign(u uint16) bool {
	switch u {
	case ' ', '/', '\\', '_', '.', '-', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return u >= '\t' && u <= '\r' || u >= 0x2000 && u <= 0x200a
}

// signed is the year of a date that has its first separator at i, or -1.
func signed(s []uint16, i int) int {
	rest := s[i+1:]
	k := slices.Index(rest, s[i])
	if k < 1 || k > 2 {
		return -1
	}
	a, b, c := number(s[:i]), number(rest[:k]), number(rest[k+1:])
	if len(rest[k+1:]) > 4 || a < 0 || b < 0 || c < 0 {
		return -1
	}
	return yearOf(a, b, c)
}

// cuts are where digits without separators may be cut into three numbers, by how many digits there are.
var cuts = [9][][2]int{
	4: {{1, 2}, {2, 3}},
	5: {{1, 3}, {2, 3}, {2, 4}},
	6: {{1, 2}, {2, 4}, {4, 5}},
	7: {{1, 3}, {2, 3}, {4, 5}, {4, 6}},
	8: {{2, 4}, {4, 6}},
}

// nearest is the year of the reading of some digits that is nearest to this year, or -1.
func nearest(s []uint16) int {
	best := -1
	for _, cut := range cuts[len(s)] {
		y := yearOf(number(s[:cut[0]]), number(s[cut[0]:cut[1]]), number(s[cut[1]:]))
		if y >= 0 && (best < 0 || max(y-thisYear, thisYear-y) < max(best-thisYear, thisYear-best)) {
			best = y
		}
	}
	return best
}

// yearOf reads three numbers as a date in any of the usual orders, the year last or first, and gives the year, or -1.
func yearOf(a, b, c int) int {
	if b > 31 || b <= 0 || !plausible(a, b, c) {
		return -1
	}
	for _, order := range [2][3]int{{c, a, b}, {a, b, c}} {
		if y := order[0]; y >= firstYear && y <= lastYear {
			if isDay(order[1], order[2]) {
				return y
			}
			return -1
		}
	}
	for _, order := range [2][3]int{{c, a, b}, {a, b, c}} {
		if isDay(order[1], order[2]) {
			return fourDigits(order[0])
		}
	}
	return -1
}

// plausible reports whether three numbers may be a date: at most one year among them, a month, and no two zeros.
func plausible(numbers ...int) bool {
	over12, over31, zero := 0, 0, 0
	for _, n := range numbers {
		if n > 99 && n < firstYear || n > lastYear {
			return false
		}
		if n > 31 {
			over31++
		}
		if n > 12 {
			over12++
		}
		if n == 0 {
			zero++
		}
	}
	return over31 < 2 && over12 < 3 && zero < 2
}

// isDay reports whether two numbers are a day and a month, or a month and a day.
func isDay(a, b int) bool {
	return a >= 1 && b >= 1 && (a <= 31 && b <= 12 || b <= 31 && a <= 12)
}

func fourDigits(y int) int {
	switch {
	case y > 99:
		return y
	case y > 50:
		return 1900 + y
	}
	return 2000 + y
}

// number reads up to eight digits; -1 if there is anything else.
func number(s []uint16) (n int) {
	for _, u := range s {
		if !isDigit(u) {
			return -1
		}
		n = 10*n + int(u-'0')
	}
	return n
}
