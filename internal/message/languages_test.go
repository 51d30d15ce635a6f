package message

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
	"unicode"
)

// sameAsEnglish are texts that read the same in a language as in English, by language. Names and words that were taken over are such; a sentence
// never is.
var sameAsEnglish = map[string][]string{
	"de": {"page.field.name", "date.month.04", "date.month.08", "date.month.09", "date.month.11"},
	"es": {"page.account.roles"},
}

// unfinished says what a catalogue's languages lack or have left in English.
func unfinished(c *Catalog) (all []string) {
	for _, lang := range c.Languages() {
		if missing := c.Missing(lang); len(missing) > 0 {
			all = append(all, fmt.Sprintf("%s lacks %d texts: %s", lang, len(missing), strings.Join(missing, " ")))
		}
		for key, text := range c.spoken[lang].texts {
			if why := c.wrong(lang, key, text); why != "" {
				all = append(all, lang+": "+why)
			}
			if lang != Fallback && text == c.Raw(Fallback, key) && translatable(text) && !slices.Contains(sameAsEnglish[lang], key) {
				all = append(all, fmt.Sprintf("%s: %s is left in English: «%s»", lang, key, text))
			}
		}
	}
	slices.Sort(all)
	return all
}

// translatable reports whether there is a word in a text beside what is filled in.
func translatable(text string) bool {
	for _, name := range placeholders(text) {
		text = strings.ReplaceAll(text, "{"+name+"}", "")
	}
	return strings.ContainsFunc(strings.ReplaceAll(text, "UTC", ""), unicode.IsLetter)
}

func TestEveryLanguageIsComplete(t *testing.T) {
	t.Parallel()
	for _, wrong := range unfinished(english(t)) {
		t.Error(wrong)
	}
}

// The test above can fail: in each of the ways in which a translation goes wrong.
func TestAnUnfinishedLanguageIsNoticed(t *testing.T) {
	t.Parallel()
	c, err := load(fstest.MapFS{
		"catalogs/en.json": {Data: []byte(`{"a":"one","b":"to {name}","c":"{name}","n.one":"{n} try","n.other":"{n} tries"}`)},
		"catalogs/ru.json": {Data: []byte(`{"b":"кому","c":"{name}","n.one":"{n} попытка","n.two":"{n} попытки","page.surplus":"лишнее"}`)},
		"catalogs/ja.json": {Data: []byte(`{"a":"one","b":"{name}へ","c":"{name}","n.other":"{n}回"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ja: a is left in English: «one»",
		"ru lacks 4 texts: a n.few n.many n.other",
		"ru: b must have {name} in it, as in «to {name}»",
		"ru: ru does not have the plural form two; write n.few, n.many, n.one and n.other",
		"ru: there is no text «page.surplus»",
	}
	if got := unfinished(c); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLanguagesAreWrittenInTheirDirection(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"catalogs/en.json": {Data: []byte(`{"a":"a"}`)}}
	want := map[string]string{
		"ar": "rtl", "he": "rtl", "fa": "rtl", "ur": "rtl", "ps": "rtl", "yi": "rtl", "dv": "rtl", "ckb": "rtl", "sd": "rtl", "ug": "rtl", "ar-EG": "rtl", "az-Arab": "rtl",
		"en": "ltr", "de": "ltr", "es": "ltr", "ja": "ltr", "az": "ltr", "pa": "ltr", "ru": "ltr", "zh-Hant": "ltr",
	}
	for lang := range want {
		files["catalogs/"+lang+".json"] = &fstest.MapFile{Data: []byte(`{"a":"a"}`)}
	}
	c, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	for lang, dir := range want {
		if got := c.Dir(lang); got != dir {
			t.Errorf("%s is written %s", lang, got)
		}
	}
}

// A catalogue is read by every request at once; under -race this shows that nothing of it is written.
func TestACatalogueIsReadByManyAtOnce(t *testing.T) {
	t.Parallel()
	c := testLanguages(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 200 {
				c.Match("ru-KZ,ja;q=0.5", "xx", "ar-EG")
				c.Text("ru", "left", map[string]any{"who": "x", "n": i})
				c.When("ja", time.Unix(int64(i), 0))
				c.Missing("ru-UA")
			}
		})
	}
	all.Wait()
}
