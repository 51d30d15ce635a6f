package gatehouse

import (
	"maps"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// SignupField is something that a site asks for at sign-up beside what Gatehouse asks itself. What may be declared is in docs/signup-fields.md.
type SignupField struct {
	Name     string // up to 32 lower-case letters, digits and underscores
	Kind     string // FieldText, FieldChoice or FieldConsent
	Label    Label
	Required bool
	Max      int            // of a text: its greatest length in code points; default 100, at most 500
	Options  []SignupOption // of a choice, at most 50
	Link     string         // of a consent: what is agreed to
	Version  string         // of a consent: which wording is agreed to, such as "2026-05"
}

// SignupOption is what may be chosen.
type SignupOption struct {
	Value string // what is kept
	Label Label
}

// Label is a text by BCP 47 language tag; the one under "" is for all other languages.
type Label map[string]string

// The kinds of a [SignupField].
const (
	FieldText    = config.FieldText
	FieldChoice  = config.FieldChoice
	FieldConsent = config.FieldConsent
)

func signupFields(declared []SignupField) (all config.SignupFields) {
	for _, f := range declared {
		var options []config.SignupOption
		for _, o := range f.Options {
			options = append(options, config.SignupOption{Value: o.Value, Label: config.Label(maps.Clone(o.Label))})
		}
		all = append(all, config.SignupField{
			Name: f.Name, Kind: f.Kind, Label: config.Label(maps.Clone(f.Label)), Required: f.Required, Max: f.Max,
			Options: options, Link: f.Link, Version: f.Version,
		})
	}
	return all
}

// FilledIn is what somebody filled into a field. Of a consent there is one for each version that was agreed to.
type FilledIn struct {
	Name        string
	Version     string // of a consent; empty: it is none
	Value       string // of a text or a choice
	At          time.Time
	WithdrawnAt time.Time // of a consent; zero: it holds
}
