package message

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
)

// folder is a site's folder of texts, by file.
func folder(files map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func said(slips []Slip) string {
	var lines []string
	for _, s := range slips {
		lines = append(lines, s.Source()+": "+s.Message)
	}
	return strings.Join(lines, "\n")
}

func TestASiteSaysItInItsOwnWords(t *testing.T) {
	t.Parallel()
	ours := english(t)
	c, slips := ours.With(folder(map[string]string{
		"en.yaml":    "# our tone\r\npage.login.title: Welcome back\r\n\r\npage.login.button: \"Let me in \\\"now\\\" \\\\o/\" # cheerful\nspan.days.one: 'a day, it''s {n}'\n",
		"fr.yaml":    "\ufeffpage.language: Français\npage.login.title: \"Connexion à {site}\"\nspan.days.one: \"{n} jour\"\nspan.days.other: \"{n} jours\"",
		"en-GB.yaml": "page.language: British English\nerror.internal.title: Our mistake, sorry\n",
		"README.md":  "not read", ".hidden.yaml": "nor is: this", "..data/fr.yaml": "nor this",
	}), "messages")
	if len(slips) > 0 {
		t.Fatal(said(slips))
	}
	if got := strings.Join(c.Languages(), " "); !strings.HasPrefix(got, "en ") || !strings.Contains(got, "en-GB") || !strings.Contains(got, "fr") {
		t.Errorf("the languages are %s", got)
	}
	for _, test := range []struct{ lang, key, want string }{
		{"en", "page.login.title", "Welcome back"}, {"en", "page.login.button", `Let me in "now" \o/`}, {"en", "page.logout.button", "Sign out"},
		{"en", "span.days", "a day, it's 1"}, {"fr", "span.days", "1 jour"}, {"fr", "page.login.title", "Connexion à Acorn"}, {"fr", "page.login.button", `Let me in "now" \o/`},
		{"en-GB", "error.internal.title", "Our mistake, sorry"}, {"en-GB", "page.login.title", "Welcome back"},
	} {
		if got := c.Text(test.lang, test.key, map[string]any{"n": 1, "site": "Acorn"}); got != test.want {
			t.Errorf("%s %s: %q, want %q", test.lang, test.key, got, test.want)
		}
	}
	if c.Match("fr-CA") != "fr" || c.Name("fr") != "Français" {
		t.Error("the new language is not offered")
	}
	if ours.Text("en", "page.login.title", nil) != "Sign in" || slices.Contains(ours.Languages(), "fr") {
		t.Error("a site's texts changed ours, for every other site of the process")
	}
}

// Each is refused with its place.
func TestTextsThatCannotBeUsedAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	c := english(t)
	long := strings.Repeat("x", maxText+1)
	for text, want := range map[string]string{
		"page.login.titel: Hi":                          "there is no text «page.login.titel»; did you mean page.login.title?",
		"completely.different: Hi":                      "there is no text «completely.different»",
		"span.days: \"{n} days\"":                       "span.days counts, so it needs a text for each form of en: span.days.one and span.days.other",
		"span.days.few: \"{n} days\"":                   "en does not have the plural form few; write span.days.one and span.days.other",
		"span.days.other: days":                         "span.days.other must have {n} in it, as in «{n} days»",
		"page.login.title: \"Hello {name}\"":            "page.login.title has «{name}» in it, which is not known there; nothing is filled in",
		"mail.greeting_name: Hello":                     "mail.greeting_name must have {name} in it",
		"error.internal.title: \"{site}\"":              "error.internal.title has «{site}» in it, which is not known there",
		"error.internal.detail: \"{reference} {wait}\"": "it may have {reference}",
		"page.login.title: \"a { b\"":                   "page.login.title has a { without its }",
		"page.login.title:":                             "page.login.title is empty",
		"page.login.title: \"\"":                        "page.login.title is empty",
		"page.login.title: \"  \"":                      "page.login.title is empty",
		"page.login.title: # nothing":                   "page.login.title is empty",
		"page.login.title: " + long:                     "page.login.title has more than 1000 characters",
		"page.login.title: " + strings.Repeat(long, 20): "the line is far longer than a text may be",
		"page.login.title: \"a\x00b\"":                  "there is a control character in the line",
		"page.login.title: \"Sign \u202ein\"":           "messages/en.yaml:3: page.login.title has an invisible character in it, or one that turns",
		"page.login.title: Sign\u200bin":                "messages/en.yaml:3: page.login.title has an invisible character in it",
		"page.login.title: \"Sign \u2067in\"":           "messages/en.yaml:3: page.login.title has an invisible character in it",
		"page.login.title:\tHi":                         "there is a control character in the line; for a tab write spaces",
		"page.login.title: \"a\u2028b\"":                "there is a control character",
		"page.login.title: a\xffb":                      "the line is not UTF-8",
		"page.login.title: {n} days":                    "page.login.title: put this text into double quotes",
		"page.login.title: a: b":                        "page.login.title: put this text into double quotes",
		"page.login.title: a #b":                        "page.login.title: put this text into double quotes",
		"page.login.title: No":                          "page.login.title: put this text into double quotes",
		"page.login.title: 1":                           "page.login.title: put this text into double quotes",
		"page.login.title: *alias":                      "page.login.title: put this text into double quotes",
		"page.login.title: |":                           "page.login.title: put this text into double quotes",
		"page.login.title: \"a":                         "the quote at the beginning has none at the end of the line",
		"page.login.title: 'a":                          "the quote at the beginning has none at the end of the line",
		"page.login.title: \"a\" b":                     "there is something behind the closing quote",
		"page.login.title: \"a\\n\"":                    `a backslash is written \\ and a quote \"`,
		"page.login.title:Hi":                           "this is no text; write one text on each line",
		" page.login.title: Hi":                         "this is no text",
		"- page.login.title":                            "this is no text",
		"page:\n  login: Hi":                            "this is no text",
		"\"page.login.title\": Hi":                      "this is no text",
		"page.login.title: Hi\n\npage.login.title: Ho":  "messages/en.yaml:5: page.login.title stands in line 3 already",
		"---":                            "this is no text",
		strings.Repeat("x", maxFile):     "the file is longer than 512 KiB or 10000 lines",
		strings.Repeat("\n", maxLines+1): "the file is longer than 512 KiB or 10000 lines",
		"page.wrong: x\n" + strings.Repeat("page.x: y\n", 500): "messages/en.yaml:103: and there is more",
	} {
		_, slips := c.With(folder(map[string]string{"en.yaml": "# one\n\n" + text}), "messages/")
		if got := said(slips); !strings.Contains(got, want) || !strings.HasPrefix(got, "messages/en.yaml:") {
			t.Errorf("%.60q:\n%.300s\nwant %s", text, got, want)
		}
	}
}

func TestFilesThatCannotBeUsedAreRefused(t *testing.T) {
	t.Parallel()
	c := english(t)
	for name, test := range map[string]struct{ text, want string }{
		"xx.yaml":       {"", "xx.yaml: is not called by a language that is known"},
		"und.yaml":      {"", "und.yaml: is not called by a language that is known"},
		"français.yaml": {"", "is not called by a language that is known"},
		"pt-br.yaml":    {"", "pt-br.yaml: is to be called pt-BR.yaml"},
		"iw.yaml":       {"", "iw.yaml: is to be called he.yaml"},
		"fr.yml":        {"page.language: x", "fr.yml: is not read; call it fr.yaml"},
		"fr.yaml/x":     {"", "fr.yaml: cannot be read: it is no file"},
		"fr.yaml":       {"page.login.title: Salut", "fr.yaml: needs page.language"},
		"ru.yaml":       {"page.language: x\nspan.days.one: \"{n} x\"\nspan.days.other: \"{n} x\"", "ru.yaml: lacks span.days.few, span.days.many: a text that counts needs all forms of ru"},
		"it.yaml":       {"page.language: x\nspan.days.one: un giorno\nspan.days.other: \"{n} giorni\"\nspan.days.many: x", "it.yaml:4: it does not have the plural form many"},
		"lt.yaml":       {"page.language: x\nspan.days.one: x\nspan.days.few: \"{n}\"\nspan.days.other: \"{n}\"", "lt.yaml:2: span.days.one must have {n} in it"},
	} {
		_, slips := c.With(folder(map[string]string{name: test.text}), "messages")
		if got := said(slips); !strings.Contains(got, test.want) || strings.Contains(got, "\n") {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	_, slips := c.With(folder(map[string]string{"en.yaml": "page.x: a\npage.y: b", "fr.yaml": "page.z: c", "xx.yaml": ""}), "messages")
	if len(slips) != 4 {
		t.Errorf("not all that is wrong is told:\n%s", said(slips))
	}
	if _, slips := c.With(folder(nil), "messages"); len(slips) > 0 {
		t.Errorf("an empty folder: %s", said(slips))
	}
	many := map[string]string{}
	for i := range maxFiles + 1 {
		many[fmt.Sprintf("x%d.yaml", i)] = ""
	}
	if _, slips := c.With(folder(many), "messages"); len(slips) != maxFiles+1 {
		t.Errorf("a folder without end is read to its end: %d", len(slips))
	}
}

func TestWhatALanguageLacksIsTold(t *testing.T) {
	t.Parallel()
	c := testLanguages(t)
	for lang, want := range map[string]string{
		"en": "", "en-GB": "", "ru": "only.english span.days.few span.days.many span.days.one span.days.other", "ja": "left.other only.english",
		"ru-UA": "only.english span.days.few span.days.many span.days.one span.days.other",
	} {
		if got := strings.Join(c.Missing(lang), " "); got != want {
			t.Errorf("%s lacks %q, want %q", lang, got, want)
		}
	}
}

// FuzzOwnTexts: a file of texts is refused with the line, or each line that was read means the same to a reader of all of YAML, and no text has anything
// in it that could break a mail's header or a page.
func FuzzOwnTexts(f *testing.F) {
	for _, text := range []string{
		"", "# x", "page.login.title: Hi", "page.login.title: \"a\\\"b\\\\\" # c", "page.login.title: 'it''s'", "a.a: b\na.c: d\r\na.e: f", "a.a: b#c", "a.a: b:c", "a.a: é", "a.a: \"\U0001F600 {n}\"", "a.a: {n}", "a.a: [b]",
		"a.a: yes", "a.a: b\n---\nc: d", "a.a: &x b", "a.a: !!str b", "a.a: \"b\"#c", "a.a: b\n c", "a.a: '\"'", "a.a: \"'\"", "1: b", "true: b", "a.b: c", ".: x", "_: x", "a.a: b\u0085c", "a.a: b\u2028", "\ufeffa: b", "a.a: x\\", "a.a: x\\n",
		"null: x", "1e3: x", "a.a: \"b\" ", "a.a: b ?", "a.a: b - c", "a.a: \u00a0b", "a.a: b\u00a0", "a.a: 'b'  # 'c'", "0x1: y", "a : b", "a.a: a\ta",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 { // the other reader takes a time that grows with the square
			return
		}
		lines, wrong := readLines([]byte(text))
		for _, w := range wrong {
			if w.number < 1 || w.number > 1+strings.Count(text, "\n") || w.text == "" || len(w.text) > 10_000 {
				t.Fatalf("%d %q", w.number, w.text)
			}
		}
		mine := map[string]string{}
		for _, l := range lines {
			if unfit(l.text) == "" && (strings.ContainsAny(l.text, "\r\n\x00") || len(l.text) > 4*maxText) {
				t.Fatalf("%q", l.text)
			}
			mine[l.key] = l.text
		}
		if len(wrong) > 0 || len(lines) == 0 {
			return
		}
		var theirs map[string]string
		if err := yaml.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &theirs); err != nil || !maps.Equal(mine, theirs) {
			t.Fatalf("%q is %q to us, and to others %q %v", text, mine, theirs, err)
		}
	})
}
