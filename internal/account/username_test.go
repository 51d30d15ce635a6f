package account

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/store"
	"golang.org/x/text/unicode/norm"
)

func TestUsernamesAreReadInAnyOneScript(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"mike": "mike", "Mike": "mike", " MIKE\n": "mike", "mike_b.2-x": "mike_b.2-x", "2nd": "2nd", "007": "007",
		"Jürgen": "jürgen", "ju\u0308rgen": "jürgen", "Straße": "straße", "ΣΊΣΥΦΗ": "σίσυφη", "Иван": "иван", "דניאל": "דניאל", "山田たろう": "山田たろう", "カーソル": "カーソル",
		"김철수": "김철수", "नीता": "नीता", "ｍｉｋｅ": "mike",
	} {
		id, err := ParseUsername(typed)
		if err != nil || id.Canonical != want || id.Kind != store.KindUsername {
			t.Errorf("%q: %+v, %v, want %q", typed, id, err, want)
		}
	}
}

// I-139, I-140: the canonical form of the canonical form is the canonical form (Spotify 2013), and letters that only look alike are others.
func TestAUsernameIsNeverSomebodyElses(t *testing.T) {
	t.Parallel()
	for typed, victim := range map[string]string{
		"ᴮᴵᴳᴮᴵᴿᴰ": "bigbird", "ᵇigbird": "bigbird", "🅱igbird": "bigbird", "ʙɪɢʙɪʀᴅ": "bigbird", "ⓑigbird": "bigbird", "𝐛igbird": "bigbird",
		"mıke": "mike", "mİke": "mike", "mi\u0307ke": "mike", "mi\u043ae": "mike", "straße": "strasse", "ſtraße": "strasse", "ﬁsh": "fish",
		"mike\u200b": "mike", "mi\u00adke": "mike", "mi\u034fke": "mike", "mike\ufe0f": "mike", "m²ike": "m2ike",
	} {
		id, err := ParseUsername(typed)
		if err == nil && id.Canonical == victim {
			t.Errorf("%q is taken for %s", typed, victim)
		}
		if again, err2 := ParseUsername(id.Canonical); err == nil && (err2 != nil || again.Canonical != id.Canonical) {
			t.Errorf("%q is %q, which is %q (%v)", typed, id.Canonical, again.Canonical, err2)
		}
	}
	refused(t, ParseUsername, "ᴮᴵᴳᴮᴵᴿᴰ", "invalid_username")
	// The Kelvin sign is the letter K in Unicode's own eyes: whoever types it means K, and finds the name taken.
	if id, err := ParseUsername("mi\u212ae"); err != nil || id.Canonical != "mike" {
		t.Error(id, err)
	}
}

// I-141.
func TestWhatIsNoUsernameIsRefused(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"ab", strings.Repeat("a", 33), strings.Repeat("ü", 33), "a@b", "a b", "a\tb", "abc\x00", "a\nbc", "abc\x7f", "a\u200bbc", "a\u202ebc", "\ufeffabc", "a\u200dbc", "\xffabc",
		"_abc", "abc_", "a__b", "a.-b", ".abc", "abc.", "-abc", "...", "___", "a/b", "a\\b", "a%b", "<b>x", "a'b", "a,b", "a;b",
		"m\u0430ike" /* Cyrillic а in Latin */, "иvan", "mikeα", "mike\u0903" /* a Devanagari sign on Latin */, "q\u0301\u0323\u0302bc", "\u0301abc", "a.\u0301bc",
		"abc١", "١abc", "😀😀😀", "a\u3164b", "\u115f\u1160abc",
		strings.Repeat("\u0301", 10_000), "a" + strings.Repeat("\u0301", 10_000), strings.Repeat("a\u0301", 10_000), strings.Repeat("山", 100_000), "a" + strings.Repeat(".a", 32_000),
	} {
		refused(t, ParseUsername, typed, "invalid_username")
	}
	for _, typed := range []string{"", " ", "\n"} {
		refused(t, ParseUsername, typed, "required")
	}
	if _, err := ParseUsername(strings.Repeat("ü", 32)); err != nil {
		t.Error("32 code points:", err)
	}
}

// The law of usernames, with a second opinion on scripts.
func FuzzUsername(f *testing.F) {
	for _, seed := range []string{
		"Mike", "ᴮᴵᴳᴮᴵᴿᴰ", "ΣΊΣΥΦΟΣ", "山田たろう", "ju\u0308rgen", "mi\u212ae", "ｍｉｋｅ", "a.b_c-d", "mike\u0903", "नीता", "דניאל", "İstanbul", "ǅabc", "Ω\u0345abc", "abc١٢",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		id, err := ParseUsername(typed)
		if err != nil {
			return
		}
		for _, spelling := range []string{id.Canonical, id.AsTyped} {
			if again, err := ParseUsername(spelling); err != nil || again.Canonical != id.Canonical {
				t.Fatalf("%q is %q, but %q is %q (%v)", typed, id.Canonical, spelling, again.Canonical, err)
			}
		}
		if n := utf8.RuneCountInString(id.Canonical); n < 3 || n > 32 || strings.Contains(id.Canonical, "@") || !norm.NFC.IsNormalString(id.Canonical) {
			t.Fatalf("%q is %q", typed, id.Canonical)
		}
		if scripts := scriptsOf(id.Canonical); len(scripts) > 1 {
			t.Fatalf("%q is %q in %v", typed, id.Canonical, scripts)
		}
		if strings.ContainsFunc(id.Canonical, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.IsUpper(r) }) {
			t.Fatalf("%q is %q", typed, id.Canonical)
		}
	})
}

func scriptsOf(s string) (all []string) {
	for _, r := range s {
		for name, table := range unicode.Scripts {
			if name == "Hiragana" || name == "Katakana" {
				name = "Han"
			}
			if name != "Common" && name != "Inherited" && unicode.Is(table, r) && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}
