package strength

import (
	"math"
	"slices"
)

// An attacker does not know how many pieces a password has nor in what order its kinds come, and tries passwords of fewer pieces first. So
// a split into n pieces costs
//
//	n! × (the product of what the pieces cost) + 10,000ⁿ⁻¹
//
// and a password costs what its cheapest split does (Wheeler, «zxcvbn: low-budget password strength estimation», 2016).
const perPiece = 1e4

// What nobody knows a pattern for costs ten tries a character, far less than characters there are: so that any pattern found is cheaper. A
// single character costs one more than the least pattern does.
const (
	perUnit  = 10.0
	bruteOne = 11.0
)

// state is the best that is known of a beginning of the password split into n pieces.
type state struct {
	n       int
	product float64
	last    piece
}

// splitter goes through the password from its first unit to its last.
type splitter struct {
	done [][]state // by length of the beginning: the states worth going on with, n rising and product falling
	best []state   // by n: the best for the current beginning
	long []state   // by n: the best whose last piece is brute and goes on, without what makes a single unit dearer
}

// split finds the cheapest split into the given pieces, by their last unit, and brute force between them.
func split(length int, ending [][]piece) (float64, []piece) {
	s := &splitter{done: make([][]state, length+1), best: make([]state, length+1), long: make([]state, length+1)}
	s.done[0] = []state{{n: 0, product: 1}}
	for n := range s.best {
		s.long[n].product = math.Inf(1)
	}
	for end := 1; end <= length; end++ {
		for n := range end + 1 {
			s.best[n].product = math.Inf(1)
		}
		for _, p := range ending[end-1] {
			for _, before := range s.done[p.i] {
				s.take(state{before.n + 1, before.product * p.guesses, p})
			}
		}
		s.brute(end)
		s.keep(end)
	}
	return s.cheapest(length)
}

func (s *splitter) take(next state) {
	if next.product < s.best[next.n].product {
		s.best[next.n] = next
	}
}

// brute lengthens the brute pieces that end before this unit, and begins one.
func (s *splitter) brute(end int) {
	for n := 1; n < end; n++ {
		if l := &s.long[n]; !math.IsInf(l.product, 1) {
			l.product *= perUnit
			l.last.j, l.last.guesses = end-1, l.last.guesses*perUnit
			s.take(*l)
		}
	}
	for _, before := range s.done[end-1] {
		one := state{before.n + 1, before.product * bruteOne, piece{i: end - 1, j: end - 1, guesses: bruteOne, kind: brute}}
		s.take(one)
		one.product, one.last.guesses = before.product*perUnit, perUnit
		if one.product < s.long[one.n].product {
			s.long[one.n] = one
		}
	}
}

// keep forgets states of more pieces that cost no less: whatever follows, they end dearer. That leaves a handful.
func (s *splitter) keep(end int) {
	least := math.Inf(1)
	for _, b := range s.best[1 : end+1] {
		if b.product < least {
			least = b.product
			s.done[end] = append(s.done[end], b)
		}
	}
}

// cheapest is the least cost of the whole, and the pieces that it has.
func (s *splitter) cheapest(length int) (float64, []piece) {
	if length == 0 {
		return 1, nil
	}
	least, n := math.Inf(1), 0
	for _, st := range s.done[length] {
		if cost := factorial(st.n)*st.product + math.Pow(perPiece, float64(st.n-1)); cost < least {
			least, n = cost, st.n
		}
	}
	var pieces []piece
	for end := length; n > 0; n-- {
		for _, st := range s.done[end] {
			if st.n == n {
				pieces = append(pieces, st.last)
				end = st.last.i
				break
			}
		}
	}
	slices.Reverse(pieces)
	return least, pieces
}

func factorial(n int) float64 {
	f := 1.0
	for i := 2; i <= n; i++ {
		f *= float64(i)
	}
	return f
}
