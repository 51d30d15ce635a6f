package strength

import (
	_ "embed"
	"strings"
	"sync"
)

// keyboardsFile has the neighbours of every key; strengthgen writes it and says from what.
//
//go:embed keyboards.txt
var keyboardsFile string

// keyboard is where keys lie.
type keyboard struct {
	keys   map[uint16][]string // by what a key writes: its neighbours in each direction, plain and shifted; of a direction without one: none
	pad    bool                // the digits at the right: they have no shift
	degree float64             // how many neighbours a key has on average
}

// keyboards are read at the first password, so that a command that judges none does not pay for it.
var keyboards = sync.OnceValue(func() (all []keyboard) {
	for line := range strings.Lines(keyboardsFile) {
		fields := strings.Fields(line)
		if len(fields) == 1 {
			all = append(all, keyboard{keys: map[uint16][]string{}, pad: strings.HasPrefix(line, "keypad")})
			continue
		}
		k, neighbours := &all[len(all)-1], 0
		for i, next := range fields[1:] {
			if next == "·" {
				fields[1+i] = ""
			} else {
				neighbours++
			}
		}
		k.keys[uint16([]rune(fields[0])[0])] = fields[1:]
		k.degree += float64(neighbours)
	}
	for i := range all {
		all[i].degree /= float64(len(all[i].keys))
	}
	return all
})

// leastWalk is the shortest way over a keyboard that is a pattern.
const leastWalk = 3

// walks finds ways over keyboards from key to neighbour.
func (f *finder) walks() {
	for _, k := range keyboards() {
		for i := 0; i < len(f.typed)-1; {
			i = f.walk(k, i)
		}
	}
}

// walk follows one way as far as it goes and gives where it ends.
func (f *finder) walk(k keyboard, i int) (end int) {
	last, turns, shifted, j := -1, 0, 0, i+1
	if !k.pad && isShifted(f.typed[i]) {
		shifted = 1
	}
	for ; j < len(f.typed); j++ {
		direction, up := k.step(f.typed[j-1], f.typed[j])
		if direction < 0 {
			break
		}
		if up {
			shifted++
		}
		if direction != last {
			turns, last = turns+1, direction
		}
	}
	if n := j - i; n >= leastWalk {
		f.add(piece{i: i, j: j - 1, kind: walk, turns: turns, guesses: k.guesses(n, turns, shifted)})
	}
	return j
}

// step is the direction from one key to another, -1 if they are no neighbours, and whether the other was shifted.
func (k keyboard) step(from, to uint16) (direction int, shifted bool) {
	for d, key := range k.keys[from] {
		for i, r := range []rune(key) {
			if r == rune(to) {
				return d, i == 1
			}
		}
	}
	return -1, false
}

// guesses is how many ways of up to so many keys and turns there are: from each key on, at each turn to one of the neighbours, the turns anywhere on
// the way. Of j turns in up to n keys there are C(n, j) - 1.
func (k keyboard) guesses(n, turns, shifted int) float64 {
	ways, power := 0.0, float64(len(k.keys))
	for j := 1; j <= min(turns, n-1); j++ {
		power *= k.degree
		ways += power * (choose(n, j) - 1)
	}
	switch plain := n - shifted; {
	case shifted == 0:
	case plain == 0:
		ways *= 2
	default:
		ways *= mixed(shifted, plain)
	}
	return ways
}

func isShifted(u uint16) bool {
	return u >= 'A' && u <= 'Z' || u < 128 && strings.ContainsRune(`~!@#$%^&*()_+{}|:"<>?`, rune(u))
}
