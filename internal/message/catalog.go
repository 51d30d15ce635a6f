package message

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
)

//go:embed catalogs/*.json
var files embed.FS

// Catalog holds all texts in all languages. It is read only.
type Catalog struct {
	languages []string
	matcher   language.Matcher
	texts     map[string]map[string]string // language → key → text
}

// Fallback is the language of a text that the wanted language lacks.
const Fallback = "en"

// Load reads the texts that are compiled in. Texts of one language may lie in several files; a key in two of them is an error.
func Load() (*Catalog, error) { return load(files) }

func load(from fs.FS) (*Catalog, error) {
	c := &Catalog{texts: map[string]map[string]string{}}
	names, err := fs.Glob(from, "catalogs/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := c.add(from, name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	c.languages = slices.Sorted(maps.Keys(c.texts))
	// The matcher falls back to the first of its list.
	c.languages = append([]string{Fallback}, slices.DeleteFunc(c.languages, func(l string) bool { return l == Fallback })...)
	tags := make([]language.Tag, len(c.languages))
	for i, l := range c.languages {
		tags[i] = language.Make(l)
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

func (c *Catalog) add(from fs.FS, name string) error {
	raw, err := fs.ReadFile(from, name)
	if err != nil {
		return err
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return err
	}
	lang, _, _ := strings.Cut(strings.TrimPrefix(name, "catalogs/"), ".")
	if c.texts[lang] == nil {
		c.texts[lang] = map[string]string{}
	}
	for key, text := range texts {
		if _, twice := c.texts[lang][key]; twice {
			return fmt.Errorf("the key %q is in another file too", key)
		}
		c.texts[lang][key] = text
	}
	return nil
}

// Languages lists the languages there are texts in, as BCP 47 tags, the fallback first.
func (c *Catalog) Languages() []string { return slices.Clone(c.languages) }

// Keys lists the keys of a language.
func (c *Catalog) Keys(lang string) []string { return slices.Sorted(maps.Keys(c.texts[lang])) }

// Match chooses the language for somebody: the first of the wanted ones that we have, otherwise what Accept-Language asks for, otherwise
// the fallback.
func (c *Catalog) Match(acceptLanguage string, wanted ...string) string {
	const longest = 200 // the head of a header that is longer holds the wishes that count
	if len(acceptLanguage) > longest {
		acceptLanguage = acceptLanguage[:longest]
		acceptLanguage = acceptLanguage[:max(0, strings.LastIndexByte(acceptLanguage, ','))]
	}
	_, i := language.MatchStrings(c.matcher, append(slices.Clone(wanted), acceptLanguage)...)
	return c.languages[i]
}

// Text is a text with its placeholders filled in: strings and numbers as they are, a time.Time to the minute in UTC, a time.Duration as
// [Catalog.Span]. A key that there is none for is its own text: tests see to it that none is used.
func (c *Catalog) Text(lang, key string, args map[string]any) string {
	text, ok := c.texts[lang][key]
	if !ok {
		if text, ok = c.texts[Fallback][key]; !ok {
			return key
		}
	}
	return c.fill(lang, text, args)
}

// Has reports whether there is a text for a key.
func (c *Catalog) Has(lang, key string) bool {
	_, ok := c.texts[lang][key]
	return ok
}

// closest is the text <key>.exact if there is one and all that it needs is known, otherwise the text of the key itself.
func (c *Catalog) closest(lang, key string, args map[string]any) string {
	if !c.Has(lang, key) {
		lang = Fallback
	}
	exact, ok := c.texts[lang][key+".exact"]
	if !ok {
		return c.Text(lang, key, args)
	}
	for _, name := range placeholders(exact) {
		value, known := args[name]
		if at, isTime := value.(time.Time); !known || isTime && at.IsZero() {
			return c.Text(lang, key, args)
		}
	}
	return c.fill(lang, exact, args)
}

// fill goes through a text once, so that a value in which somebody typed {link} or the like stays what they typed.
func (c *Catalog) fill(lang, text string, args map[string]any) string {
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		b.WriteString(before)
		if !open || !closed {
			b.WriteString(text[len(before):])
			return b.String()
		}
		switch value := args[name].(type) {
		case nil:
			b.WriteString("{")
			after = rest
		case time.Time:
			b.WriteString(value.UTC().Format("2006-01-02 15:04 UTC"))
		case time.Duration:
			b.WriteString(c.Span(lang, value))
		default:
			fmt.Fprint(&b, value)
		}
		text = after
	}
}

func placeholders(text string) (names []string) {
	for _, part := range strings.Split(text, "{")[1:] {
		if name, _, closed := strings.Cut(part, "}"); closed {
			names = append(names, name)
		}
	}
	return names
}

// Span says a length of time as people do: «42 seconds», «1 hour», «24 hours», «7 days»; rounded up.
func (c *Catalog) Span(lang string, d time.Duration) string {
	unit, n := "seconds", int((d+time.Second-1)/time.Second)
	switch {
	case d >= 48*time.Hour:
		unit, n = "days", int((d+24*time.Hour-1)/(24*time.Hour))
	case d >= 2*time.Hour, d == time.Hour:
		unit, n = "hours", int((d+time.Hour-1)/time.Hour)
	case d >= 2*time.Minute, d == time.Minute:
		unit, n = "minutes", int((d+time.Minute-1)/time.Minute)
	}
	if n == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return c.Text(lang, "span."+unit, map[string]any{"n": n})
}
