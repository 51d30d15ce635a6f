package strength

import "math"

// PerSecond is how many guesses somebody is taken to make who has stolen the database: the work of some 400
// cores against the hashes of Argon2id that Gatehouse makes (docs/security-model.md).
const PerSecond = 1e4

// Span is a length of time to one figure of a unit, as people say it.
type Span struct {
	Unit string // of Units
	N    int    // 0 for the first and the last of Units
}

// Units are what a Span may be counted in. The first is less than a second, the last more than a hundred years.
var Units = []string{"instant", "seconds", "minutes", "hours", "days", "months", "years", "centuries"}

// seconds is how long each unit but the first and the last is.
var seconds = []float64{1, 60, 3600, 86400, 30 * 86400, 365 * 86400}

// Until is how long guessing takes at PerSecond.
func Until(guessesLog10 float64) Span {
	s := math.Pow(10, guessesLog10) / PerSecond
	if s >= 100*seconds[len(seconds)-1] {
		return Span{Unit: Units[len(Units)-1]}
	}
	for i := len(seconds) - 1; i >= 0; i-- {
		n := int(math.Round(s / seconds[i]))
		if n < 1 || s < 1 {
			continue
		}
		return Span{Unit: Units[i+1], N: n}
	}
	return Span{Unit: Units[0]}
}
