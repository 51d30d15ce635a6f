package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"golang.org/x/net/html"
)

func withFields(c *config.Config) {
	c.SignupFields = config.SignupFields{
		{Name: "company", Kind: config.FieldText, Label: config.Label{"": `Company <b>"&`}, Required: true, Max: 40},
		{Name: "country", Kind: config.FieldChoice, Label: config.Label{"": "Country"}, Options: []config.SignupOption{
			{Value: "de", Label: config.Label{"": "Germany"}}, {Value: "fr", Label: config.Label{"": "France"}},
		}},
		{Name: "terms", Kind: config.FieldConsent, Label: config.Label{"": "I agree"}, Required: true, Link: "https://example.com/terms?a=1&b=2", Version: "2026-05"},
		{Name: "news", Kind: config.FieldConsent, Label: config.Label{"": "News"}, Version: "1"},
	}
}

// byID finds an element.
func byID(t *testing.T, page, id string) *html.Node {
	t.Helper()
	for d := range parse(t, page).Descendants() {
		if d.Type == html.ElementNode && attr(d, "id") == id {
			return d
		}
	}
	t.Fatalf("there is no element %s in\n%s", id, page)
	return nil
}

// consentOf is the entry of a consent on the account page.
func consentOf(t *testing.T, page, name string) *html.Node {
	t.Helper()
	return byID(t, page, "field-fields."+name+"-label").Parent.Parent
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func TestTheSignUpPageAsksForTheSitesOwnFields(t *testing.T) {
	t.Parallel()
	h := open(t, withFields)
	page := h.browser().page("/signup").body
	if i := byID(t, page, "field-fields.company"); attr(i, "autocomplete") != "off" || !has(i, "required") {
		t.Errorf("%+v", i.Attr)
	}
	if s := byID(t, page, "field-fields.country"); s.Data != "select" || attr(s, "autocomplete") != "off" || has(s, "required") || len(elements(s, "option")) != 3 {
		t.Errorf("%+v", s.Attr)
	}
	for _, id := range []string{"field-fields.terms", "field-fields.news"} {
		if box := byID(t, page, id); attr(box, "type") != "checkbox" || has(box, "checked") { // nobody agrees by doing nothing
			t.Errorf("%s: %+v", id, box.Attr)
		}
	}
	found := false
	for _, label := range elements(parse(t, page), "label") {
		for _, a := range elements(label, "a") {
			found = true
			if attr(label, "for") != "field-fields.terms" || attr(a, "href") != "https://example.com/terms?a=1&b=2" || attr(a, "target") != "_blank" ||
				attr(a, "rel") != "noopener" || !strings.Contains(text(a), "opens in a new tab") {
				t.Errorf("the link: %+v %q", a.Attr, text(a))
			}
		}
	}
	if !found || strings.Contains(page, `<b>"`) {
		t.Errorf("no link in the label, or a label that is no text:\n%s", page)
	}
}

func TestARefusedSignUpKeepsTheSitesOwnFields(t *testing.T) {
	t.Parallel()
	h := open(t, withFields)
	b := h.browser()
	const hostile = `"><script>alert(1)</script>`
	a := b.send(b.page("/signup"), "/signup", map[string]string{
		"email": "mia@example.com", "password": goodPassword, "fields.company": hostile, "fields.news": "1", "fields.country": "fr",
	})
	if a.StatusCode != http.StatusUnprocessableEntity || strings.Contains(a.body, "<script>alert") {
		t.Fatal(a.StatusCode, a.body)
	}
	if got := attr(byID(t, a.body, "field-fields.company"), "value"); got != hostile {
		t.Errorf("the company became %q", got)
	}
	terms := byID(t, a.body, "field-fields.terms")
	if !has(byID(t, a.body, "field-fields.news"), "checked") || has(terms, "checked") {
		t.Error("the boxes are not as they were sent")
	}
	for _, o := range elements(byID(t, a.body, "field-fields.country"), "option") {
		if has(o, "selected") != (attr(o, "value") == "fr") {
			t.Errorf("the option %q: %+v", text(o), o.Attr)
		}
	}
	if attr(terms, "aria-invalid") != "true" || attr(terms, "aria-describedby") != "field-fields.terms-error" || !has(terms, "autofocus") {
		t.Errorf("%+v", terms.Attr)
	}
	if says := text(byID(t, a.body, "field-fields.terms-error")); !strings.Contains(says, "tick this box") {
		t.Errorf("beside the box stands %q", says)
	}
	if !strings.Contains(a.body, `<a href="#field-fields.terms"><bdi>I agree</bdi></a>`) {
		t.Error("the summary does not lead to the box")
	}
	// What was agreed to must be what was read: the version changed between the page and the post.
	a = b.send(a, "/signup", map[string]string{"email": "mia@example.com", "password": goodPassword, "fields.company": "Acorn", "fields.terms": "2025-01"})
	if a.StatusCode != http.StatusUnprocessableEntity || has(byID(t, a.body, "field-fields.terms"), "checked") ||
		!strings.Contains(text(byID(t, a.body, "field-fields.terms-error")), "changed since you opened") {
		t.Error(a.StatusCode, a.body)
	}
}

func TestTheAccountPageShowsAndChangesTheSitesOwnFields(t *testing.T) {
	t.Parallel()
	h := open(t, withFields)
	b := h.browser()
	a := b.send(b.page("/signup"), "/signup", map[string]string{
		"email": "mia@example.com", "password": goodPassword, "fields.company": "Acorn & Co", "fields.country": "", "fields.terms": "2026-05", "fields.news": "1",
	})
	if a.StatusCode != http.StatusSeeOther {
		t.Fatal(a.StatusCode, a.body)
	}
	b.send(b.follow(h.mailed("mia@example.com", "/verify")), "/verify", nil)
	a = b.page("/account")
	if got := attr(byID(t, a.body, "field-fields.company"), "value"); got != "Acorn & Co" {
		t.Errorf("company: %q", got)
	}
	if terms := consentOf(t, a.body, "terms"); !strings.Contains(text(terms), "Version 2026-05") || len(elements(terms, "button")) != 0 {
		t.Errorf("a consent that must be given: %q", text(terms))
	}
	save := func(form url.Values) answer {
		t.Helper()
		form.Set("csrf", attr(elements(parse(t, b.page("/account").body), "input")[0], "value"))
		return b.do(http.MethodPost, "/account/profile", form)
	}
	news := func() string { t.Helper(); return text(consentOf(t, b.page("/account").body, "news")) }
	if a := b.send(a, "/account/profile", map[string]string{"name": "Mia", "fields.company": "Oak", "fields.country": "de"}); a.StatusCode != http.StatusSeeOther {
		t.Fatal(a.StatusCode, a.body)
	}
	if got := b.page("/account").body; attr(byID(t, got, "field-fields.company"), "value") != "Oak" || !strings.Contains(got, `<option value="de" dir="auto" selected>`) || !strings.Contains(news(), "You agreed on") {
		t.Errorf("after a change of the profile: %s", got)
	}
	b.send(b.page("/account"), "/account/profile", map[string]string{"fields.news": "false"})
	if got := news(); !strings.Contains(got, "You withdrew this on") {
		t.Error(got)
	}
	b.send(b.page("/account"), "/account/profile", map[string]string{"fields.news": "1"})
	if got := news(); !strings.Contains(got, "You agreed on") {
		t.Error(got)
	}
	for name, value := range map[string]string{"fields.terms": "false", "fields.company": " ", "fields.nothing": "x", "fields.news": "0", "fields.country": "xx"} {
		if a := save(url.Values{name: {value}}); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s=%q: %d", name, value, a.StatusCode)
		}
	}
}

// Who opens the link elsewhere and chooses a new password is asked again: what a stranger agreed to is not theirs.
func TestTheVerifyPageAsksAgainWithANewPassword(t *testing.T) {
	t.Parallel()
	h := open(t, withFields)
	stranger, owner := h.browser(), h.browser()
	stranger.send(stranger.page("/signup"), "/signup", map[string]string{
		"email": "mia@example.com", "password": goodPassword, "fields.company": "Mallory", "fields.terms": "2026-05", "fields.news": "1",
	})
	a := owner.send(owner.follow(h.mailed("mia@example.com", "/verify")), "/verify", map[string]string{"new_password": "seven-lamps-over-quiet-harbour-9", "fields.company": "Mine"})
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, `<details class="aside" open>`) || strings.Contains(a.body, "Mallory") {
		t.Fatal(a.StatusCode, a.body)
	}
	a = owner.send(a, "/verify", map[string]string{"new_password": "seven-lamps-over-quiet-harbour-9", "fields.company": "Mine", "fields.terms": "2026-05"})
	if a.StatusCode != http.StatusSeeOther {
		t.Fatal(a.StatusCode, a.body)
	}
	got := owner.page("/account").body
	if attr(byID(t, got, "field-fields.company"), "value") != "Mine" || !strings.Contains(text(consentOf(t, got, "news")), "You have not agreed") {
		t.Error(got)
	}
}

// Who gives and withdraws a consent without end is told to wait, on the page.
func TestAConsentWithoutEndHasToWait(t *testing.T) {
	t.Parallel()
	h := open(t, withFields, func(c *config.Config) { c.Limits = "on" })
	b := h.browser()
	b.send(b.page("/signup"), "/signup", map[string]string{"email": "mia@example.com", "password": goodPassword, "fields.company": "A", "fields.terms": "2026-05"})
	b.send(b.follow(h.mailed("mia@example.com", "/verify")), "/verify", nil)
	for i := range 20 {
		value := []string{"1", "false"}[i%2]
		if a := b.send(b.page("/account"), "/account/profile", map[string]string{"fields.news": value}); a.StatusCode != http.StatusSeeOther {
			t.Fatal(i, a.StatusCode)
		}
	}
	a := b.send(b.page("/account"), "/account/profile", map[string]string{"fields.news": "1"})
	if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" || !strings.Contains(a.body, "<form") {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
}
