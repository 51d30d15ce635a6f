package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const declared = `signup_fields:
  - name: company
    kind: text
    label: Company
    required: true
    max: 80
  - name: country
    kind: choice
    label: {en: Country, de: Land}
    options: [{value: de, label: {en: Germany, de: Deutschland}}, {value: fr, label: France}]
  - {name: terms, kind: consent, label: "I agree: all of it", link: https://example.com/terms?a=b, version: 2026-05, required: true}
site_name: Acorn
`

func TestSignupFieldsReadAsTheyLook(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, nil, nil, files{DefaultFile: declared})
	want := SignupFields{
		{Name: "company", Kind: FieldText, Label: Label{"": "Company"}, Required: true, Max: 80},
		{Name: "country", Kind: FieldChoice, Label: Label{"en": "Country", "de": "Land"}, Options: []SignupOption{
			{"de", Label{"en": "Germany", "de": "Deutschland"}}, {"fr", Label{"": "France"}},
		}},
		{Name: "terms", Kind: FieldConsent, Label: Label{"": "I agree: all of it"}, Required: true, Link: "https://example.com/terms?a=b", Version: "2026-05"},
	}
	if !reflect.DeepEqual(c.SignupFields, want) || c.SiteName != "Acorn" {
		t.Errorf("got\n%+v\nwant\n%+v", c.SignupFields, want)
	}
	if again := mustLoad(t, nil, nil, files{DefaultFile: c.String()}); !reflect.DeepEqual(again, c) {
		t.Errorf("printed and read again:\n%v\n%v", c, again)
	}
}

// Whoever starts the server with a mistake sees all of them, each with its line.
func TestAWrongFieldIsToldWithItsLine(t *testing.T) {
	t.Parallel()
	options := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("{value: v%d, label: x}", i))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	text := func(rest string) string { return "- {name: a, kind: text, label: A" + rest + "}" }
	choice := func(options string) string { return "- {name: a, kind: choice, label: A, options: " + options + "}" }
	consent := func(rest string) string { return "- {name: a, kind: consent, label: A" + rest + "}" }
	for field, want := range map[string]string{
		"- name: a\n  kind: texte\n  label: A":                             "(from gatehouse.yaml:3): field 1 («a»): kind «texte» is not known; it may be text, choice or consent",
		"- name: a\n  kind: text\n  label: A\n  max: many":                 "(from gatehouse.yaml:5): field 1 («a»): max «many» is not a number from 1 to 500",
		"- name: a\n  kind: text\n  label: A\n  max: 0":                    "(from gatehouse.yaml:5): field 1 («a»): max «0» is not a number",
		"- name: a\n  kind: text\n  label: A\n  hint: B":                   "(from gatehouse.yaml:5): field 1 cannot have «hint»; it may have name, kind,",
		"- name: a\n  kind: text\n  label: A\n  name: b":                   "gatehouse.yaml:5: «name» is already given by gatehouse.yaml:2",
		"- name: a\n  kind: text\n  label:\n    en: A\n    deutsch: B":     "(from gatehouse.yaml:6): field 1 («a»): label: «deutsch» is not a language",
		"- name: a\n  kind: text\n  label:\n    en: &x A\n    de: *x":      "gatehouse.yaml:5: «en» must have a plain value",
		"- kind: text\n  label: A":                                         "(from gatehouse.yaml:2): field 1: has no name",
		"- name: a\n  label: A":                                            "(from gatehouse.yaml:2): field 1 («a»): has no kind",
		"- name: a\n  kind: text":                                          "(from gatehouse.yaml:2): field 1 («a»): has no label",
		"- name: Company\n  kind: text\n  label: A":                        "(from gatehouse.yaml:2): field 1 («Company»): name «Company» cannot be used",
		"- name: email\n  kind: text\n  label: A":                          "(from gatehouse.yaml:2): field 1 («email»): name is one of Gatehouse's own",
		text("") + "\n" + text(""):                                         "(from gatehouse.yaml:3): field 2 («a»): another field has this name already",
		text(", required: yes"):                                            "field 1 («a»): required «yes» is neither true nor false",
		text(", max: 501"):                                                 "max «501» is not a number from 1 to 500",
		text(", version: 1"):                                               "only a consent has version, and this is a text",
		text(", options: []"):                                              "only a choice has options, and this is a text",
		text(", link: [a]"):                                                "field 1 («a»): link takes one value, not a list or keys",
		"- {name: a, kind: text, label: \"a\\u202eb\"}":                    "(from gatehouse.yaml:2): field 1 («a»): label has an invisible character in it, or one that turns",
		"- {name: a, kind: text, label: \"a\\u200bb\"}":                    "label has an invisible character in it",
		"- {name: a, kind: text, label: " + strings.Repeat("x", 301) + "}": "label must be at most 300 characters",
		"- {name: a, kind: text, label: \"\"}":                             "label is empty",
		"- {name: a, kind: text, label: {}}":                               "has no label",
		"- {name: a, kind: text, label: {en-us: A}}":                       "«en-us» is not a language",
		choice("[]"):        "has 0 options; a choice has 1 to 50",
		choice(options(51)): "has 51 options; a choice has 1 to 50",
		choice("[{value: a, label: x}, {value: a, label: y}]"): "value «a» is there twice",
		choice("[{value: 'a b', label: x}]"):                   "value «a b» cannot be used",
		choice("[{value: a}]"):                                 "has no label",
		choice("[a, b]"):                                       "options, entry 1, must be «key: value» lines; it may have value and label",
		choice("{a: b}"):                                       "options must be a list",
		consent(""):                                            "has no version",
		consent(", version: 'true'"):                           "version «true» cannot be used",
		consent(", version: 'a b'"):                            "version «a b» cannot be used",
		consent(", version: 1, link: javascript:alert(1)"):     "is not one; write it like https://example.com/terms or /terms",
		consent(", version: 1, link: //evil.example"):          "is not one; write it like",
		consent(", version: 1, link: https://u:p@example.com"): "is not one; write it like",
		consent(", version: 1, max: 3"):                        "only a text has max, and this is a consent",
		"company":                                              "(from gatehouse.yaml:2): it must be a list, with a dash before each entry",
		"- [[[[[[a]]]]]]":                                      "«signup_fields» is nested too deeply",
		"- !!str a":                                            "gatehouse.yaml:2: «signup_fields» must have a plain value",
		strings.Repeat(text("")+"\n", 21):                      "has 21 fields; it may have at most 20",
	} {
		problems := problemsOf(t, nil, nil, files{DefaultFile: "signup_fields:\n  " + strings.ReplaceAll(field, "\n", "\n  ") + "\n"})
		if got := problems.Error(); !strings.Contains(got, want) {
			t.Errorf("%.80s\ngot  %s\nwant %s", field, got, want)
		}
	}
	problems := problemsOf(t, nil, nil, files{DefaultFile: "argon2_time: 0\nsignup_fields:\n  - {name: a, kind: text}\n  - {name: B, kind: text, label: B}\n  - {name: c, kind: consent, label: C, max: x}\n"})
	if got := problems.Error(); strings.Count(got, "\n") != 4 {
		t.Errorf("not all of the four are told, or more: %s", got)
	}
}

func TestSignupFieldsAreNoFlagAndNoVariable(t *testing.T) {
	t.Parallel()
	got := problemsOf(t, map[string]string{"signup-fields": "x"}, []string{"GATEHOUSE_SIGNUP_FIELDS=x"}, nil)
	if text := got.Error(); len(got) != 2 || strings.Count(text, "signup_fields has keys of its own and is set in the file") != 2 {
		t.Error(text)
	}
}

func TestALabelIsInTheNearestLanguage(t *testing.T) {
	t.Parallel()
	l := Label{"de": "Land", "en": "Country", "pt-BR": "País"}
	for tag, want := range map[string]string{"de": "Land", "de-AT": "Land", "pt-BR": "País", "pt": "Country", "fr": "Country", "": "Country"} {
		if got := l.In(tag); got != want {
			t.Errorf("%q: %q, want %q", tag, got, want)
		}
	}
	if got := (Label{"": "All", "en": "English"}).In("fr") + (Label{"ja": "国"}).In("fr") + (Label{}).In("en"); got != "All国" {
		t.Error(got)
	}
}
