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

// Load reads the texts that are compiled in.
func Load() (*Catalog, error) {
	c := &Catalog{texts: map[string]map[string]string{}}
	names, err := fs.Glob(files, "catalogs/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := c.add(name); err != nil {
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

func (c *Catalog) add(name string) error {
	raw, err := files.ReadFile(name)
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

// Languages lists the languages there are texts in, as BCP 47 tags.
func (c *Catalog) Languages() []string { return c.languages }

// Keys lists the keys of a language.
func (c *Catalog) Keys(lang string) []string { return slices.Sorted(maps.Keys(c.texts[lang])) }

// Match chooses the language for somebody: the first of the wanted ones that we have, otherwise what Accept-Language asks for.
func (c *Catalog) Match(acceptLanguage string, wanted ...string) string {
	const longest = 200 // a header that is longer is no wish
	wanted = append(slices.Clone(wanted), acceptLanguage[:min(len(acceptLanguage), longest)])
	_, i := language.MatchStrings(c.matcher, wanted...)
	return c.languages[i]
}

// Text is a text with its placeholders filled in. A key that there is none for is its own text: tests see to it that none is used.
func (c *Catalog) Text(lang, key string, args map[string]any) string {
	text, ok := c.texts[lang][key]
	if !ok {
		if text, ok = c.texts[Fallback][key]; !ok {
			return key
		}
	}
	for name, value := range args {
		if strings.Contains(text, "{"+name+"}") {
			text = strings.ReplaceAll(text, "{"+name+"}", fmt.Sprint(value))
		}
	}
	return text
}

// Has reports whether there is a text for a key.
func (c *Catalog) Has(lang, key string) bool {
	_, ok := c.texts[lang][key]
	return ok
}

// Span says a length of time as people do: «30 minutes», «24 hours».
func (c *Catalog) Span(lang string, d time.Duration) string {
	unit, n := "seconds", int((d+time.Second-1)/time.Second)
	switch {
	case d >= 48*time.Hour:
		unit, n = "days", int((d+24*time.Hour-1)/(24*time.Hour))
	case d >= 2*time.Hour:
		unit, n = "hours", int((d+time.Hour-1)/time.Hour)
	case d >= 2*time.Minute:
		unit, n = "minutes", int((d+time.Minute-1)/time.Minute)
	}
	if n == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return c.Text(lang, "span."+unit, map[string]any{"n": n})
}
