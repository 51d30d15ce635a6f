package api

import (
	"maps"
	"slices"
	"strconv"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// siteField is a field of the site's own that the sign-up asks for.
type siteField struct {
	Name      string       `json:"name" doc:"in the member fields of a body"`
	Kind      string       `json:"kind" one:"text,choice,consent"`
	Label     string       `json:"label" doc:"in the language of the client"`
	Required  bool         `json:"required"`
	MaxLength int          `json:"max_length,omitempty" doc:"of a text, in code points"`
	Options   []siteOption `json:"options,omitempty" doc:"of a choice"`
	Link      string       `json:"link,omitempty" doc:"of a consent: what is agreed to"`
	Version   string       `json:"version,omitempty" doc:"of a consent: which wording is agreed to"`
}

type siteOption struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// siteFields lists the site's own fields for a client.
func (a *API) siteFields(lang string) (all []siteField) {
	for _, f := range a.Config.SignupFields {
		one := siteField{Name: f.Name, Kind: f.Kind, Label: f.Label.In(lang), Required: f.Required, Link: f.Link, Version: f.Version}
		if f.Kind == config.FieldText {
			one.MaxLength = f.MaxLength()
		}
		for _, o := range f.Options {
			one.Options = append(one.Options, siteOption{o.Value, o.Label.In(lang)})
		}
		all = append(all, one)
	}
	return all
}

// filledIn is the member fields of a body, as flow takes it. Texts and choices are strings; a consent is true or false, or the version that was
// shown.
func (a *API) filledIn(fields map[string]any) (map[string]string, error) {
	all := map[string]string{}
	var wrong []message.Field
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f, declared := a.Config.SignupFields.Named(name)
		consent := f.Kind == config.FieldConsent
		switch value := fields[name].(type) {
		case string:
			if all[name] = value; consent && slices.Contains([]string{"", "true", "false"}, value) {
				wrong = append(wrong, message.Field{Name: "fields." + name, Code: "invalid_type"})
			}
		case bool:
			if all[name] = strconv.FormatBool(value); declared && !consent {
				wrong = append(wrong, message.Field{Name: "fields." + name, Code: "invalid_type"})
			}
		}
	}
	if wrong != nil {
		return nil, &message.Fault{Code: message.InvalidFields, Cause: "body_fields", Fields: wrong}
	}
	return all, nil
}
