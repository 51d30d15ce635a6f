package web

import (
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
)

// A site's own fields (config.SignupFields) are inputs with the names fields.<name>, as JSON and refusals call them. The value of a consent's box
// is the version that the page shows: what is agreed to is what was read.

const fieldPrefix = "fields."

// siteFields are what a form had of the site's own fields, by their own names; nil: it had none.
func siteFields(form map[string]string) (all map[string]string) {
	for name, value := range form {
		if own, ok := strings.CutPrefix(name, fieldPrefix); ok {
			if all == nil {
				all = map[string]string{}
			}
			all[own] = value
		}
	}
	return all
}

// siteField is one of them on a page.
type siteField struct {
	input
	Kind    string
	Options []siteOption // of a choice
	Link    string       // of a consent: what is agreed to
	Checked bool
}

// siteOption is what may be chosen.
type siteOption struct {
	Value, Label string
	Chosen       bool
}

// SiteFields are the site's own fields for a form: all of them, or on the account page those that are filled in rather than agreed to.
func (d *view) SiteFields() (all []siteField, err error) {
	for _, own := range d.ownFields() {
		consent := own.Kind == config.FieldConsent
		if consent && d.page == "account" {
			continue
		}
		f := siteField{Kind: own.Kind, Link: own.Link}
		if f.input, err = d.siteInput(own); err != nil {
			return nil, err
		}
		if consent {
			f.Checked, f.Value = f.Value == own.Version, own.Version
		}
		for _, o := range own.Options {
			f.Options = append(f.Options, siteOption{o.Value, o.Label.In(d.visit.Locale), o.Value == f.Value})
		}
		all = append(all, f)
	}
	return all, nil
}

func (d *view) siteInput(own flow.OwnField) (i input, err error) {
	name := fieldPrefix + own.Name
	i = input{
		Name: name, ID: "field-" + name, Label: own.Label.In(d.visit.Locale), Type: "text", Autocomplete: "off", Required: own.Required,
		Errors: d.errors(name), Focus: d.focus() == name,
	}
	if !own.Required && d.page != "account" {
		if i.Optional, err = d.T("page.field.optional"); err != nil {
			return i, err
		}
	}
	if d.page == "account" && own.Missing() && len(i.Errors) == 0 {
		key := "page.fields.missing"
		if own.Kind == config.FieldConsent {
			key = "page.fields.consent_missing"
		}
		if i.Hint, err = d.T(key); err != nil {
			return i, err
		}
	}
	i.Value = d.Typed[name]
	return d.Filled(i, own.Value), nil
}

// ownFields are the site's fields with what the person has filled in, where the page knows it.
func (d *view) ownFields() []flow.OwnField {
	if data, ok := d.Data.(accountData); ok {
		return data.Own
	}
	all := make([]flow.OwnField, len(d.pages.Config.SignupFields))
	for i, f := range d.pages.Config.SignupFields {
		all[i].SignupField = f
	}
	return all
}

// siteNames are the names of the site's own fields on the page, in its order.
func (d *view) siteNames() []string {
	all := make([]string, len(d.pages.Config.SignupFields))
	for i, f := range d.pages.Config.SignupFields {
		all[i] = fieldPrefix + f.Name
	}
	return all
}

// siteRefusal is a refusal of a site's field in the words that fit its kind: nobody fills in a box.
func (d *view) siteRefusal(name, code string) (key string) {
	field, _ := d.pages.Config.SignupFields.Named(strings.TrimPrefix(name, fieldPrefix))
	switch {
	case code != "required" || !strings.HasPrefix(name, fieldPrefix):
		return ""
	case field.Kind == config.FieldConsent:
		return "page.fields.tick"
	case field.Kind == config.FieldChoice:
		return "page.fields.pick"
	}
	return ""
}

// consent is a consent on the account page.
type consent struct {
	siteField
	Says   string // whether and when it was given
	Asks   string // what the site waits for; empty: nothing
	Agree  bool   // it can be given now
	Revoke bool   // it can be withdrawn
}

// Consents are what people may agree to, with what this one did.
func (d *view) Consents() (all []consent, err error) {
	for _, own := range d.ownFields() {
		if own.Kind != config.FieldConsent {
			continue
		}
		c := consent{Agree: !own.Holds() || own.Outdated(), Revoke: own.Holds() && !own.Required}
		c.Kind, c.Link = own.Kind, own.Link
		if c.input, err = d.siteInput(own); err != nil {
			return nil, err
		}
		c.Asks, c.Hint = c.Hint, ""
		c.Value = own.Version
		if c.Says, err = d.consentSays(own); err != nil {
			return nil, err
		}
		if own.Outdated() {
			if c.Asks, err = d.T("page.fields.outdated", "version", own.Version); err != nil {
				return nil, err
			}
		}
		all = append(all, c)
	}
	return all, nil
}

func (d *view) consentSays(own flow.OwnField) (string, error) {
	switch given := own.Given; {
	case given.At.IsZero():
		return d.T("page.fields.not_given")
	case !own.Holds():
		return d.T("page.fields.withdrawn", "at", given.WithdrawnAt, "version", given.Version)
	default:
		return d.T("page.fields.given", "at", given.At, "version", given.Version)
	}
}
