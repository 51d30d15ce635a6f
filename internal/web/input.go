package web

import (
	"slices"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// labels are the texts beside the fields, by <page>.<name> or name.
var labels = map[string]string{
	"account.email":    "page.field.new_email",
	"account.password": "page.field.new_password",
	"current_password": "page.field.current_password",
	"email":            "page.field.email",
	"identifier":       "page.field.identifier",
	"locale":           "page.field.locale",
	"name":             "page.field.name",
	"new_password":     "page.field.new_password",
	"password":         "page.field.password",
	"reset.password":   "page.field.new_password",
	"username":         "page.field.username",
	"verify.password":  "page.field.signup_password",
}

// input is a labelled field of a form.
type input struct {
	Name, ID, Label, Type, Autocomplete, Value, Hint string
	Dir                                              string // where it is not that of the page: addresses and passwords run from left to right everywhere
	Optional                                         string // «optional», where only some fields must be filled in
	Errors                                           []string
	Suggestion, Use                                  string // what may have been meant, and the words that offer it
	Required, Focus                                  bool
	Strength                                         *meter // of a new password; nil: none
}

// Describedby names the elements that tell about the field: what is wrong before what is wanted.
func (i input) Describedby() string {
	var ids []string
	if len(i.Errors) > 0 {
		ids = append(ids, i.ID+"-error")
	}
	if i.Hint != "" {
		ids = append(ids, i.ID+"-hint")
	}
	if i.Strength != nil {
		ids = append(ids, i.Strength.ID)
	}
	return strings.Join(ids, " ")
}

// Input is a field of the page's form. The kind is what browsers and password managers fill in, a token of the attribute autocomplete; the
// hint is the key of a text, or empty. Passwords are never sent back.
func (d *view) Input(name, kind, hint string) (i input, err error) {
	i = input{Name: name, ID: "field-" + name, Type: d.inputType(name, kind), Autocomplete: kind, Required: d.required(name)}
	switch {
	case i.Type != "text":
		i.Dir = "ltr"
	case kind == "username":
		i.Dir = "auto"
	}
	if i.Label, err = d.label(name); err != nil {
		return i, err
	}
	if !i.Required && d.page == "signup" {
		if i.Optional, err = d.T("page.field.optional"); err != nil {
			return i, err
		}
	}
	i.Errors = d.errors(name)
	if i.Suggestion = d.suggestion(name); i.Suggestion != "" {
		if i.Use, err = d.T("page.field.use", "suggestion", i.Suggestion); err != nil {
			return i, err
		}
	}
	if hint != "" && len(i.Errors) == 0 { // what is wrong says what is wanted
		if i.Hint, err = d.T(hint); err != nil {
			return i, err
		}
	}
	if i.Type != "password" {
		i.Value = d.Typed[name]
	} else if d.Problem != nil && d.Problem.Code == message.InvalidFields && len(i.Errors) == 0 && d.visit.Form[name] != "" {
		if i.Hint, err = d.T("page.field.retype"); err != nil { // something else was wrong: who mends only that would send an empty password
			return i, err
		}
	}
	i.Focus = d.focus() == name
	i.Strength, err = d.strength(i)
	return i, err
}

// Filled is a field that shows what is there already until something was typed.
func (d *view) Filled(i input, value string) input {
	if _, typed := d.Typed[i.Name]; !typed {
		i.Value = value
	}
	return i
}

func (d *view) inputType(name, kind string) string {
	switch {
	case strings.HasSuffix(kind, "-password"):
		return "password"
	case kind == "email", name == "identifier" && d.onlyEmail():
		return "email"
	}
	return "text"
}

func (d *view) onlyEmail() bool {
	return slices.Equal(d.pages.Config.Identifiers, []string{store.KindEmail})
}

// Wants reports whether the site's accounts go by that kind of identifier.
func (d *view) Wants(kind string) bool { return slices.Contains(d.pages.Config.Identifiers, kind) }

// required reports whether a field must be filled in. The browser does not enforce it (novalidate): what is wrong is said by us, in one place
// and in the person's language.
func (d *view) required(name string) bool {
	switch name {
	case "name", "locale":
		return false
	case "username":
		return !d.Wants(store.KindEmail)
	case "email":
		return d.page != "signup" || d.Wants(store.KindEmail)
	}
	return true
}

func (d *view) label(name string) (string, error) {
	key, ok := labels[d.page+"."+name]
	if !ok {
		key, ok = labels[name]
	}
	switch {
	case strings.HasPrefix(name, fieldPrefix):
		own, _ := d.pages.Config.SignupFields.Named(strings.TrimPrefix(name, fieldPrefix))
		return own.Label.In(d.visit.Locale), nil
	case !ok:
		return "", nil
	case name == "identifier" && d.onlyEmail():
		key = labels["email"]
	case name == "identifier" && !d.Wants(store.KindEmail):
		key = labels["username"]
	}
	return d.T(key)
}

func (d *view) errors(name string) (all []string) {
	if d.Problem == nil {
		return nil
	}
	for _, f := range d.Problem.Fields {
		if f.Name != name {
			continue
		}
		if key := d.siteRefusal(name, f.Code); key != "" {
			f.Message = d.pages.Texts.Text(d.visit.Locale, key, nil)
		}
		all = append(all, f.Message)
	}
	return all
}

// suggestion is what may have been meant by what was typed into a field.
func (d *view) suggestion(name string) string {
	if d.Problem != nil {
		for _, f := range d.Problem.Fields {
			if f.Name == name && f.Suggestion != "" {
				return f.Suggestion
			}
		}
	}
	return ""
}

// begins are the fields that pages are filled in from, where a page is about nothing else.
var begins = map[string]string{
	"forgot": "email", "login": "identifier", "reauthenticate": "password", "reset": "password", "signup": "email",
}

// focus is the field that the person has to go on with: the first that is wrong, or where the page begins.
func (d *view) focus() string {
	if d.Problem != nil {
		for _, name := range d.order() {
			if len(d.errors(name)) > 0 {
				return name
			}
		}
	}
	if d.Typed["identifier"] != "" {
		return "password"
	}
	if d.page == "signup" && !d.Wants(store.KindEmail) {
		return "username"
	}
	return begins[d.page]
}

// order is how the fields stand on the pages. A fault lists them as they were checked.
var order = []string{"identifier", "email", "username", "name", "locale", "current_password", "password", "new_password"}

// order is order with the site's own fields, which stand last.
func (d *view) order() []string { return slices.Concat(order, d.siteNames()) }

// wrong is a line of the summary: a link to the field, beside which the message stands, or the message where there is no field.
type wrong struct{ Label, ID, Message string }

// Wrong lists what is wrong with the fields, in the order of the page, for the summary at the top. What has no field on any page comes last.
func (d *view) Wrong() (all []wrong, err error) {
	for _, name := range d.order() {
		messages := d.errors(name)
		if len(messages) == 0 {
			continue
		}
		label, err := d.label(name)
		if err != nil {
			return nil, err
		}
		all = append(all, wrong{label, "field-" + name, strings.Join(messages, " ")})
	}
	for _, f := range d.Problem.Fields {
		if !slices.Contains(d.order(), f.Name) {
			all = append(all, wrong{Label: f.Name, Message: f.Message})
		}
	}
	return all, nil
}
