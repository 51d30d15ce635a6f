package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// withFields declares fields of each kind, and consents that must and that may be given.
func withFields(c *config.Config) {
	c.SignupFields = config.SignupFields{
		{Name: "company", Kind: config.FieldText, Label: config.Label{"": "Company"}, Required: true, Max: 20},
		{Name: "country", Kind: config.FieldChoice, Label: config.Label{"": "Country"}, Options: []config.SignupOption{{Value: "de"}, {Value: "fr"}}},
		{Name: "terms", Kind: config.FieldConsent, Label: config.Label{"": "I agree"}, Required: true, Version: "2026-05"},
		{Name: "news", Kind: config.FieldConsent, Label: config.Label{"": "News"}, Version: "1"},
	}
}

var filledIn = map[string]string{"company": "Acorn", "country": "de", "terms": "2026-05", "news": "true"}

// kept is what an account has filled in, without times: «company=Acorn terms@2026-05 -news@1», the withdrawn with a dash.
func (h *house) kept(address string) string {
	h.t.Helper()
	var all []string
	for _, f := range h.fieldsOf(address) {
		text := f.Name + "=" + f.Value
		if f.Version != "" {
			text = f.Name + "@" + f.Version
		}
		if !f.WithdrawnAt.IsZero() {
			text = "-" + text
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func (h *house) fieldsOf(address string) (all []store.UserField) {
	h.t.Helper()
	id := h.user(address).ID
	h.view(func(ctx context.Context, tx *store.Tx) (err error) { all, err = tx.UserFields(ctx, id); return err })
	return all
}

// What was filled in becomes the account's when the address is confirmed. A consent has the time of the sign-up, which is when it was given.
func TestFieldsBecomeTheAccountsByTheLink(t *testing.T) {
	onBoth(t, withFields, func(t *testing.T, h *house) {
		h.clock.Stop(fixture.Begin.Add(time.Hour))
		signedUp := h.clock.Now()
		b := h.browser()
		b.signUp(SignUpInput{Email: "anna@example.com", Fields: filledIn})
		token := h.link("anna@example.com", mail.Verify)
		h.clock.Pass(3 * time.Hour)
		b.keep(h.Verify(t.Context(), b.client(), VerifyInput{Token: token}))
		if got := h.kept("anna@example.com"); got != "company=Acorn country=de news@1 terms@2026-05" {
			t.Fatal(got)
		}
		for _, f := range h.fieldsOf("anna@example.com") {
			if !f.At.Equal(signedUp) {
				t.Errorf("%s has the time %v, not that of the sign-up, %v", f.Name, f.At, signedUp)
			}
		}
		own, err := h.OwnFields(t.Context(), b.client())
		h.ok(err)
		if len(own) != 4 || own[0].Value != "Acorn" || own[1].Value != "de" || !own[2].Holds() || own[2].Outdated() || own[2].Missing() || !own[3].Holds() {
			t.Fatalf("%+v", own)
		}
	})
}

// with fields of the site's own, too, a taken address is answered like a new one, and nothing of them reaches the account (H-125).
func TestFieldsOfASignUpWithATakenAddressGoNowhere(t *testing.T) {
	onBoth(t, withFields, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com", Fields: filledIn})
		before := h.kept("anna@example.com")
		mallory := map[string]string{"company": "Mallory", "terms": "true"}
		fresh, taken := h.browser().signUp(SignUpInput{Email: "new@example.com", Fields: mallory}), h.browser().signUp(SignUpInput{Email: "anna@example.com", Fields: mallory})
		fresh.PendingToken, taken.PendingToken = "", ""
		if fresh != taken {
			t.Errorf("new: %+v\ntaken: %+v", fresh, taken)
		}
		_, err1 := h.SignUp(t.Context(), h.browser().client(), SignUpInput{Email: "other@example.com", Password: goodPassword, Fields: map[string]string{"x": ""}})
		_, err2 := h.SignUp(t.Context(), h.browser().client(), SignUpInput{Email: "anna@example.com", Password: goodPassword, Fields: map[string]string{"x": ""}})
		if h.told(err1) != h.told(err2) {
			t.Errorf("new: %v\ntaken: %v", h.told(err1), h.told(err2))
		}
		h.settle()
		if got := h.kept("anna@example.com"); got != before {
			t.Errorf("the account has %s, had %s", got, before)
		}
		if found := holding(h.dump(), "Mallory"); len(found) > 0 { // what waits for new@example.com is sealed
			t.Errorf("it lies open in %v", found)
		}
	})
}

// A stranger signs up with my address and agrees to things in my name. I open the link and choose my own password: nothing of it is mine.
func TestAStrangersConsentNeverBecomesMine(t *testing.T) {
	onBoth(t, withFields, func(t *testing.T, h *house) {
		h.browser().signUp(SignUpInput{Email: "anna@example.com", Fields: map[string]string{"company": "Mallory", "country": "fr", "terms": "true", "news": "true"}})
		token, me := h.link("anna@example.com", mail.Verify), h.browser()
		_, err := h.Verify(t.Context(), me.client(), VerifyInput{Token: token, NewPassword: otherPassword})
		h.refused(err, message.InvalidFields, "fields.company:required", "fields.terms:required")
		me.keep(h.Verify(t.Context(), me.client(), VerifyInput{Token: token, NewPassword: otherPassword, Fields: map[string]string{"company": "Mine", "terms": "2026-05"}}))
		if got := h.kept("anna@example.com"); got != "company=Mine terms@2026-05" {
			t.Fatal(got)
		}
	})
}

// H-125: the same where the account was made at once and waits for its address.
func TestAStrangersConsentGoesWithTheHandOver(t *testing.T) {
	set := func(c *config.Config) { withFields(c); c.EmailVerification = "optional" }
	onBoth(t, set, func(t *testing.T, h *house) {
		stranger := h.browser()
		stranger.signUp(SignUpInput{Email: "anna@example.com", Fields: filledIn})
		if got := h.kept("anna@example.com"); got != "company=Acorn country=de news@1 terms@2026-05" {
			t.Fatal(got)
		}
		token, me := h.link("anna@example.com", mail.Verify), h.browser()
		me.keep(h.Verify(t.Context(), me.client(), VerifyInput{Token: token, NewPassword: otherPassword, Fields: map[string]string{"company": "Mine", "terms": "true"}}))
		if got := h.kept("anna@example.com"); got != "company=Mine terms@2026-05" {
			t.Fatal(got)
		}
	})
}

// The version that the page showed counts: what is agreed to must be what was read.
func TestAConsentToAnotherVersionIsRefused(t *testing.T) {
	onBoth(t, withFields, func(t *testing.T, h *house) {
		_, err := h.SignUp(t.Context(), h.browser().client(), SignUpInput{
			Email: "anna@example.com", Password: goodPassword, Fields: map[string]string{"company": "Acorn", "terms": "2025-01"},
		})
		h.refused(err, message.InvalidFields, "fields.terms:outdated")
	})
}

func TestConsentsAreWithdrawnAndGivenAgain(t *testing.T) {
	onBoth(t, withFields, func(t *testing.T, h *house) {
		h.clock.Stop(fixture.Begin.Add(time.Hour))
		b := h.member(SignUpInput{Email: "anna@example.com", Fields: filledIn})
		change := func(fields map[string]string) error {
			_, err := h.UpdateProfile(t.Context(), b.client(), ProfileInput{Fields: fields})
			return err
		}
		given := h.fieldsOf("anna@example.com")[2].At
		h.clock.Pass(time.Hour)
		h.ok(change(map[string]string{"news": "1", "terms": "true", "company": "Acorn"})) // as they are: the times stay
		for _, f := range h.fieldsOf("anna@example.com") {
			if !f.At.Equal(given) {
				t.Errorf("%s: %v", f.Name, f.At)
			}
		}
		h.refused(change(map[string]string{"terms": "false"}), message.InvalidFields, "fields.terms:required")
		for range 2 { // once more changes nothing
			h.ok(change(map[string]string{"news": ""}))
		}
		if got := h.kept("anna@example.com"); got != "company=Acorn country=de -news@1 terms@2026-05" {
			t.Fatal(got)
		}
		h.Config.SignupFields[2].Version = "2026-09" // a new wording: it is told, and the old consent stays on the record
		own, err := h.OwnFields(t.Context(), b.client())
		if h.ok(err); !own[2].Holds() || !own[2].Outdated() || !own[2].Missing() || own[3].Holds() {
			t.Fatalf("%+v", own[2:])
		}
		h.clock.Pass(time.Hour)
		h.ok(change(map[string]string{"news": "true", "terms": "2026-09", "country": ""}))
		if got := h.kept("anna@example.com"); got != "company=Acorn news@1 terms@2026-05 terms@2026-09" {
			t.Fatal(got)
		}
		var record []string
		for _, e := range h.eventsOf("anna@example.com") {
			if strings.HasPrefix(e.Kind, "consent_") {
				record = append(record, e.Kind+" "+e.Detail)
			}
		}
		if len(record) != 3 || !strings.Contains(fmt.Sprint(record), "consent_withdrawn news 1") || !strings.Contains(fmt.Sprint(record), "consent_given terms 2026-09") {
			t.Errorf("%q", record)
		}
		b.login("anna@example.com", goodPassword) // freshly
		h.ok(h.DeleteAccount(t.Context(), b.client()))
		if found := holding(h.dump(), "Acorn", "2026-09"); len(found) > 0 {
			t.Errorf("after the account is deleted it is still in %v", found)
		}
	})
}

// To and fro without end would fill the store: each change of a consent is an event that is kept for long. What changes nothing costs nothing, other
// fields and other people are not held back, and an hour later it goes on.
func TestConsentsHaveABudget(t *testing.T) {
	onBoth(t, withFields, func(t *testing.T, h *house) {
		b, other := h.member(SignUpInput{Email: "anna@example.com", Fields: filledIn}), h.member(SignUpInput{Email: "ben@example.com", Fields: filledIn})
		change := func(b *browser, name, value string) error {
			_, err := h.UpdateProfile(t.Context(), b.client(), ProfileInput{Fields: map[string]string{name: value}})
			return err
		}
		for i := range 20 {
			for range 2 { // the second changes nothing
				h.ok(change(b, "news", fmt.Sprint(i%2 == 1)))
			}
		}
		err := change(b, "news", "false")
		h.refused(err, message.RateLimited)
		if fault, _ := errors.AsType[*message.Fault](err); fault.RetryAfter < time.Minute || fault.RetryAfter > 75*time.Minute {
			t.Errorf("come back after %v", fault.RetryAfter)
		}
		events := 0
		for _, e := range h.eventsOf("anna@example.com") {
			if strings.HasPrefix(e.Kind, "consent_") {
				events++
			}
		}
		if got := h.kept("anna@example.com"); events != 20 || !strings.Contains(got, " news@1") {
			t.Errorf("%d events, and the account has %s", events, got)
		}
		h.ok(change(b, "news", "true"))
		h.ok(change(b, "company", "Oak"))
		h.ok(change(other, "news", "false"))
		h.clock.Pass(75 * time.Minute)
		h.ok(change(b, "news", "false"))
	})
}

// Fifty changes at once, on one account: the last stands, nothing is there twice, and one consent is given once.
func TestManyChangesOfFieldsAtOnce(t *testing.T) {
	onBoth(t, withFields, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com", Fields: map[string]string{"company": "Acorn", "terms": "true"}})
		c := b.client()
		atOnce(50, func(i int) {
			_, err := h.UpdateProfile(t.Context(), c, ProfileInput{Fields: map[string]string{"company": fmt.Sprint("Acorn ", i), "news": "true"}})
			if err != nil {
				t.Error(err)
			}
		})
		given := 0
		for _, e := range h.eventsOf("anna@example.com") {
			if e.Kind == "consent_given" {
				given++
			}
		}
		if all := h.fieldsOf("anna@example.com"); len(all) != 3 || !strings.HasPrefix(all[0].Value, "Acorn ") || given != 1 {
			t.Errorf("%d times given, %+v", given, all)
		}
	})
}

// Fifty sign-ups of fifty people at once keep their own.
func TestManySignUpsWithFieldsAtOnce(t *testing.T) {
	set := func(c *config.Config) { withFields(c); c.EmailVerification = "off" }
	onBoth(t, set, func(t *testing.T, h *house) {
		clients := h.strangers(50)
		atOnce(len(clients), func(i int) {
			_, err := h.SignUp(t.Context(), clients[i], SignUpInput{
				Email: fmt.Sprintf("p%d@example.com", i), Password: goodPassword, Fields: map[string]string{"company": fmt.Sprint("C", i), "terms": "true"},
			})
			if err != nil {
				t.Error(err)
			}
		})
		for i := range clients {
			if got := h.kept(fmt.Sprintf("p%d@example.com", i)); got != fmt.Sprintf("company=C%d terms@2026-05", i) {
				t.Error(i, got)
			}
		}
	})
}

// Hostile values are refused before anything is written or hashed.
func TestHostileFieldsAreRefused(t *testing.T) {
	onBoth(t, withFields, func(t *testing.T, h *house) {
		for typed, want := range map[string]string{
			strings.Repeat("x", 10_000): "too_long", strings.Repeat("ä", 21): "too_long", "a\x00b": "invalid_characters", "a\r\nb": "invalid_characters",
			"\u202egnp.exe": "invalid_characters", "a\u2066b": "invalid_characters", "\xff\xfe": "invalid_characters", "a\u200b": "invalid_characters",
			"Z" + strings.Repeat("\u0300", 9): "invalid_characters", "\u3000 ": "required",
		} {
			_, err := h.SignUp(t.Context(), h.browser().client(), SignUpInput{
				Email: "anna@example.com", Password: goodPassword, Fields: map[string]string{"company": typed, "terms": "true"},
			})
			h.refused(err, message.InvalidFields, "fields.company:"+want)
			if len(fault(err).Fields) != 1 {
				t.Errorf("%.20q: %v", typed, err)
			}
		}
		b := h.member(SignUpInput{Email: "anna@example.com", Fields: map[string]string{"company": `<b>"&'</b>`, "terms": "true"}})
		if got := h.kept("anna@example.com"); !strings.HasPrefix(got, `company=<b>"&'</b> `) { // kept as typed, escaped where it is shown
			t.Error(got)
		}
		_, err := h.UpdateProfile(t.Context(), b.client(), ProfileInput{Fields: map[string]string{"company": "\u202e", "\u202e": "x", strings.Repeat("y", 999): "x"}})
		f := h.refused(err, message.InvalidFields, "fields.company:invalid_characters", "fields:unknown_field")
		if len(f.Fields) != 2 {
			t.Error(f.Fields)
		}
	})
}

// An operator's user has none of it, and is asked when the person chooses the password by the link.
func TestAnOperatorsUserFillsTheFieldsInAtTheLink(t *testing.T) {
	onBoth(t, withFields, func(t *testing.T, h *house) {
		_, err := h.CreateUser(t.Context(), NewUser{Email: "anna@example.com", Name: "Anna"})
		h.ok(err)
		if got := h.kept("anna@example.com"); got != "" {
			t.Fatal(got)
		}
		b, token := h.browser(), h.link("anna@example.com", mail.AccountMade)
		_, err = h.Verify(t.Context(), b.client(), VerifyInput{Token: token, NewPassword: goodPassword})
		h.refused(err, message.InvalidFields, "fields.terms:required")
		b.keep(h.Verify(t.Context(), b.client(), VerifyInput{Token: token, NewPassword: goodPassword, Fields: map[string]string{"company": "Acorn", "terms": "true"}}))
		if got := h.kept("anna@example.com"); got != "company=Acorn terms@2026-05" {
			t.Fatal(got)
		}
	})
}
