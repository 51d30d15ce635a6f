package browser

import (
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

func ownFields(c *config.Config) {
	c.SignupFields = config.SignupFields{
		{Name: "company", Kind: config.FieldText, Label: config.Label{"": "Company"}, Required: true},
		{Name: "country", Kind: config.FieldChoice, Label: config.Label{"": "Country"}, Required: true, Options: []config.SignupOption{
			{Value: "de", Label: config.Label{"": "Germany"}}, {Value: "fr", Label: config.Label{"": "France"}},
		}},
		{Name: "terms", Kind: config.FieldConsent, Label: config.Label{"": "I agree to the terms."}, Required: true, Version: "2026-05"},
		{Name: "news", Kind: config.FieldConsent, Label: config.Label{"": "Send me news."}, Version: "1"},
	}
}

// ticks ticks the box of a site's own field.
func (p *person) ticks(label, name string) *person {
	p.t.Helper()
	p.clickOn("label", "main", label)
	if !look[bool](p, `document.getElementById("field-fields.`+name+`").checked`) {
		p.t.Fatalf("«%s» is not ticked", label)
	}
	return p
}

// The site's own fields, with scripts and without: asked for, kept when something was wrong, shown and changed on the account page.
func TestASitesOwnFields(t *testing.T) {
	on(t, few, func(_ *testing.T, h *house) {
		p := h.person()
		p.open("/signup").sees("/signup", "Sign up")
		p.write("Email address", "mia@example.com").write("Password", secret).write("Company", "Acorn").ticks("Send me news. (optional)", "news")
		p.press("Sign up").reads(".error", "Please choose one.").reads(".error", "tick this box").focused("fields.country").held("fields.company", "Acorn")
		look[bool](p, `(document.getElementById("field-fields.country").value = "de") === "de"`)
		p.write("Password", secret).ticks("I agree to the terms.", "terms").press("Sign up").sees("/signup", "Check your mail")
		p.confirms("mia@example.com").press("Confirm my address").sees("/account", "Your account")
		p.held("fields.company", "Acorn").held("fields.country", "de").reads("#profile", "Version 2026-05")
		p.press("I no longer agree").told("Saved.").reads("#profile", "You withdrew this on")
		p.press("I agree").told("Saved.").write("Company", "Oak").pressIn("#profile", "Save").told("Saved.").held("fields.company", "Oak")
	}, ownFields)
}
