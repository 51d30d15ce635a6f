package strength

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestATellingPasswordIsToldWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		password string
		score    int
		warning  string
		advice   string
	}{
		{"", 0, "", "use_words no_need"},
		{"123456", 0, "top_ten", "add_words"},
		{"trustno1", 0, "top_hundred", "add_words"},
		{"zaq12wsx", 0, "common", "add_words"},
		{"P@ssw0rd", 0, "similar_to_common", "add_words first_capital avoid_leet"},
		{"password42", 1, "similar_to_common", "add_words"},
		{"drowssap", 0, "similar_to_common", "add_words avoid_reversed"},
		{"characterizations", 1, "word", "add_words"},
		{"CHARACTERIZATIONS", 1, "word", "add_words all_capitals"},
		{"mccullough", 0, "name", "add_words"},
		{"mccullough7", 1, "common_name", "add_words"},
		{"teapotdragon", 2, "common_words", "add_words"},
		{"ada.lovelace", 0, "personal", "add_words not_personal"},
		{"Ada.Lovelace1", 1, "personal", "add_words not_personal"},
		{"zzzzzzzzzzzz", 0, "repeat", "add_words avoid_repeats"},
		{"xq7xq7xq7xq7", 1, "repeated_pattern", "add_words avoid_repeats"},
		{"mnopqrstuv", 0, "sequence", "add_words avoid_sequences"},
		{"mondaytuesdaywednesday", 0, "sequence", "add_words avoid_sequences"},
		{"sdfghjk8", 1, "straight_row", "add_words longer_walk"},
		{"cftyuhbvg", 2, "key_pattern", "add_words longer_walk"},
		{"17.8.1962", 1, "date", "add_words avoid_dates"},
		{"xk1987", 1, "year", "add_words avoid_years"},
		{"xk4mz", 1, "", "add_words"},
		{"xk4mz9qwbf", 3, "", ""},
		{"correct horse battery staple", 4, "", ""},
	} {
		r := Estimate(test.password, []string{"ada.lovelace"})
		if advice := strings.Join(r.Suggestions, " "); r.Score != test.score || r.Warning != test.warning || advice != test.advice {
			t.Errorf("%q: %+v", test.password, r)
		}
	}
}

func TestAPatternCostsLessThanNone(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"qwertyuiop", "qwmtzuixpa"}, {"abcdefghij", "abxdqfghzj"}, {"19620817", "19629983"}, {"horsehorse", "horsecomet"}, {"drowssap", "drqwsxap"},
		{"one two three", "one two teapot"}, {"p4$$w0rd", "p4$$w7rd"}, {"dragon", "dRaGoN"}, {"anna", "anla"}, {"ｐassword", "ｐaxsword"},
	} {
		known, unknown := Estimate(pair[0], []string{"anna"}), Estimate(pair[1], []string{"anna"})
		if known.GuessesLog10 >= unknown.GuessesLog10 {
			t.Errorf("%q costs 10^%.2f, %q 10^%.2f", pair[0], known.GuessesLog10, pair[1], unknown.GuessesLog10)
		}
	}
}

func TestALengthOfTimeHasOneFigure(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		seconds float64
		want    Span
	}{
		{0, Span{"instant", 0}}, {0.99, Span{"instant", 0}}, {1, Span{"seconds", 1}}, {29, Span{"seconds", 29}}, {100, Span{"minutes", 2}}, {1e4, Span{"hours", 3}},
		{86400, Span{"days", 1}}, {1e6, Span{"days", 12}}, {40 * 86400, Span{"months", 1}}, {365 * 86400, Span{"years", 1}}, {99 * 365 * 86400, Span{"years", 99}},
		{101 * 365 * 86400, Span{"centuries", 0}}, {1e300, Span{"centuries", 0}},
	} {
		got := Until(math.Log10(max(test.seconds, 1e-9) * PerSecond))
		if got != test.want || !slices.Contains(Units, got.Unit) {
			t.Errorf("%v s are %v, want %v", test.seconds, got, test.want)
		}
	}
}

// What must hold of every password, whatever it is.
func FuzzAPersonalWordOnlyWeakens(f *testing.F) {
	for _, s := range []string{"", "annaanna", "p4ssw0rd!!", "qwertyuiop", "\xff\x00", "🐎🔋", "1.1.91", "|-||_|/\\\\/\\\\", strings.Repeat("4", 300), "ａnna"} {
		f.Add(s, "anna")
	}
	f.Fuzz(func(t *testing.T, password, word string) {
		few := Estimate(password, []string{"ada", "gatehouse"})
		more := Estimate(password, []string{"ada", "gatehouse", word})
		if more.GuessesLog10 > few.GuessesLog10 || more.Score > few.Score {
			t.Errorf("%q: %+v, and with %q %+v", password, few, word, more)
		}
		for _, r := range []Result{few, more} {
			if !(r.GuessesLog10 >= 0 && r.GuessesLog10 <= maxUnits+1) || r.Score != score(math.Pow(10, r.GuessesLog10)) {
				t.Errorf("%q: %+v", password, r)
			}
			if r.Warning != "" && !slices.Contains(Warnings, r.Warning) || r.Score >= fine && (r.Warning != "" || r.Suggestions != nil) {
				t.Errorf("%q: %+v", password, r)
			}
			for _, s := range r.Suggestions {
				if !slices.Contains(Suggestions, s) {
					t.Errorf("%q: %q is no known suggestion", password, s)
				}
			}
		}
	})
}

// worst are the passwords that take longest.
func worst() map[string]string {
	r := rand.New(rand.NewPCG(1, 2))
	chars := func(of string, n int) string {
		b := strings.Builder{}
		for range n {
			b.WriteByte(of[r.IntN(len(of))])
		}
		return b.String()
	}
	nested := "ab"
	for len(nested) < maxUnits/2 {
		nested += nested + string(rune('c'+len(nested)%20))
	}
	return map[string]string{
		"one letter":         strings.Repeat("a", maxUnits),
		"random":             chars("abcdefghijklmnopqrstuvwxyz0123456789!@#$%&", maxUnits),
		"signs for letters":  chars("4@8(3#691!|0$5+7<2%", maxUnits),
		"signs at the start": "1!|7<69" + chars("abcdefghijklmnopqrstuvwxyz", maxUnits-7),
		"nested repeats":     (nested + nested)[:maxUnits],
		"digits":             chars("0123456789", maxUnits),
		"two keys":           strings.Repeat("qw", maxUnits/2),
		"almost repeats":     strings.Repeat("a", maxUnits/2-1) + "b" + strings.Repeat("a", maxUnits/2),
		"short words":        strings.Repeat("a1! the of in 4 ", maxUnits/16),
	}
}

// The work is bounded. The limit is many times what it takes, for slow machines and the race detector, and far below what it takes without bounds.
func TestTheWorstPasswordsTakeNoSeconds(t *testing.T) {
	t.Parallel()
	personal := make([]string, 100)
	for i := range personal {
		personal[i] = strings.Repeat("a", 3+i)
	}
	for name, password := range worst() {
		least := time.Hour
		for range 5 {
			start := time.Now()
			Estimate(password, personal)
			least = min(least, time.Since(start))
		}
		if least > 2*time.Second {
			t.Errorf("%s: %v", name, least)
		}
	}
}

func BenchmarkTheWorst(b *testing.B) {
	for name, password := range worst() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Estimate(password, nil)
			}
		})
	}
}
