package account

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestNamesOfPeopleAreTaken(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"": "", "  ": "", "Ada Lovelace": "Ada Lovelace", " Ada \r\n": "Ada", "Jose\u0301": "José", "O’Hara-Smith, Jr.": "O’Hara-Smith, Jr.", "X Æ A-12": "X Æ A-12",
		"山田　太郎": "山田 太郎", "Ada\u00a0L.": "Ada L.", "नीता": "नीता", "أحمد": "أحمد", "می\u200cخواهم": "می\u200cخواهم", "क\u094d\u200dष": "क\u094d\u200dष",
		"Ada 👩\u200d🚀": "Ada 👩\u200d🚀", "Ada ❤\ufe0f": "Ada ❤\ufe0f", "Nguyễn": "Nguyễn", "<b>Ada</b>": "<b>Ada</b>", // escaped where it is shown
		strings.Repeat("𝔸", 100): strings.Repeat("𝔸", 100),
	} {
		if got, err := CleanName(typed); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", typed, got, err, want)
		}
	}
}

// I-141, I-150: nothing that starts a line, turns or hides text, or stacks up; said at once.
func TestWhatIsNoNameIsRefused(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"a\x00", "a\nb", "a\r\nBcc: c@d.example", "a\tb", "a\u2028b", "a\u2029b", "a\u0085b", "a\x7fb", "a\x1b[31m", "\xff", "a\u202eb", "a\u2066b", "a\u200fb",
		"a\u200bb", "\ufeffa", "a\u2060b", "a\u00adb", "adm\u200din", "adm\u200cin", "\u200d", "\u200c\u200d", "é\u200d\u200d", "é\u200d", "\u3164", "\u115f", "a\u034fb", "\u0301", "a \u0301",
		"q\u0301\u0302\u0303\u0304\u0305", "\ue000", "\U000e0041", "\ufffe", "a" + strings.Repeat("\u0301", 200),
	} {
		refused(t, CleanName, typed, "invalid_characters")
	}
	for _, typed := range []string{
		strings.Repeat("a", 101), strings.Repeat("é", 101), "a" + strings.Repeat("\u0301", 10_000), strings.Repeat("\u0301", 10_000), strings.Repeat("a", 1<<20),
	} {
		refused(t, CleanName, typed, "too_long")
	}
}

// The law of names: what comes out is normal, printable, has an end, and is its own clean form.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"Jose\u0301", "山田　太郎", "a\u202eb", "می\u200cخواهم", "👩\u200d🚀", "q\u0301\u0302\u0303\u0304\u0305", "\u3164", " \u0301", "a\r\nb", "\u2000", "é\u200d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		s, err := CleanName(typed)
		if err != nil {
			return
		}
		if again, err := CleanName(s); err != nil || again != s {
			t.Fatalf("%q is %q, which is %q (%v)", typed, s, again, err)
		}
		if !norm.NFC.IsNormalString(s) || strings.TrimSpace(s) != s || utf8.RuneCountInString(s) > 100 {
			t.Fatalf("%q is %q", typed, s)
		}
		seen := false
		for _, r := range s {
			if !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d' {
				t.Fatalf("%q is %q", typed, s)
			}
			seen = seen || unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S)
		}
		if s != "" && !seen {
			t.Fatalf("%q is %q: nothing to see", typed, s)
		}
	})
}
