package strength

// repeats finds what is written twice or more in a row: it costs what is repeated costs, by how often.
func (f *finder) repeats() {
	s := f.typed
	same := equalRuns(s)
	for i := 0; i < len(s)-1; {
		short, long := 0, 0 // the shortest and the longest part that is repeated from here
		for d := 1; i+2*d <= len(s); d++ {
			if same[d][i] >= d {
				if short == 0 {
					short = d
				}
				long = d
			}
		}
		if short == 0 {
			i++
			continue
		}
		// Take the part that gets further; of aabaabaabaab that is aab, not aabaab.
		span, base := whole(same[short][i], short), short
		if further := whole(same[long][i], long); further > span {
			span = further
			for base = 1; span%base != 0 || same[base][i]+base < span; {
				base++
			}
		}
		inner, _ := estimate(s[i:i+base], nil)
		f.add(piece{i: i, j: i + span - 1, kind: repeat, base: base, guesses: inner * float64(span/base)})
		i += span
	}
}

// equalRuns says for each distance d and each unit i how many units from i on equal the one d after.
func equalRuns(s []uint16) [][]int {
	n := len(s)
	runs := make([][]int, n/2+1)
	all := make([]int, (n/2+1)*(n+1))
	for d := 1; d < len(runs); d++ {
		runs[d], all = all[:n+1], all[n+1:]
		for i := n - d - 1; i >= 0; i-- {
			if s[i] == s[i+d] {
				runs[d][i] = runs[d][i+1] + 1
			}
		}
	}
	return runs
}

// whole is how far repeating a part of d units goes, given how many units after it equal.
func whole(equal, d int) int { return (equal/d + 1) * d }

// mostStep is how far apart neighbours of a sequence may be: 97531 is one.
const mostStep = 5

// sequences finds characters at one distance from each other, in any alphabet.
func (f *finder) sequences() {
	s := f.typed
	for i := 0; i < len(s)-1; {
		step, j := int(s[i+1])-int(s[i]), i+1
		for j+1 < len(s) && int(s[j+1])-int(s[j]) == step {
			j++
		}
		size := max(step, -step)
		if size >= 1 && size <= mostStep && (j-i > 1 || size == 1) {
			f.add(piece{i: i, j: j, kind: sequence, guesses: sequenceGuesses(s[i:j+1], step > 0)})
		}
		i = j
	}
}

func sequenceGuesses(s []uint16, up bool) float64 {
	starts := 26.0
	switch s[0] {
	case 'a', 'A', 'z', 'Z', '0', '1', '9':
		starts = 4
	default:
		if isDigit(s[0]) {
			starts = 10
		}
	}
	if !up {
		starts *= 2
	}
	return starts * float64(len(s))
}

// separators finds what stands between words: the most used sign, where it stands alone.
func (f *finder) separators() {
	var used [128]int
	most := uint16(0)
	for _, u := range f.typed {
		switch u {
		case ' ', ',', ';', ':', '|', '/', '_', '.', '-':
			used[u]++
		}
	}
	for _, u := range f.typed { // the first of equals
		if u < 128 && used[u] > used[most] {
			most = u
		}
	}
	if used[most] < 2 {
		return
	}
	for i := 1; i < len(f.typed); i++ {
		if f.typed[i] == most && f.typed[i-1] != most && (i+1 == len(f.typed) || f.typed[i+1] != most) {
			f.add(piece{i: i, j: i, kind: separator, guesses: leastOfOne})
		}
	}
}
