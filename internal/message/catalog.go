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
	spoken    map[string]spoken // by language
}

// spoken is one language.
type spoken struct {
	texts map[string]string // by key
	tag   language.Tag
	chain []string // where its texts are looked for: in itself, in what it is a variety of (de for de-AT), in the fallback
}

// Fallback is the language of a text that the wanted language lacks.
const Fallback = "en"

// Load reads the texts that are compiled in. Texts of one language may lie in several files; a key in two of them is an error.
func Load() (*Catalog, error) { return load(files) }

func load(from fs.FS) (*Catalog, error) {
	names, err := fs.Glob(from, "catalogs/*.json")
	if err != nil {
		return nil, err
	}
	texts := map[string]map[string]string{}
	for _, name := range names {
		if err := add(texts, from, name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return catalogOf(texts), nil
}

func add(all map[string]map[string]string, from fs.FS, name string) error {
	raw, err := fs.ReadFile(from, name)
	if err != nil {
		return err
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return err
	}
	lang, _, _ := strings.Cut(strings.TrimPrefix(name, "catalogs/"), ".")
	if all[lang] == nil {
		all[lang] = map[string]string{}
	}
	for key, text := range texts {
		if _, twice := all[lang][key]; twice {
			return fmt.Errorf("the key %q is in another file too", key)
		}
		all[lang][key] = text
	}
	return nil
}

// catalogOf makes a catalogue of texts by language and key.
func catalogOf(texts map[string]map[string]string) *Catalog {
	c := &Catalog{languages: slices.Sorted(maps.Keys(texts)), spoken: map[string]spoken{}}
	// The matcher falls back to the first of its list.
	c.languages = append([]string{Fallback}, slices.DeleteFunc(c.languages, func(l string) bool { return l == Fallback })...)
	tags := make([]language.Tag, len(c.languages))
	for i, l := range c.languages {
		tags[i] = language.Make(l)
		one := spoken{texts: texts[l], tag: tags[i], chain: []string{l}}
		for up := tags[i].Parent(); !up.IsRoot(); up = up.Parent() {
			if _, ok := texts[up.String()]; ok {
				one.chain = append(one.chain, up.String())
			}
		}
		if !slices.Contains(one.chain, Fallback) {
			one.chain = append(one.chain, Fallback)
		}
		c.spoken[l] = one
	}
	c.matcher = language.NewMatcher(tags)
	return c
}

// Languages lists the languages there are texts in, as BCP 47 tags, the fallback first.
func (c *Catalog) Languages() []string { return slices.Clone(c.languages) }

// Name is a language's own name.
func (c *Catalog) Name(lang string) string { return c.Text(lang, "page.language", nil) }

// rightToLeft are the scripts that are written from right to left.
var rightToLeft = []string{"Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}

// Dir is the direction in which a language is written, as HTML has it: ltr or rtl.
func (c *Catalog) Dir(lang string) string {
	script, _ := c.spoken[lang].tag.Script()
	if slices.Contains(rightToLeft, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// Keys lists the keys of a language, each as the code asks for it: a family of plural forms is one key.
func (c *Catalog) Keys(lang string) []string {
	keys := make([]string, 0, len(c.spoken[lang].texts))
	for key := range c.spoken[lang].texts {
		family, _ := cutForm(key)
		keys = append(keys, family)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Match chooses the language for somebody: the first of the wanted ones that we have, otherwise what Accept-Language asks for, otherwise
// the fallback.
func (c *Catalog) Match(acceptLanguage string, wanted ...string) string {
	for _, tag := range wanted {
		if lang, ok := c.Known(tag); ok {
			return lang
		}
	}
	const longest = 200 // the head of a header that is longer holds the wishes that count
	if len(acceptLanguage) > longest {
		acceptLanguage = acceptLanguage[:longest]
		acceptLanguage = acceptLanguage[:max(0, strings.LastIndexByte(acceptLanguage, ','))]
	}
	_, i := language.MatchStrings(c.matcher, acceptLanguage)
	return c.languages[i]
}

// Known is the language of ours that a tag asks for: de for de-AT. A tag that is none, or of a language that nothing of ours is close to, asks for
// nothing.
func (c *Catalog) Known(tag string) (lang string, ok bool) {
	const longest = 35 // RFC 5646, section 4.4.1
	if tag == "" || len(tag) > longest {
		return "", false
	}
	if _, ours := c.spoken[tag]; ours {
		return tag, true
	}
	parsed, err := language.Parse(tag)
	if err != nil {
		return "", false
	}
	_, i, confidence := c.matcher.Match(parsed)
	base, _ := parsed.Base()
	// «Who reads this often reads that too» is a guess, and the next wish is none; for English the fallback guesses it last of all.
	if confidence < language.High || i == 0 && base.String() != Fallback {
		return "", false
	}
	return c.languages[i], true
}

// Texts are the texts of one language, by key and arguments.
type Texts func(key string, args map[string]any) string

// Said is an argument that is made of texts itself: what it says depends on the language, which is known only where it is said.
type Said func(Texts) string

// Text is a text with its placeholders filled in: strings and numbers as they are, a time.Time as [Catalog.When], a time.Duration as
// [Catalog.Span]. Of a family of plural forms it is the one for the number that the text counts. A key that there is none for is its own text:
// tests see to it that none is used.
func (c *Catalog) Text(lang, key string, args map[string]any) string {
	for _, l := range c.chain(lang) {
		if text, ok := c.find(l, key, args); ok {
			return c.fill(lang, text, args)
		}
	}
	return key
}

// Has reports whether there is a text for a key in a language itself.
func (c *Catalog) Has(lang, key string) bool {
	_, ok := c.find(lang, key, nil)
	return ok
}

// chain are the languages that a text is looked for in.
func (c *Catalog) chain(lang string) []string {
	if one, ok := c.spoken[lang]; ok {
		return one.chain
	}
	return []string{Fallback}
}

// find is a text of one language, without looking any further.
func (c *Catalog) find(lang, key string, args map[string]any) (text string, ok bool) {
	one := c.spoken[lang]
	if text, ok = one.texts[key]; ok {
		return text, true
	}
	if other, isFamily := one.texts[key+"."+other]; isFamily {
		if text, ok = one.texts[key+"."+formOf(one.tag, c.counted(key), args)]; ok {
			return text, true
		}
		return other, true
	}
	return "", false
}

// closest is the text <key>.exact if there is one and all that it needs is known, otherwise the text of the key itself. Both are of one language: a
// sentence that tells less is better than one that is not understood.
func (c *Catalog) closest(lang, key string, args map[string]any) string {
	for _, l := range c.chain(lang) {
		if !c.Has(l, key) {
			continue
		}
		if exact, ok := c.find(l, key+".exact", args); ok && allKnown(exact, args) {
			return c.fill(lang, exact, args)
		}
		break
	}
	return c.Text(lang, key, args)
}

func allKnown(text string, args map[string]any) bool {
	for _, name := range placeholders(text) {
		value, known := args[name]
		if at, isTime := value.(time.Time); !known || isTime && at.IsZero() {
			return false
		}
	}
	return true
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
			b.WriteString(c.When(lang, value))
		case time.Duration:
			b.WriteString(c.Span(lang, value))
		case Said:
			b.WriteString(value(func(key string, args map[string]any) string { return c.Text(lang, key, args) }))
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
