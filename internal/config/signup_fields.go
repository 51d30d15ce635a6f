package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/unseen"
	"golang.org/x/text/language"
)

// SignupFields are what a site asks for at sign-up beside what Gatehouse asks itself, in the order of the page.
type SignupFields []SignupField

// SignupField is one of them.
type SignupField struct {
	Name     string // in JSON, in exports and in the store
	Kind     string // FieldText, FieldChoice or FieldConsent
	Label    Label
	Required bool
	Max      int            // of a text: its greatest length in code points; 0 is 100
	Options  []SignupOption // of a choice
	Link     string         // of a consent: what is agreed to
	Version  string         // of a consent: which wording is agreed to
}

// SignupOption is what may be chosen.
type SignupOption struct {
	Value string // what is kept
	Label Label
}

// The kinds of field.
const (
	FieldText    = "text"
	FieldChoice  = "choice"
	FieldConsent = "consent"
)

// Label is a text by language tag; the one under "" is for all languages that have none.
type Label map[string]string

// In is the label in a language, or in the nearest that there is.
func (l Label) In(tag string) string {
	for ; tag != ""; tag = tag[:max(0, strings.LastIndexByte(tag, '-'))] {
		if text, ok := l[tag]; ok {
			return text
		}
	}
	for _, tag := range append([]string{"", "en"}, slices.Sorted(maps.Keys(l))...) {
		if text, ok := l[tag]; ok {
			return text
		}
	}
	return ""
}

// Named finds a field.
func (all SignupFields) Named(name string) (SignupField, bool) {
	i := slices.IndexFunc(all, func(f SignupField) bool { return f.Name == name })
	if i < 0 {
		return SignupField{}, false
	}
	return all[i], true
}

// MaxLength is the greatest length of a text in code points.
func (f SignupField) MaxLength() int {
	if f.Max == 0 {
		return 100
	}
	return f.Max
}

// Has reports whether a value is one of those that may be chosen.
func (f SignupField) Has(value string) bool {
	return slices.ContainsFunc(f.Options, func(o SignupOption) bool { return o.Value == value })
}

// What can be declared. Nobody fills in a form with more fields, and all values together must fit into one request.
const (
	maxSignupFields = 20
	maxOptions      = 50
	maxFieldText    = 500
	maxLabel        = 300
)

var (
	fieldName   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	optionValue = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	versionWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)
)

// ownNames are the names of our own fields and of the members of user, beside which another meaning would only confuse.
var ownNames = []string{
	"created_at", "email", "email_verified", "fields", "id", "identifier", "locale", "name", "password", "permissions", "return_to", "roles", "state",
	"token", "transport", "username",
}

func readSignupFields(n *nest, t tree) (all SignupFields) {
	for i, item := range n.list("", "it", t) {
		path := strconv.Itoa(i)
		keys := n.keys(path, entryOf(i, ""), item, "name", "kind", "label", "required", "max", "options", "link", "version")
		f := SignupField{Name: n.text("name", keys["name"])}
		what := func(key string) string { return entryOf(i, f.Name) + ": " + key }
		f.Kind, f.Label = n.text(what("kind"), keys["kind"]), readLabel(n, under(path, "label"), what("label"), keys["label"])
		f.Required, f.Max = n.truth(what("required"), keys["required"]), n.number(what("max"), keys["max"], 1, maxFieldText)
		f.Link, f.Version = n.text(what("link"), keys["link"]), n.text(what("version"), keys["version"])
		if options, ok := keys["options"]; ok {
			f.Options = readOptions(n, under(path, "options"), what("options"), options)
		}
		all = append(all, f)
	}
	return all
}

func readOptions(n *nest, path, what string, t tree) []SignupOption {
	all := []SignupOption{} // also where there are none: a text must not have that key at all
	for i, item := range n.list(path, what, t) {
		one := under(path, strconv.Itoa(i))
		keys := n.keys(one, fmt.Sprintf("%s, entry %d,", what, i+1), item, "value", "label")
		all = append(all, SignupOption{
			Value: n.text(what+": value", keys["value"]),
			Label: readLabel(n, under(one, "label"), what+": label", keys["label"]),
		})
	}
	return all
}

// readLabel takes one text for all languages, or one for each.
func readLabel(n *nest, path, what string, t tree) Label {
	if t.keys == nil {
		if text := n.text(what, t); text != "" {
			return Label{"": text}
		}
		return nil
	}
	l := Label{}
	for tag, text := range n.keys(path, what, t) {
		l[tag] = n.text(what, text)
	}
	return l
}

// entryOf is what a field is called in a message.
func entryOf(i int, name string) string {
	if name == "" || len(name) > 32 {
		return fmt.Sprintf("field %d", i+1)
	}
	return fmt.Sprintf("field %d (%s)", i+1, quoted(name))
}

func (v *check) signupFields() {
	all := v.config.SignupFields
	if len(all) > maxSignupFields {
		v.inside("signup-fields", strconv.Itoa(maxSignupFields), fmt.Sprintf("has %d fields; it may have at most %d", len(all), maxSignupFields))
	}
	for i, f := range all[:min(len(all), maxSignupFields)] {
		wrong := func(key, message string) {
			v.inside("signup-fields", under(strconv.Itoa(i), key), entryOf(i, f.Name)+": "+message)
		}
		switch {
		case f.Name == "":
			wrong("", "has no name")
		case !fieldName.MatchString(f.Name):
			wrong("name", "name "+quoted(f.Name)+" cannot be used; write up to 32 lower-case letters, digits and underscores, a letter first")
		case slices.Contains(ownNames, f.Name):
			wrong("name", "name is one of Gatehouse's own; choose another")
		case slices.ContainsFunc(all[:i], func(other SignupField) bool { return other.Name == f.Name }):
			wrong("name", "another field has this name already")
		}
		f.checkLabel("label", f.Label, wrong)
		f.checkKind(wrong)
	}
}

// checkKind checks what only some kinds have.
func (f SignupField) checkKind(wrong func(key, message string)) {
	kinds := []string{FieldText, FieldChoice, FieldConsent}
	switch {
	case f.Kind == "":
		wrong("", "has no kind; it may be "+joined(kinds, "or"))
		return
	case !slices.Contains(kinds, f.Kind):
		wrong("kind", "kind "+quoted(f.Kind)+" is not known; it may be "+joined(kinds, "or"))
		return
	}
	belongs := func(kind, key string, given bool) {
		if given && f.Kind != kind {
			wrong(key, fmt.Sprintf("only a %s has %s, and this is a %s", kind, key, f.Kind))
		}
	}
	belongs(FieldText, "max", f.Max != 0)
	belongs(FieldChoice, "options", f.Options != nil)
	belongs(FieldConsent, "link", f.Link != "")
	belongs(FieldConsent, "version", f.Version != "")
	switch f.Kind {
	case FieldText:
		if f.Max < 0 || f.Max > maxFieldText {
			wrong("max", fmt.Sprintf("max %d is not a number from 1 to %d", f.Max, maxFieldText))
		}
	case FieldChoice:
		f.checkOptions(wrong)
	case FieldConsent:
		f.checkConsent(wrong)
	}
}

func (f SignupField) checkOptions(wrong func(key, message string)) {
	if n := len(f.Options); n < 1 || n > maxOptions {
		wrong("options", fmt.Sprintf("has %d options; a choice has 1 to %d", n, maxOptions))
		return
	}
	for i, o := range f.Options {
		path := "options." + strconv.Itoa(i)
		switch {
		case !optionValue.MatchString(o.Value):
			wrong(path+".value", "value "+quoted(o.Value)+" cannot be used; write up to 64 letters, digits, dots, dashes and underscores, a letter or digit first")
		case slices.ContainsFunc(f.Options[:i], func(other SignupOption) bool { return other.Value == o.Value }):
			wrong(path+".value", "value "+quoted(o.Value)+" is there twice")
		}
		f.checkLabel(path+".label", o.Label, wrong)
	}
}

// checkConsent checks what is agreed to. A consent that does not tell to which wording it was given is worth nothing later.
func (f SignupField) checkConsent(wrong func(key, message string)) {
	switch {
	case f.Version == "":
		wrong("", "has no version; a consent is kept with the version of the wording, like \"2026-05\"")
	case !versionWord.MatchString(f.Version), f.Version == "true", f.Version == "false":
		wrong("version", "version "+quoted(f.Version)+" cannot be used; write up to 32 letters, digits, dots, dashes and underscores, like \"2026-05\"")
	}
	if f.Link == "" {
		return
	}
	u, err := url.Parse(f.Link)
	web := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
	path := err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(f.Link, "/") && !strings.ContainsAny(f.Link, "\\")
	if !web && !path || len(f.Link) > 500 {
		wrong("link", "link "+quoted(f.Link)+" is not one; write it like https://example.com/terms or /terms")
	}
}

// checkLabel checks a text by languages.
func (f SignupField) checkLabel(path string, l Label, wrong func(key, message string)) {
	if len(l) == 0 {
		wrong(path, "has no label")
	}
	for _, tag := range slices.Sorted(maps.Keys(l)) {
		text, at := l[tag], under(path, tag)
		if tag != "" && !languageTag(tag) {
			wrong(at, "label: "+quoted(tag)+" is not a language; write it like en or pt-BR")
		}
		switch n := utf8.RuneCountInString(text); {
		case strings.TrimSpace(text) == "":
			wrong(at, "label is empty")
		case n > maxLabel || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
			wrong(at, fmt.Sprintf("label must be at most %d characters on one line, without control characters", maxLabel))
		case unseen.In(text):
			wrong(at, "label "+hiddenCharacter)
		}
	}
}

// hiddenCharacter is said of a line that package unseen finds something in.
const hiddenCharacter = "has an invisible character in it, or one that turns the direction of the text; type it anew instead of copying it"

// languageTag reports whether a tag is written in the one way that people's languages are compared in.
func languageTag(text string) bool {
	tag, err := language.Parse(text)
	return err == nil && tag.String() == text
}

// yaml is the list on one line, as the file may hold it.
func (all SignupFields) yaml() string {
	entries := make([]string, len(all))
	for i, f := range all {
		parts := []string{"name: " + strconv.Quote(f.Name), "kind: " + strconv.Quote(f.Kind), "label: " + f.Label.yaml()}
		if f.Required {
			parts = append(parts, "required: true")
		}
		if f.Max != 0 {
			parts = append(parts, "max: "+strconv.Itoa(f.Max))
		}
		var options []string
		for _, o := range f.Options {
			options = append(options, "{value: "+strconv.Quote(o.Value)+", label: "+o.Label.yaml()+"}")
		}
		if options != nil {
			parts = append(parts, "options: ["+strings.Join(options, ", ")+"]")
		}
		if f.Link != "" {
			parts = append(parts, "link: "+strconv.Quote(f.Link))
		}
		if f.Version != "" {
			parts = append(parts, "version: "+strconv.Quote(f.Version))
		}
		entries[i] = "{" + strings.Join(parts, ", ") + "}"
	}
	return "[" + strings.Join(entries, ", ") + "]"
}

func (l Label) yaml() string {
	if text, ok := l[""]; ok && len(l) == 1 {
		return strconv.Quote(text)
	}
	var parts []string
	for _, tag := range slices.Sorted(maps.Keys(l)) {
		parts = append(parts, strconv.Quote(tag)+": "+strconv.Quote(l[tag]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
