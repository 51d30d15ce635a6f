package mail

import (
	"errors"
	"html"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
)

func renderer(t *testing.T) *Renderer {
	t.Helper()
	texts, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &Renderer{Texts: texts, SiteName: "Rosewood", SupportURL: "https://rosewood.example/help", From: "login@rosewood.example"}
}

func whole() Data {
	return Data{
		Name: "Ännie O'Hara", At: time.Date(2026, 5, 3, 10, 2, 0, 0, time.UTC), Device: "Firefox (Linux)", Valid: 30 * time.Minute,
		Link: "https://rosewood.example/l?token=LINK", Reset: "https://rosewood.example/RESET", Cancel: "https://rosewood.example/c?token=CANCEL", NewAddress: "n…@reader.example", Tries: 12, Places: 3,
	}
}

// shown is what a mail program shows of a part of HTML.
func shown(s string) string { return html.UnescapeString(s) }

func TestEveryMailSaysEverythingInTextAndHTML(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	const lasts, when, device, address = "30 minutes", "When: 3 May 2026, 10:02 UTC", "Device: Firefox (Linux)", "New address: n…@reader.example"
	wants := map[Kind][]string{
		Verify:             {"LINK", "CANCEL", lasts},
		VerifyPendingReset: {"LINK", "CANCEL", lasts},
		AccountMade:        {"Hello Ännie O'Hara,", "LINK", lasts},
		SignupTaken:        {"Hello Ännie O'Hara,", "LINK", "RESET", when, device},
		Reset:              {"Hello Ännie O'Hara,", "LINK", lasts, when, device},
		EmailChange:        {"LINK", lasts, when, device},
		EmailChangeNotice:  {"Hello Ännie O'Hara,", address, when, device},
		EmailTaken:         {"Hello Ännie O'Hara,", "LINK", when, device},
		PasswordChanged:    {"Hello Ännie O'Hara,", "LINK", when, device},
		Guessing:           {"Hello Ännie O'Hara,", "LINK", when, "Wrong passwords: 12", "Networks: 3"},
		AccountDeleted:     {"Hello Ännie O'Hara,", when, device},
	}
	for kind := range letters {
		want, ok := wants[kind]
		if !ok {
			t.Errorf("nothing is awaited of a mail of the kind %s", kind)
		}
		m, err := r.Render(kind, "anna@reader.example", "en", whole())
		if err != nil {
			t.Fatal(kind, err)
		}
		for _, said := range append(want, "Rosewood sent this mail to anna@reader.example.", "https://rosewood.example/help") {
			if !strings.Contains(m.Text, said) || !strings.Contains(shown(m.HTML), said) {
				t.Errorf("%s does not say %q:\n%s", kind, said, m.Text)
			}
		}
		for _, left := range []string{"mail.", "{", "}"} {
			if strings.Contains(m.Subject+m.Text, left) {
				t.Errorf("%s: %q is left in %s\n%s", kind, left, m.Subject, m.Text)
			}
		}
		if !strings.Contains(m.Subject, "Rosewood") || m.To != "anna@reader.example" || m.From != `"Rosewood" <login@rosewood.example>` {
			t.Errorf("%s: %q %q %q", kind, m.Subject, m.To, m.From)
		}
	}
}

func TestTextsOfMailsAreAllUsedAndAllThere(t *testing.T) {
	t.Parallel()
	texts := renderer(t).Texts
	var want []string
	for _, common := range []string{"at", "device", "fallback", "greeting", "greeting_name", "lasts", "new_address", "sent_to", "support"} {
		want = append(want, "mail."+common)
	}
	full := whole()
	for kind, l := range letters {
		prefix := "mail." + string(kind) + "."
		want = append(want, prefix+"subject", prefix+"heading", prefix+"intro", prefix+"outro")
		if l.button(full) != "" {
			want = append(want, prefix+"button")
		}
		if l.second(full) != "" {
			want = append(want, prefix+"second", prefix+"second_intro")
		}
	}
	slices.Sort(want)
	for _, lang := range texts.Languages() {
		have := slices.DeleteFunc(texts.Keys(lang), func(k string) bool { return !strings.HasPrefix(k, "mail.") })
		if !slices.Equal(have, want) {
			t.Errorf("%s has\n%v\nwant\n%v", lang, have, want)
		}
	}
}

// I-148
func TestWhatPeopleTypeStaysTextInMails(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, name := range []string{`<script>alert(1)<`, `{{.}}`, `${7*7}`, `{site}{address}`, `"><img src=x onerror=alert(1)>`, `=cmd|' '!A1`, `&lt;b&gt;`} {
		d := whole()
		d.Name, d.Device, d.NewAddress = name, name, name
		m, err := r.Render(EmailChangeNotice, `o'{{x}}"+<x>@reader.example`, "en", d)
		if err == nil {
			t.Fatal("this is no address", m)
		}
		m, err = r.Render(EmailChangeNotice, `o'{{x}}&amp;@reader.example`, "en", d)
		if err == nil {
			t.Fatal("a semicolon is in no address", m)
		}
		m, err = r.Render(EmailChangeNotice, `o'{{site}}&amp@reader.example`, "en", d)
		if err != nil {
			t.Fatal(err)
		}
		for _, said := range []string{"Hello " + name + ",", "Device: " + name, "New address: " + name, `o'{{site}}&amp@reader.example`} {
			if !strings.Contains(m.Text, said) || !strings.Contains(shown(m.HTML), said) {
				t.Errorf("%q was changed:\n%s\n%s", said, m.Text, m.HTML)
			}
		}
		if strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, "<img") || strings.Contains(m.Subject, name) {
			t.Errorf("%q works", name)
		}
	}
	d := whole()
	d.Link, r.SupportURL = "javascript:alert(1)", "javascript:alert(2)"
	m, err := r.Render(Reset, "anna@reader.example", "en", d)
	if err != nil || strings.Contains(m.HTML, `href="javascript`) {
		t.Error(err, m.HTML)
	}
}

// Whoever signs up with somebody else's address must not choose what we write to them.
func TestMailsToStrangersCarryNothingThatTheSignUpTyped(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for kind, l := range letters {
		d := whole()
		d.Name = "You won! Call 0900 12345"
		m, err := r.Render(kind, "anna@reader.example", "en", d)
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(m.Text+m.HTML, "You won"); said == l.stranger {
			t.Errorf("%s: stranger %v, name said %v", kind, l.stranger, said)
		}
		d.Name, d.Device = "Go to evil.example now", "https://evil.example"
		m, err = r.Render(kind, "anna@reader.example", "en", d)
		if err != nil || strings.Contains(m.Text+m.HTML, "evil.example") {
			t.Error("a name or a device became a link in", kind, err)
		}
	}
	for _, name := range []string{"Dr. Ada L. Smith", "Łukasz Żółć", "李小龍", "O'Brien-Jones, Jr."} {
		if linkless(name) != name {
			t.Error(name, "was taken for a link")
		}
	}
}

func TestMailWithoutARecipientOrALinkIsNotWritten(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, to := range hostileAddresses { // I-150
		if _, err := r.Render(Reset, to, "en", whole()); !errors.Is(err, ErrRefused) {
			t.Errorf("%q: %v", to, err)
		}
	}
	if _, err := r.Render(Reset, "anna@reader.example", "en", Data{}); err == nil || errors.Is(err, ErrRefused) {
		t.Error(err)
	}
	if _, err := r.Render("poem", "anna@reader.example", "en", whole()); err == nil || errors.Is(err, ErrRefused) {
		t.Error(err)
	}
	r.SiteName = "Rosewood\r\nBcc: eve@evil.example"
	if _, err := r.Render(Reset, "anna@reader.example", "en", whole()); err == nil {
		t.Error("a site name of two lines got into a header")
	}
}

func TestLanguageWithoutTextsFallsBack(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, lang := range []string{"", "xx", "zz-ZZ", "<script>"} {
		m, err := r.Render(AccountDeleted, "anna@reader.example", lang, Data{})
		if err != nil || !strings.Contains(m.HTML, `<html lang="en" dir="ltr">`) || !strings.HasPrefix(m.Text, "Hello,\n") {
			t.Error(lang, err, m.Text)
		}
	}
}
