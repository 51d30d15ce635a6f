package message

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// testLanguages are languages that are not translated into, for what English does not need.
func testLanguages(t testing.TB) *Catalog {
	t.Helper()
	c, err := load(fstest.MapFS{
		"catalogs/en.json": {Data: []byte(`{"date.day":"{day} {month} {year}","date.month.05":"May","date.when":"{date}, {time} UTC",
			"left.one":"{who}: {n} try","left.other":"{who}: {n} tries","only.english":"English","span.days.one":"{n} day","span.days.other":"{n} days"}`)},
		"catalogs/ru.json": {Data: []byte(`{"date.day":"{day} {month} {year} г.","date.month.05":"мая","date.when":"{date}, {time} UTC",
			"left.few":"{who}: {n} попытки","left.many":"{who}: {n} попыток","left.one":"{who}: {n} попытка","left.other":"{who}: {n} попытки"}`)},
		"catalogs/ar.json": {Data: []byte(`{"span.days.few":"{n} أيام","span.days.many":"{n} يومًا","span.days.one":"يوم","span.days.other":"{n} يوم",
			"span.days.two":"يومان","span.days.zero":"{n} يوم"}`)},
		"catalogs/ja.json":    {Data: []byte(`{"date.day":"{year}年{month}{day}日","date.month.05":"5月","date.when":"{date} {time} (UTC)","span.days.other":"{n}日"}`)},
		"catalogs/ru-UA.json": {Data: []byte(`{"date.month.05":"травня"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACountChoosesThePluralFormOfItsLanguage(t *testing.T) {
	t.Parallel()
	c := testLanguages(t)
	for _, test := range []struct {
		lang, key string
		n         any
		want      string
	}{
		{"en", "left", 0, "x: 0 tries"}, {"en", "left", 1, "x: 1 try"}, {"en", "left", 2, "x: 2 tries"},
		{"ru", "left", 1, "x: 1 попытка"}, {"ru", "left", 3, "x: 3 попытки"}, {"ru", "left", 5, "x: 5 попыток"}, {"ru", "left", 11, "x: 11 попыток"}, {"ru", "left", 21, "x: 21 попытка"},
		{"ar", "span.days", 1, "يوم"}, {"ar", "span.days", 2, "يومان"}, {"ar", "span.days", 3, "3 أيام"}, {"ar", "span.days", 11, "11 يومًا"}, {"ar", "span.days", 100, "100 يوم"},
		{"ja", "span.days", 1, "1日"}, {"ja", "left", 1, "x: 1 try"}, // English has the form of English, whoever reads it
		{"ru", "left", "many", "x: many попытки"}, {"ru", "left", nil, "x: {n} попытки"},
		{"en", "only.english", 1, "English"}, {"ar", "only.english", 1, "English"},
	} {
		args := map[string]any{"who": "x"}
		if test.n != nil {
			args["n"] = test.n
		}
		if got := c.Text(test.lang, test.key, args); got != test.want {
			t.Errorf("%s %s %v: %q, want %q", test.lang, test.key, test.n, got, test.want)
		}
	}
	if keys := c.Keys("ru"); !slices.Equal(keys, []string{"date.day", "date.month.05", "date.when", "left"}) {
		t.Errorf("a family is not one key: %v", keys)
	}
	if c.Has("ar", "left") || !c.Has("ar", "span.days") || c.Has("ja", "span.days.one") {
		t.Error("what a language has is told wrongly")
	}
}

func TestEachLanguageHasTheFormsOfItsRules(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{
		"en": "one other", "de": "one other", "es": "one other", "ar": "few many one other two zero", "ja": "other", "ru": "few many one other", "fr": "one other",
		"cy": "few many one other two zero", "pt-BR": "one other", "he": "many one other two", "xx": "other",
	} {
		if got := strings.Join(Forms(lang), " "); got != want {
			t.Errorf("%s has %s, want %s", lang, got, want)
		}
	}
	for form, want := range map[string]bool{"ar one": true, "ar two": true, "ar few": false, "ru one": false, "en one": true, "fr one": false, "ja other": false, "xx none": false} {
		lang, name, _ := strings.Cut(form, " ")
		if single(lang, name) != want {
			t.Errorf("%s is for one number alone: not %v", form, want)
		}
	}
}

func TestTimesReadAsInTheirLanguage(t *testing.T) {
	t.Parallel()
	c := testLanguages(t)
	at := time.Date(2026, 5, 3, 12, 2, 59, 0, time.FixedZone("", 2*3600))
	for lang, want := range map[string]string{
		"en": "3 May 2026, 10:02 UTC", "ru": "3 мая 2026 г., 10:02 UTC", "ja": "2026年5月3日 10:02 (UTC)", "ru-UA": "3 травня 2026 г., 10:02 UTC", "": "3 May 2026, 10:02 UTC",
	} {
		if got := c.When(lang, at); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	newYear := time.Date(2026, 1, 1, 1, 0, 0, 0, time.FixedZone("", 2*3600))
	if got := english(t).Day("en", newYear); got != "31 December 2025" {
		t.Errorf("a day is not counted in UTC: %s", got)
	}
}

// A variety of a language has only what differs, and the rest of the language itself comes before English.
func TestAVarietyFallsBackToItsLanguage(t *testing.T) {
	t.Parallel()
	c := testLanguages(t)
	if got := c.Text("ru-UA", "left", map[string]any{"who": "x", "n": 5}); got != "x: 5 попыток" {
		t.Error(got)
	}
	for wanted, want := range map[string]string{"ru": "ru", "ru-UA": "ru-UA", "ru-KZ": "ru", "ar-EG": "ar", "RU": "ru", "fr": "", "xx": "", "": "", "x y": "", strings.Repeat("ru-", 20): ""} {
		if got, ok := c.Known(wanted); got != want || ok != (want != "") {
			t.Errorf("%q asks for %q, want %q", wanted, got, want)
		}
	}
	if got := c.Match("ja", "xx", "ar"); got != "ar" {
		t.Errorf("of the wishes the first that can be met is %s", got)
	}
	if got := c.Match("ja", "xx", "fr"); got != "ja" {
		t.Errorf("wishes that cannot be met hide the browser's: %s", got)
	}
}
