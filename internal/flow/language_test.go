package flow

import (
	"strings"
	"testing"
	"testing/fstest"
)

// A mail is in the language of its account; where that has chosen none, in that of the request by which it came about.
func TestMailsAreInTheLanguageOfTheAccountOrOfTheRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite", nil)
	texts, slips := h.texts.With(fstest.MapFS{
		"eo.yaml": {Data: []byte("page.language: Esperanto\nmail.reset.heading: Nova pasvorto\nmail.password_changed.heading: Via pasvorto estas nova")},
		"yi.yaml": {Data: []byte("page.language: ייִדיש\nmail.reset.heading: א נײַער פּאַראָל")},
	}, "messages")
	if len(slips) > 0 {
		t.Fatal(slips)
	}
	h.Mail.Render.Texts = texts
	for _, c := range []struct{ account, asked, says string }{
		{"", "eo", `<html lang="eo" dir="ltr">`}, {"yi", "eo", `<html lang="yi" dir="rtl">`}, {"", "", `<html lang="en" dir="ltr">`},
	} {
		address := "mia" + c.account + c.asked + "@example.com"
		b := h.member(SignUpInput{Email: address, Password: "correct-horse-battery-staple-42"})
		locale := c.account
		if _, err := h.UpdateProfile(t.Context(), b.client(), ProfileInput{Locale: &locale}); err != nil {
			t.Fatal(err)
		}
		stranger := h.browser().client()
		stranger.Locale = c.asked
		if _, err := h.Forgot(t.Context(), stranger, address, ""); err != nil {
			t.Fatal(err)
		}
		h.settle()
		if all := h.mails(address); len(all) == 0 || !strings.Contains(all[0].HTML, "/reset") || !strings.Contains(all[0].HTML, c.says) {
			t.Errorf("account %q, request %q: %v", c.account, c.asked, all)
		}
	}
}
