package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
)

// ownFields are a site's own, one of each kind and a consent that nobody must give.
func ownFields(c *config.Config) {
	c.SignupFields = config.SignupFields{
		{Name: "company", Kind: config.FieldText, Label: config.Label{"": "Company", "de": "Firma"}, Required: true, Max: 20},
		{Name: "country", Kind: config.FieldChoice, Label: config.Label{"": "Country"}, Options: []config.SignupOption{
			{Value: "de", Label: config.Label{"": "Germany"}}, {Value: "fr", Label: config.Label{"": "France"}},
		}},
		{Name: "terms", Kind: config.FieldConsent, Label: config.Label{"": "I agree"}, Required: true, Link: "https://example.com/terms", Version: "2026-05"},
		{Name: "news", Kind: config.FieldConsent, Label: config.Label{"": "News by mail"}, Version: "1"},
	}
}

func signUpWith(fields string) string {
	return `{"email":"` + ada + `","password":"` + secret + `","fields":` + fields + `}`
}

func TestTheSitesOwnFieldsAreOffered(t *testing.T) {
	t.Parallel()
	offered := newHouse(t, ownFields).client().want(200, "GET", "/config", "").body
	for _, part := range []string{
		`{"name":"company","kind":"text","label":"Company","required":true,"max_length":20}`,
		`{"name":"country","kind":"choice","label":"Country","required":false,"options":[{"value":"de","label":"Germany"},{"value":"fr","label":"France"}]}`,
		`{"name":"terms","kind":"consent","label":"I agree","required":true,"link":"https://example.com/terms","version":"2026-05"}`,
	} {
		if !strings.Contains(offered, part) {
			t.Errorf("%s is not in %s", part, offered)
		}
	}
}

func TestTheSitesOwnFieldsAreReadStrictly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, ownFields)
	for fields, want := range map[string]string{
		`{}`:                                                                              "fields.company: required, fields.terms: required",
		`{"company":" ","terms":false}`:                                                   "fields.company: required, fields.terms: required",
		`{"company":true,"terms":true}`:                                                   "fields.company: invalid_type",
		`{"company":1,"terms":null}`:                                                      "fields.company: invalid_type, fields.terms: invalid_type",
		`{"company":"A","terms":"true"}`:                                                  "fields.terms: invalid_type",
		`{"company":"A","terms":""}`:                                                      "fields.terms: invalid_type",
		`{"company":"A","terms":"2026-04"}`:                                               "fields.terms: outdated",
		`{"company":"A","terms":true,"news":""}`:                                          "fields.news: invalid_type",
		`{"company":"A","terms":true,"Company":"B","nothing":true}`:                       "fields.Company: unknown_field, fields.nothing: unknown_field",
		`{"company":"A","terms":true,"country":"DE"}`:                                     "fields.country: not_allowed",
		`{"company":"A","terms":true,"country":false}`:                                    "fields.country: invalid_type",
		`{"company":"` + strings.Repeat("ä", 21) + `","terms":true}`:                      "fields.company: too_long",
		`{"company":"` + strings.Repeat("x", 10_000) + `","terms":true}`:                  "fields.company: too_long",
		`{"company":"a\u0000b","terms":true}`:                                             "fields.company: invalid_characters",
		`{"company":"a\nb","terms":true}`:                                                 "fields.company: invalid_characters",
		`{"company":"abc\u202excod","terms":true}`:                                        "fields.company: invalid_characters",
		`{"company":"A","terms":true,"` + strings.Repeat("x", 5000) + `":"","\u202e":""}`: "fields: unknown_field",
		`{"company":"A","terms":true,"fields":true}`:                                      "fields.fields: unknown_field",
	} {
		if a := h.client().send("POST", "/signup", signUpWith(fields)); a.Code != 422 || a.fields() != want {
			t.Errorf("%.100s: %d %s, want %s", fields, a.Code, a.fields(), want)
		}
	}
	if a := h.client().send("POST", "/signup", signUpWith(`{"company":"A","company":"B"}`)); a.Code != 400 {
		t.Errorf("a name twice: %d %s", a.Code, a.body)
	}
	many := `{"company":"A","terms":true`
	for i := range 3000 {
		many += fmt.Sprintf(`,"n%d":""`, i)
	}
	if a := h.client().send("POST", "/signup", signUpWith(many+"}")); a.Code != 422 || len(a.body) > 10_000 {
		t.Errorf("thousands of names: %d, %d bytes", a.Code, len(a.body))
	}
	if a := newHouse(t).client().send("POST", "/signup", signUpWith(`{"company":"A"}`)); a.Code != 422 || a.fields() != "fields.company: unknown_field" {
		t.Errorf("where no field is declared: %d %s", a.Code, a.body)
	}
	if m := h.mails(); len(m) > 0 {
		t.Errorf("mails were sent: %+v", m)
	}
}

func TestWhatWasFilledInIsExportedAndChanged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, ownFields)
	b := h.client()
	b.want(202, "POST", "/signup", signUpWith(`{"company":"<script>x</script>\"'","country":"de","terms":"2026-05"}`))
	h.clock.Pass(time.Hour)
	b.want(200, "POST", "/verify", fmt.Sprintf(`{"token":%q}`, h.link(ada, "/verify")))
	filled := func() string {
		t.Helper()
		_, rest, _ := strings.Cut(b.want(200, "GET", "/account/export", "").body, `"fields":`)
		list, _, _ := strings.Cut(rest, `,"sessions"`)
		return list
	}
	const signedUp, later = "2026-05-03T10:00:00Z", "2026-05-03T11:00:00Z"
	company := `{"name":"company","value":"\u003cscript\u003ex\u003c/script\u003e\"'","at":"` + signedUp + `"}`
	terms := `{"name":"terms","version":"2026-05","at":"` + signedUp + `"}`
	want := `[` + company + `,{"name":"country","value":"de","at":"` + signedUp + `"},` + terms + `]`
	if got := strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(filled()); got != want {
		t.Errorf("exported:\n%s\nwant\n%s", got, want)
	}
	if a := b.want(200, "GET", "/account", ""); strings.Contains(a.body, "company") || strings.Contains(a.body, "fields") {
		t.Errorf("user has more members than the contract: %s", a.body)
	}
	for body, want := range map[string]string{
		`{"fields":{"company":""}}`:                   "fields.company: required",
		`{"fields":{"terms":false}}`:                  "fields.terms: required",
		`{"fields":{"terms":"2026-04"}}`:              "fields.terms: outdated",
		`{"fields":{"country":"xx","other":""}}`:      "fields.country: not_allowed, fields.other: unknown_field",
		`{"fields":{"company":"a\u0007"},"name":"N"}`: "fields.company: invalid_characters",
	} {
		if a := b.send("PATCH", "/account", body); a.Code != 422 || a.fields() != want {
			t.Errorf("%s: %d %s", body, a.Code, a.body)
		}
	}
	b.want(200, "PATCH", "/account", `{"fields":{"company":"Acorn","country":"","terms":true,"news":true}}`)
	want = `[{"name":"company","value":"Acorn","at":"` + later + `"},{"name":"news","version":"1","at":"` + later + `"},` + terms + `]`
	if got := filled(); got != want {
		t.Errorf("after a change:\n%s\nwant\n%s", got, want)
	}
	b.want(200, "PATCH", "/account", `{"fields":{"news":false}}`)
	b.want(200, "PATCH", "/account", `{"name":"Ada L"}`) // and nothing of the fields
	want = strings.Replace(want, `"version":"1","at":"`+later+`"`, `"version":"1","at":"`+later+`","withdrawn":true,"withdrawn_at":"`+later+`"`, 1)
	if got := filled(); got != want {
		t.Errorf("after a withdrawal:\n%s\nwant\n%s", got, want)
	}
}

// Each change of a consent is kept as an event; who gives and withdraws it without end is told to wait.
func TestConsentsHaveABudget(t *testing.T) {
	t.Parallel()
	h := newHouse(t, ownFields)
	b := h.client()
	b.want(202, "POST", "/signup", signUpWith(`{"company":"A","terms":true}`))
	b.want(200, "POST", "/verify", fmt.Sprintf(`{"token":%q}`, h.link(ada, "/verify")))
	h.Flow.Limits = throttle.New(h.clock.Now)
	for i := range 20 {
		b.want(200, "PATCH", "/account", fmt.Sprintf(`{"fields":{"news":%t}}`, i%2 == 0))
	}
	if a := b.send("PATCH", "/account", `{"fields":{"news":true}}`); a.Code != 429 || !strings.Contains(a.body, `"code":"rate_limited"`) || !strings.Contains(a.body, `"retry_after":`) {
		t.Errorf("%d %s", a.Code, a.body)
	}
}

// Who chooses a new password by the link drops what the sign-up filled in, and is asked again.
func TestANewPasswordAsksForTheFieldsAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, ownFields)
	h.client().want(202, "POST", "/signup", signUpWith(`{"company":"Evil","terms":true,"news":true}`))
	link, owner := h.link(ada, "/verify"), h.client()
	ask := func(rest string) answer {
		return owner.send("POST", "/verify", fmt.Sprintf(`{"token":%q%s}`, link, rest))
	}
	for rest, want := range map[string]string{
		`,"new_password":"` + another + `"`:                                            "fields.company: required, fields.terms: required",
		`,"new_password":"` + another + `","fields":{"company":"Mine"}`:                "fields.terms: required",
		`,"new_password":"` + another + `","fields":{"company":"Mine","terms":"true"}`: "fields.terms: invalid_type",
		`,"new_password":"short","fields":{"company":"Mine"}`:                          "new_password: password_too_short, new_password: breached_password, fields.terms: required",
		`,"password":"` + secret + `","fields":{"company":"Mine","terms":true}`:        "fields: not_allowed",
		`,"fields":{"company":"Mine","terms":true}`:                                    "password: required",
	} {
		if a := ask(rest); a.Code != http.StatusUnprocessableEntity || a.fields() != want {
			t.Errorf("%s: %d %s, want %s", rest, a.Code, a.fields(), want)
		}
	}
	if a := ask(`,"new_password":"` + another + `","fields":{"company":"Mine","terms":true}`); a.Code != 200 {
		t.Fatal(a.Code, a.body)
	}
	if got := owner.want(200, "GET", "/account/export", "").body; strings.Contains(got, "Evil") || strings.Contains(got, `"news"`) || !strings.Contains(got, "Mine") {
		t.Error(got)
	}
}
