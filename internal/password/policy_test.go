package password

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func codes(v Verdict) string {
	var all []string
	for _, p := range v.Problems {
		all = append(all, p.Code)
	}
	return strings.Join(all, " ")
}

var anna = Context{Email: "anna.schmidt@mail.fabrikam.com", Username: "schmidtchen", Name: "Anna Schmidt", Site: "Acorn Shop"}

// I-145, I-147, ASVS 6.1.2, 6.2.1, 6.2.5, 6.2.11.
func TestThePolicySaysWhy(t *testing.T) {
	t.Parallel()
	p := NewPolicy(8)
	for typed, want := range map[string]string{
		"":        "password_too_short",
		"xk4mz9q": "password_too_short",
		"123456":  "password_too_short breached_password",
		"🐎🔋📎✅🦆🎷":  "password_too_short",

		// There are no composition rules.
		"xk4mz9qw":                     "",
		"qmwnebrvtcyxuzi":              "", // fifteen small letters
		"correct horse battery staple": "",
		"    five  little  ducks  ":    "",
		"🐎🔋📎✅🦆🎷🌵🚲":                     "",
		"пятьстульевналуне":            "",
		"鯨が夜に歌うと静かだ":                   "",

		"password":     "breached_password",
		"PassWord":     "breached_password",
		"123456789":    "breached_password",
		"aaaaaaaaaaaa": "breached_password",

		"P@$$w0rd!!":            "weak_password",
		"Dragon2019":            "weak_password",
		"Dragon123!!":           "weak_password",
		"abcdefghijklmnopqrstu": "weak_password",
		"poiuytrewqlkjhgfdsa":   "weak_password",
		"monkeymonkeymonkey":    "weak_password",
		"?-?-?-?-?-?-?-?-":      "weak_password",
		"        ":              "weak_password",
		"🐎🐎🐎🐎🐎🐎🐎🐎🐎🐎": "weak_password",

		"acorn-2026-login":                "contains_personal_info",
		"gatehouse-2026-login":            "contains_personal_info",
		"Acorn Shop 1!":                   "contains_personal_info",
		"ａｃｏｒｎ－２０２６！":                     "contains_personal_info", // full-width
		"anna.schmidt@mail.fabrikam.com":  "contains_personal_info",
		"Schmidtchen1":                    "contains_personal_info",
		"fabrikam2019!":                   "contains_personal_info",
		"annaANNAschmidt":                 "contains_personal_info",
		"schmidt likes purple ostriches!": "", // strong enough without her name
		"fantastic.comet.of.1986.rises":   "", // «com» is no word of hers

		"bad\x00byte is in here":       "invalid_characters",
		"line\nbreak is in here":       "invalid_characters",
		"\xff\xfe is not utf-8 at all": "invalid_characters",
	} {
		v := p.Check(typed, anna)
		if got := codes(v); got != want {
			t.Errorf("%q: %q, want %q (%+v)", typed, got, want, v)
		}
		if v.Acceptable != (want == "") || v.Acceptable && v.Score < minScore {
			t.Errorf("%q: acceptable %v with score %d", typed, v.Acceptable, v.Score)
		}
		if v.Breached != strings.Contains(want, "breached") {
			t.Errorf("%q: breached %v", typed, v.Breached)
		}
	}
}

// I-145: the limits to the code point, counted in NFC.
func TestTheLimitsOfLength(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("hvzkqwdp tmbxrjlf gycns ", 12)
	for _, test := range []struct {
		min  int
		s    string
		want string
	}{
		{8, text[:7], "password_too_short"},
		{8, text[:8], ""},
		{15, text[:14], "password_too_short"},
		{15, text[:15], ""},
		{8, text[:64], ""},
		{8, text[:256], ""},
		{8, text[:257], "password_too_long"},
		{8, strings.Repeat("🐎🔋📎🦆", 64), ""},
		{8, strings.Repeat("🐎", 256) + "a", "password_too_long"},
		{8, norm.NFD.String("éàüöîñš"), "password_too_short"}, // seven, though they are fourteen as typed
		{8, norm.NFD.String(strings.Repeat("éxàkümöqîñšw", 21)), ""},
		{8, strings.Repeat("a", 10<<20), "password_too_long"},
	} {
		v := NewPolicy(test.min).Check(test.s, Context{})
		if got := codes(v); got != test.want {
			t.Errorf("%d bytes, at least %d: %q, want %q", len(test.s), test.min, got, test.want)
		}
		for _, p := range v.Problems {
			if limit := map[string]any{"password_too_short": test.min}[p.Code]; limit != nil && p.Args["min"] != limit {
				t.Errorf("%+v does not say %v", p, limit)
			}
			if p.Code == "password_too_long" && p.Args["max"] != 256 {
				t.Errorf("%+v does not say 256", p)
			}
		}
	}
}

// ASVS 6.2.4, I-147: every one of the 3,000 most used passwords is refused, in any case of letters.
func TestTheMostUsedPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/top3000.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	if len(lines) != 3000 {
		t.Fatalf("%d lines", len(lines))
	}
	p := NewPolicy(1)
	for _, s := range lines {
		for _, typed := range []string{s, strings.ToUpper(s)} {
			v := p.Check(typed, Context{})
			if got := codes(v); got != "breached_password" || !v.Breached || v.Acceptable || v.Score > 1 ||
				!slices.Contains([]string{"leaked", "top_ten", "top_hundred"}, v.Warning) {
				t.Errorf("%q: %+v", typed, v)
			}
		}
	}
}

func TestAScoreRisesWithWhatIsHardToGuess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		s    string
		want int
	}{
		{"", 0}, {"aaa", 0}, {"1986", 0}, {"abcdefg", 0}, {"dragon", 0}, {"Dragon", 0}, {"dr4g0n", 0}, {"dragon1986", 1}, {"83104", 1}, {"xk4mz", 1}, {"xk4mz9", 1},
		{"xk4mz9q", 2}, {"83104729", 2}, {"xk4mz9qw", 3}, {"$unfl0w3r$eed", 3}, {"xk4mz9qwb", 3}, {"xk4mz9qwbfj", 4},
		{"dragon monkey", 0}, // neighbours in the Chinese zodiac
		{"dragonteapot", 2}, {"dragon teapot", 3}, {"dragon monkey teapot", 3}, {"dragon teapot thistle lantern", 4},
	} {
		v := NewPolicy(1).Check(test.s, Context{})
		if v.Score != test.want {
			t.Errorf("%q has the score %d (10^%.1f), want %d", test.s, v.Score, v.GuessesLog10, test.want)
		}
	}
}

func TestEveryRefusalHasAdviceOfTheKnownKeys(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for typed, warning := range map[string]string{
		"": "short", "xk4m": "short", "password": "top_ten", "trustno1": "top_hundred", "password1": "leaked", "teapotdragon": "common_words", "xyxyxyxyxyxyxyxyx": "repeated_pattern", "ßßßßßßßßßßßßßßß": "repeat",
		"mnopqrstuvw9": "sequence", "xk1987": "year", "schmidtchen!": "personal", "annaxq": "personal", "17.8.1962": "date",
		"characterizations": "word", "CHARACTERIZATIONS": "word", "mccullough": "name", "mccullough7": "common_name", "P@ssw0rd!!": "similar_to_common",
		"snoitaziretcarahc": "word", "sdfghjk8": "straight_row", "cftyuhbvg": "key_pattern",
	} {
		v := NewPolicy(8).Check(typed, anna)
		if v.Acceptable || v.Warning != warning || len(v.Suggestions) == 0 {
			t.Errorf("%q: %+v, want the warning %q", typed, v, warning)
		}
		seen[v.Warning] = true
		for _, s := range v.Suggestions {
			seen[s] = true
		}
	}
	seen["common"] = true // the list of leaks has all that the estimator's has, and says it better
	for _, key := range slices.Concat(Warnings, Suggestions) {
		if !seen[key] {
			t.Errorf("nothing leads to %q", key)
		}
		delete(seen, key)
	}
	if len(seen) > 0 {
		t.Errorf("keys that are not exported: %v", seen)
	}
	if v := NewPolicy(8).Check("correct horse battery staple", anna); v.Warning != "" || v.Suggestions != nil {
		t.Errorf("a good password is found fault with: %+v", v)
	}
}

func TestShortPartsOfANameAndTheTopDomainDoNotCount(t *testing.T) {
	t.Parallel()
	who := Context{Email: "li@ab.museum", Name: "Li Wu", Site: "X"}
	if got := who.words(); !slices.Equal(got, []string{"li@ab.museum", product, "li wu"}) {
		t.Errorf("%q", got)
	}
	if got := (Context{}).words(); !slices.Equal(got, []string{product}) {
		t.Errorf("nobody has the words %q", got)
	}
	if got := codes(NewPolicy(8).Check("wuli-xk4mz9", who)); got != "" {
		t.Error(got)
	}
}

// The strength meter is open to strangers: what they call their name must not decide how long it works.
func TestAnEndlessNameHasFewWords(t *testing.T) {
	t.Parallel()
	var endless strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&endless, "n%05d ", i)
	}
	if n := len((Context{Name: endless.String()}).words()); n > maxBytes/5 {
		t.Errorf("%d words", n)
	}
}

func FuzzTheVerdictIsTheSameForEveryFormOfAPassword(f *testing.F) {
	for _, s := range []string{"", "password", "Grüße", "🐎", "a\u0301", "\xff", "correct horse battery staple", "annaanna", strings.Repeat("a\u0301", 256)} {
		f.Add(s)
	}
	p := NewPolicy(8)
	f.Fuzz(func(t *testing.T, s string) {
		v := p.Check(s, anna)
		if v.Acceptable != (len(v.Problems) == 0) || v.Acceptable && (v.Score < minScore || v.Breached) || v.Score < 0 || v.Score > 4 {
			t.Errorf("%q: %+v", s, v)
		}
		if !(v.GuessesLog10 >= 0 && v.GuessesLog10 < 1000) {
			t.Errorf("%q: %v", s, v.GuessesLog10)
		}
		nfc := norm.NFC.String(s)
		if again := norm.NFC.String(nfc); again != nfc {
			t.Errorf("NFC of %q is %q, and of that %q", s, nfc, again)
		}
		if len(s) <= 4*maxBytes {
			if w := p.Check(nfc, anna); fmt.Sprint(w) != fmt.Sprint(v) {
				t.Errorf("%q: %+v as typed, %+v in NFC", s, v, w)
			}
		}
	})
}
