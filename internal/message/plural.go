package message

import (
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// other is the form that every language has.
const other = "other"

// forms are the plural forms of CLDR, by the names that end the keys of a family: span.days.one, span.days.other.
var forms = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many, other: plural.Other,
}

// cutForm takes the form off a key of a family. For any other key the form is empty.
func cutForm(key string) (family, form string) {
	i := strings.LastIndexByte(key, '.')
	if _, ok := forms[key[i+1:]]; i < 0 || !ok {
		return key, ""
	}
	return key[:i], key[i+1:]
}

// formFor is the form that a whole number takes.
func formFor(tag language.Tag, n int) string {
	found := plural.Cardinal.MatchPlural(tag, n%10_000_000, 0, 0, 0, 0) // no rule looks further to the left
	for name, form := range forms {
		if form == found {
			return name
		}
	}
	return other
}

// Forms lists the plural forms that a family has in a language, sorted: few, many, one, other, two, zero in Arabic, other alone in Japanese. They are
// those that whole numbers take, and other, which every language has.
func Forms(lang string) []string {
	return slices.Compact(slices.Sorted(slices.Values(append(firstForms(language.Make(lang)), other))))
}

// firstForms are the forms of the numbers from 0 to beyond where every rule has come round once.
func firstForms(tag language.Tag) (all []string) {
	for n := range 201 {
		all = append(all, formFor(tag, n))
	}
	return append(all, formFor(tag, 1000), formFor(tag, 1_000_000))
}

// single reports whether a form is for one number alone, so that its text need not say which: «a day».
func single(lang, form string) bool {
	n := 0
	for _, one := range firstForms(language.Make(lang)) {
		if one == form {
			n++
		}
	}
	return n == 1
}

// numbers are the placeholders that a text can count by.
var numbers = []string{"n", "min", "max"}

// counted is the placeholder whose number chooses the form of a family: the first of its original text. It must not depend on the order of words in a
// translation.
func (c *Catalog) counted(family string) string {
	for _, name := range placeholders(c.spoken[Fallback].texts[family+"."+other]) {
		if slices.Contains(numbers, name) {
			return name
		}
	}
	return ""
}

// formOf is the form for what is counted. A number that is not known is any number.
func formOf(tag language.Tag, counted string, args map[string]any) string {
	n, ok := args[counted].(int)
	if !ok {
		return other
	}
	return formFor(tag, n)
}
