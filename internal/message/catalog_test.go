package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func english(t testing.TB) *Catalog {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// passed are the arguments that the texts of this package are given, by key.
func passed(key string) []string {
	switch {
	case key == "error.link_expired.expired.newer", key == "error.link_expired.used.newer":
		return []string{"ago", "newer_at"}
	case strings.HasPrefix(key, "error.link_expired.expired."):
		return []string{"ago"}
	case strings.HasPrefix(key, "error.link_expired.used."):
		return []string{"used_at", "device", "void_at"}
	case strings.HasPrefix(key, "error.unauthenticated."):
		return []string{"ended_at", "lasted"}
	case strings.HasPrefix(key, "error.invalid_credentials.known_device"):
		return []string{"changed_at"}
	case strings.HasPrefix(key, "error.account_disabled."):
		return []string{"closed_at", "support"}
	case key == "error.signup_closed.detail.exact":
		return []string{"domain", "wait", "reference"}
	case strings.HasPrefix(key, "error."):
		return []string{"wait", "reference"}
	case strings.HasPrefix(key, "field.password_too_short"):
		return []string{"min"}
	case strings.HasPrefix(key, "field.password_too_long"), key == "field.too_long.exact":
		return []string{"max"}
	case strings.HasPrefix(key, "field.invalid_email.") && strings.HasSuffix(key, ".exact"):
		return []string{"char"}
	case key == "field.typo":
		return []string{"suggestion"}
	case strings.HasPrefix(key, "span."):
		return []string{"n"}
	case key == "password.guessed_in":
		return []string{"span"}
	case key == "field.weak_password.exact":
		return []string{"advice"}
	case key == "date.day":
		return []string{"day", "month", "year"}
	case key == "date.when":
		return []string{"date", "time"}
	}
	return nil
}

func TestEveryRefusalHasATextThatCanBeFilledIn(t *testing.T) {
	t.Parallel()
	c := english(t)
	want := map[string]bool{}
	for code := range statuses {
		want["error."+string(code)+".title"], want["error."+string(code)+".detail"] = true, true
		for _, hint := range Hints[code] {
			want["error."+string(code)+"."+hint] = true
		}
	}
	for of, reasons := range Reasons {
		for _, reason := range reasons {
			want["error."+of+"."+reason] = true
		}
	}
	for _, code := range FieldCodes {
		want["field."+code] = true
		for _, reason := range FieldReasons[code] {
			want["field."+code+"."+reason] = true
		}
	}
	for key := range want {
		if text := c.Text("en", key, nil); text == key || strings.TrimSpace(text) == "" {
			t.Errorf("%s has no text", key)
		}
	}
	for _, key := range c.Keys("en") {
		mine := strings.HasPrefix(key, "error.") || strings.HasPrefix(key, "field.")
		if mine && !want[strings.TrimSuffix(key, ".exact")] {
			t.Errorf("the text %s belongs to nothing", key)
		}
		if strings.HasPrefix(key, "page.") || strings.HasPrefix(key, "mail.") {
			continue // their own tests know what they pass
		}
		text, _ := c.find("en", key, nil)
		for _, name := range placeholders(text) {
			if !slices.Contains(passed(key), name) {
				t.Errorf("%s: nobody fills in {%s}", key, name)
			}
		}
	}
}

// What is translated must say the same: the same placeholders, no key of its own.
func TestEveryLanguageFillsInTheSame(t *testing.T) {
	t.Parallel()
	c := english(t)
	for _, lang := range c.Languages() {
		for _, key := range c.Keys(lang) {
			text, _ := c.find(lang, key, nil)
			of, _ := c.find(Fallback, key, nil)
			names, original := placeholders(text), placeholders(of)
			slices.Sort(names)
			slices.Sort(original)
			if !c.Has(Fallback, key) || !slices.Equal(slices.Compact(names), slices.Compact(original)) {
				t.Errorf("%s %s fills in %v, the original %v", lang, key, names, original)
			}
		}
	}
}

func TestTheFilesOfTextsAreSortedAndSayNothingTwice(t *testing.T) {
	t.Parallel()
	names, _ := fs.Glob(files, "catalogs/*.json")
	if len(names) == 0 {
		t.Fatal("there are none")
	}
	for _, name := range names {
		raw, _ := files.ReadFile(name)
		dec := json.NewDecoder(bytes.NewReader(raw))
		_, _ = dec.Token() // {
		last := ""
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				t.Fatal(name, err)
			}
			if key.(string) <= last {
				t.Errorf("%s: %s comes after %s", name, key, last)
			}
			last = key.(string)
			_, _ = dec.Token()
		}
	}
}

func TestFilesOfOneLanguageAreOneCatalogue(t *testing.T) {
	t.Parallel()
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	c, err := load(fstest.MapFS{
		"catalogs/de.json": file(`{"a":"eins"}`), "catalogs/en.json": file(`{"a":"one"}`), "catalogs/en.mail.json": file(`{"b":"two"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.Languages()) + c.Text("de", "a", nil) + c.Text("en", "b", nil) + c.Text("de", "b", nil) + c.Text("", "c", nil); got != "[en de]einstwotwoc" {
		t.Error(got)
	}
	for accept, want := range map[string]string{"": "en", "de": "de", "de-AT,en;q=0.5": "de", "fr": "en", "en-GB, de": "en", ";;q=,": "en"} {
		if got := c.Match(accept); got != want {
			t.Errorf("who accepts %q gets %s, want %s", accept, got, want)
		}
	}
	if got := c.Match("en", "de"); got != "de" {
		t.Errorf("who chose German gets %s", got)
	}
	if got := c.Match("de," + strings.Repeat("fr;q=0.1,", 100_000)); got != "de" {
		t.Errorf("of a long header the first wish is lost: %s", got)
	}
	for name, broken := range map[string]fstest.MapFS{
		"a key in two files": {"catalogs/en.json": file(`{"a":"1"}`), "catalogs/en.x.json": file(`{"a":"2"}`)},
		"no JSON":            {"catalogs/en.json": file(`{`)},
		"no text":            {"catalogs/en.json": file(`{"a":1}`)},
	} {
		if _, err := load(broken); err == nil || !strings.Contains(err.Error(), "catalogs/en") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Names are typed by strangers: what looks like a placeholder in one stays what it is.
func TestWhatSomebodyTypedIsNotFilledInAgain(t *testing.T) {
	t.Parallel()
	c, err := load(fstest.MapFS{"catalogs/en.json": {Data: []byte(`{"hello":"Hello {name}, go to {link} {"}`)}})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // the order of a map is another each time
		got := c.Text("en", "hello", map[string]any{"name": "{link}", "link": "{name}"})
		if want := "Hello {link}, go to {name} {"; got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	if got := c.Text("en", "hello", nil); got != "Hello {name}, go to {link} {" {
		t.Errorf("without arguments: %q", got)
	}
}

func TestALengthOfTimeIsSaidAsPeopleDo(t *testing.T) {
	t.Parallel()
	c := english(t)
	for d, want := range map[time.Duration]string{
		time.Second: "1 second", 41_200 * time.Millisecond: "42 seconds", 30 * time.Minute: "30 minutes", time.Hour: "1 hour", time.Minute: "1 minute",
		90 * time.Minute: "90 minutes", 61 * time.Second: "61 seconds", 0: "0 seconds",
		24 * time.Hour: "24 hours", 7 * 24 * time.Hour: "7 days",
	} {
		if got := c.Span("en", d); got != want {
			t.Errorf("%v is said as %q, want %q", d, got, want)
		}
	}
}
