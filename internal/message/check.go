package message

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/nearest"
	"github.com/gatehouse-auth/gatehouse/internal/unseen"
)

// maxText is the longest text, in characters; the longest of ours has a third of it.
const maxText = 1000

// wrong says what is wrong with a text of a language; empty: nothing. What is right is what our English says: the keys, and what is filled in. Only
// the forms of a family are the language's own.
func (c *Catalog) wrong(lang, key, text string) string {
	family, form := cutForm(key)
	original, known := c.spoken[Fallback].texts[key]
	of, isFamily := c.spoken[Fallback].texts[family+"."+other]
	switch _, counts := c.spoken[Fallback].texts[key+"."+other]; {
	case counts:
		return fmt.Sprintf("%s counts, so it needs a text for each form of %s: %s", key, lang, formKeys(key, lang))
	case form != "" && isFamily && !slices.Contains(Forms(lang), form):
		return fmt.Sprintf("%s does not have the plural form %s; write %s", lang, form, formKeys(family, lang))
	case form != "" && isFamily:
		original = of
	case !known:
		return fmt.Sprintf("there is no text %s%s", shown(key), c.nearest(key))
	}
	if wrong := unfit(text); wrong != "" {
		return key + " " + wrong
	}
	return c.filledIn(lang, key, text, original)
}

// unfit says why something can't be a text at all.
func unfit(text string) string {
	switch {
	case strings.TrimSpace(text) == "":
		return "is empty; leave the key out, and our text is shown"
	case !utf8.ValidString(text) || strings.ContainsFunc(text, control):
		return "has a control character in it; a text is one line"
	case unseen.InText(text):
		return "has an invisible character in it, or one that turns the direction of the text; type it anew instead of copying it"
	case utf8.RuneCountInString(text) > maxText:
		return fmt.Sprintf("has more than %d characters", maxText)
	case strings.Count(text, "{") != len(placeholders(text)):
		return "has a { without its }"
	}
	return ""
}

// control finds what ends a line or steers a terminal. Marks of direction and joiners are letters' company in many languages.
func control(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError || r == '\ufeff'
}

// filledIn compares what a text fills in with what the original does.
func (c *Catalog) filledIn(lang, key, text, original string) string {
	want, have := placeholders(original), placeholders(text)
	family, form := cutForm(key)
	for _, name := range want {
		// «one day» need not say which number one is.
		isCount := form != "" && name == c.counted(family) && single(lang, form)
		if !slices.Contains(have, name) && !isCount {
			return fmt.Sprintf("%s must have {%s} in it, as in «%s»", key, name, original)
		}
	}
	for _, name := range have {
		// Pages and mails know the site's name everywhere.
		site := name == "site" && (strings.HasPrefix(key, "page.") || strings.HasPrefix(key, "mail."))
		if !slices.Contains(want, name) && !site {
			return fmt.Sprintf("%s has %s in it, which is not known there; %s", key, shown("{"+name+"}"), allowed(want))
		}
	}
	return ""
}

func allowed(names []string) string {
	if len(names) == 0 {
		return "nothing is filled in"
	}
	return "it may have {" + strings.Join(names, "}, {") + "}"
}

// formKeys are the keys of a family in a language, in words.
func formKeys(family, lang string) string {
	keys := expanded(family, lang)
	last := len(keys) - 1
	if last == 0 {
		return keys[0]
	}
	return strings.Join(keys[:last], ", ") + " and " + keys[last]
}

func expanded(family, lang string) []string {
	keys := Forms(lang)
	for i, form := range keys {
		keys[i] = family + "." + form
	}
	return keys
}

// Wanted lists all keys that a complete language has, as they stand in its files.
func (c *Catalog) Wanted(lang string) (all []string) {
	for _, key := range c.Keys(Fallback) {
		if _, single := c.spoken[Fallback].texts[key]; single {
			all = append(all, key)
		} else {
			all = append(all, expanded(key, lang)...)
		}
	}
	return all
}

// Raw is what stands in a language's files under a key that [Catalog.Wanted] lists, or else what is to be translated.
func (c *Catalog) Raw(lang, key string) string {
	for _, l := range c.chain(lang) {
		if text, ok := c.spoken[l].texts[key]; ok {
			return text
		}
	}
	family, _ := cutForm(key)
	return c.spoken[Fallback].texts[family+"."+other] // a form that English does not have
}

// Missing lists the keys, as they stand in files, for which people who read a language are shown English. A variety of English lacks nothing.
func (c *Catalog) Missing(lang string) (keys []string) {
	if lang == Fallback || strings.HasPrefix(lang, Fallback+"-") {
		return nil
	}
	for _, key := range c.Wanted(lang) {
		has := func(l string) bool { _, ok := c.spoken[l].texts[key]; return ok && l != Fallback }
		if !slices.ContainsFunc(c.chain(lang), has) {
			keys = append(keys, key)
		}
	}
	return keys
}

// incomplete lists the families of a language that lack a form, with what they lack.
func incomplete(lang string, texts map[string]string) (lacking []string) {
	for key := range texts {
		if family, form := cutForm(key); form != "" {
			lacking = append(lacking, expanded(family, lang)...)
		}
	}
	slices.Sort(lacking)
	return slices.DeleteFunc(slices.Compact(lacking), func(key string) bool { _, there := texts[key]; return there })
}

// nearest is «; did you mean …?» when a key is close to what was written.
func (c *Catalog) nearest(written string) string {
	best, least := "", min(8, 2+len(written)/4)
	if len(written) > 80 { // no key of ours is as long
		return ""
	}
	for _, key := range slices.Sorted(maps.Keys(c.spoken[Fallback].texts)) {
		if d := nearest.Distance(written, key); d < least {
			best, least = key, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// shown quotes what somebody wrote, short and on one line.
func shown(written string) string {
	runes := []rune(written)
	if len(runes) > 60 {
		runes = append(runes[:60], '…')
	}
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = '\uFFFD'
		}
	}
	return "«" + string(runes) + "»"
}
