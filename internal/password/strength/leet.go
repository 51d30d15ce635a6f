package strength

import (
	"slices"
	"strings"
)

// leetFor is what people write for a letter. A sign that stands for several is tried for each in this order.
var leetFor = []struct {
	letter rune
	signs  string
}{
	{'a', "4 @"}, {'b', "8"}, {'c', "( { [ <"}, {'d', "6 |)"}, {'e', "3"}, {'f', "#"}, {'g', "6 9 &"}, {'h', "# |-|"}, {'i', "1 ! |"}, {'k', "< |<"},
	{'l', "! 1 | 7"}, {'m', `^^ nn 2n /\\/\\`}, {'n', "//"}, {'o', "0 ()"}, {'q', "9"}, {'u', "|_|"}, {'s', "$ 5"}, {'t', "+ 7"}, {'v', "< > /"},
	{'w', `^/ uu vv 2u 2v \\/\\/`}, {'x', "% ><"}, {'z', "2"},
}

// sign is what stands for letters.
type sign struct {
	units   []uint16
	letters []uint16
}

// signs by their first unit, the longest first.
var signs = func() (all [128][]sign) {
	for _, l := range leetFor {
		for _, s := range strings.Fields(l.signs) {
			of := &all[s[0]]
			at := slices.IndexFunc(*of, func(have sign) bool { return string(ascii(have.units)) == s })
			if at < 0 {
				at = len(*of)
				*of = append(*of, sign{units: units(s)})
			}
			(*of)[at].letters = append((*of)[at].letters, uint16(l.letter))
		}
	}
	for _, of := range all {
		slices.SortStableFunc(of, func(a, b sign) int { return len(b.units) - len(a.units) })
	}
	return all
}()

func units(s string) (u []uint16) {
	for _, b := range []byte(s) {
		u = append(u, uint16(b))
	}
	return u
}

func ascii(units []uint16) (s []byte) {
	for _, u := range units {
		s = append(s, byte(u))
	}
	return s
}

// change is one unit of a l33t form: where it is in the password and how wide, and the sign that was taken for it, if any.
type change struct {
	unit      uint16
	at, width int
	sign      *sign
}

// mostForms is how many readings of a password are tried, as in zxcvbn: k signs of two meanings have 3ᵏ.
const (
	mostForms = 100
	mostSame  = 3 // no letter comes more often in a row, so the fourth of one sign is no letter
)

// reader makes readings of a password: all signs taken for letters first, then those where some are not.
type reader struct {
	f         *finder
	all       bool // every sign is taken
	forms     int
	now, last []change
	units     []uint16 // of the reading
	try       func(form text, from int)
}

// leets makes the readings, and says with each from which unit on it differs from the one before.
func (f *finder) leets(try func(form text, from int)) {
	r := reader{f: f, all: true, try: try}
	r.read(0, true, nil, 0)
	if r.forms == 1 && !slices.ContainsFunc(r.last, func(c change) bool { return c.sign != nil }) {
		return // there are no signs
	}
	r.all = false
	r.read(0, true, nil, 0)
}

// read goes on at a unit. taken says that every sign so far was taken; same is how often in a row the last one was.
func (r *reader) read(at int, taken bool, last *sign, same int) {
	if r.forms >= mostForms {
		return
	}
	typed := r.f.typed
	if at == len(typed) {
		if r.all == taken {
			r.emit()
		}
		return
	}
	mark, could := len(r.now), false
	if typed[at] < 128 {
		of := signs[typed[at]]
		for k := range of {
			s := &of[k]
			if !starts(typed[at:], s.units) || s == last && same >= mostSame {
				continue
			}
			could = true
			row := 1
			if s == last {
				row = same + 1
			}
			for _, letter := range s.letters {
				r.now = append(r.now[:mark], change{letter, at, len(s.units), s})
				r.read(at+len(s.units), taken, s, row)
			}
		}
	}
	if !r.all || !could {
		r.now = append(r.now[:mark], change{r.f.low[at], at, 1, nil})
		r.read(at+1, taken && !could, last, same)
	}
	r.now = r.now[:mark]
}

func starts(typed, sign []uint16) bool {
	return len(sign) <= len(typed) && (len(sign) == 1 || slices.Equal(sign, typed[:len(sign)]))
}

// emit hands on one reading.
func (r *reader) emit() {
	from := 0
	for from < min(len(r.now), len(r.last)) && r.now[from] == r.last[from] {
		from++
	}
	r.forms++
	r.last = append(r.last[:0], r.now...)
	r.units = r.units[:0]
	for _, c := range r.now {
		r.units = append(r.units, c.unit)
	}
	r.try(text{units: r.units, leet: r.last}, from)
}

// changeFrom is the first unit from i on that stands for a sign, or -1. before is what it was for the unit before.
func (t text) changeFrom(i, before int) int {
	if before >= i {
		return before
	}
	for ; i < len(t.leet); i++ {
		if t.leet[i].sign != nil {
			return i
		}
	}
	return -1
}

// leetWays is how many ways there are to use these signs that somebody would try before this one.
func (f *finder) leetWays(part []change, i, j int) float64 {
	ways := 1.0
	for k, c := range part {
		if c.sign == nil || slices.ContainsFunc(part[:k], func(b change) bool { return b.sign == c.sign && b.unit == c.unit }) {
			continue
		}
		if as, is := count(f.low[i:j+1], c.sign.units), count(f.low[i:j+1], []uint16{c.unit}); as == 0 || is == 0 {
			ways *= 2
		} else {
			ways *= mixed(is, as)
		}
	}
	return ways
}

// count is how often a sign occurs.
func count(in, sign []uint16) (n int) {
	for len(in) >= len(sign) {
		if slices.Equal(in[:len(sign)], sign) {
			n++
			in = in[len(sign):]
		} else {
			in = in[1:]
		}
	}
	return n
}
