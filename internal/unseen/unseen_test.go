package unseen

import "testing"

// Joiners and marks of direction are company of letters; what turns whole lines, or is there to be overlooked, is not.
func TestWhatIsUnseenIsFound(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]struct{ in, inText bool }{
		"": {}, "Acorn": {}, "می\u200cخواهم": {}, "👩\u200d🚀": {}, "a\u200eb\u200f": {}, "日本語 é": {},
		"a\u202ab": {true, true}, "a\u202bb": {true, true}, "a\u202cb": {true, true}, "a\u202db": {true, true}, "Acorn \u202emoc.knab": {true, true},
		"a\u200bb": {true, true}, "\ufeffa": {true, true}, "a\u2060b": {true, true}, "a\u00adb": {true, true}, "a\u061cb": {true, true}, "a\U000e0041b": {true, true},
		"a \u2066b\u2069": {true, false}, "\u2067a \u2068b\u2069\u2069": {true, false},
		"a\u2066b": {true, true}, "a\u2069b": {true, true}, "a\u2069b\u2066": {true, true}, "\u2067\u2068a\u2069": {true, true},
	} {
		if In(line) != want.in || InText(line) != want.inText {
			t.Errorf("%+q: %v in a name, %v in a text, want %v", line, In(line), InText(line), want)
		}
	}
}
