package flow

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

func (b *browser) changeEmail(to string) {
	b.h.t.Helper()
	out, err := b.h.ChangeEmail(b.h.t.Context(), b.client(), to)
	if b.h.ok(err); out != (Outcome{Step: StepSent}) {
		b.h.t.Fatalf("%+v", out)
	}
	b.h.settle()
}

func TestChangeEmail(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com", Name: "Anna"})
		_, err := h.ChangeEmail(t.Context(), b.client(), "nonsense")
		h.refused(err, message.InvalidFields, "email:invalid_email")
		_, err = h.ChangeEmail(t.Context(), b.client(), "anna@example.com")
		h.refused(err, message.InvalidFields, "email:unchanged")
		b.changeEmail("Anna@Example.net")
		if pending, err := h.PendingEmail(t.Context(), b.client()); err != nil || pending != "Anna@Example.net" {
			t.Fatal(pending, err)
		}
		token := h.link("Anna@Example.net", mail.EmailChange)
		link, err := h.EmailChangeLink(t.Context(), b.client(), token)
		if h.ok(err); link.Email != "Anna@Example.net" || h.exists("anna@example.net") {
			t.Fatalf("looking used the link: %+v", link)
		}
		h.forgot(h.browser(), "anna@example.com")
		reset := h.link("anna@example.com", mail.Reset)
		// F-083: whoever reads the mail of a mistyped address can't use it, signed in or not.
		_, err = h.ConfirmEmail(t.Context(), h.browser().client(), token)
		h.refused(err, message.Unauthenticated)
		_, err = h.ConfirmEmail(t.Context(), h.member(SignUpInput{Email: "bert@example.com"}).client(), token)
		h.refused(err, message.Forbidden)

		out, err := h.ConfirmEmail(t.Context(), b.client(), token)
		if h.ok(err); out.Step != StepDone || out.User.Email != "Anna@Example.net" || !out.User.EmailVerified || !b.signedIn() {
			t.Fatalf("%+v", out.User)
		}
		h.browser().login("anna@example.net", goodPassword)
		_, err = h.browser().tryLogin("anna@example.com", goodPassword)
		h.refused(err, message.InvalidCredentials)
		_, err = h.Reset(t.Context(), b.client(), ResetInput{Token: reset, Password: otherPassword})
		h.refused(err, message.LinkExpired, "used")
		_, err = h.ConfirmEmail(t.Context(), b.client(), token)
		h.refused(err, message.LinkExpired, "used")
		notice := h.mails("anna@example.com", mail.EmailChangeNotice)
		if len(notice) != 1 || !strings.Contains(notice[0].Text, "A…@Example.net") || strings.Contains(notice[0].Text, "Anna@Example.net") {
			t.Fatalf("%+v", notice)
		}
		h.member(SignUpInput{Email: "anna@example.com"}) // the old address is free again
	})
}

// I-154: where only some domains may sign up, one address inside is no way to any outside.
func TestChangeEmailKeepsToTheSitesDomains(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		for _, c := range []struct {
			rule []string
			ok   bool
		}{{[]string{"example.com", "example.org"}, false}, {[]string{"example.net"}, true}, {[]string{"closed"}, true}, {[]string{"open"}, true}} {
			h.Config.Signup = c.rule
			_, err := h.ChangeEmail(t.Context(), b.client(), "anna@example.net")
			if c.ok {
				h.ok(err)
				continue
			}
			h.refused(err, message.InvalidFields, "email:not_allowed")
		}
	})
}

// ASVS 7.5.1: only in a session whose proof is young.
func TestChangeEmailWantsAFreshSession(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		h.clock.Pass(11 * time.Minute)
		_, err := h.ChangeEmail(t.Context(), b.client(), "anna@example.net")
		h.refused(err, message.ReauthenticationRequired)
		_, err = h.ChangeEmail(t.Context(), Client{}, "anna@example.net")
		h.refused(err, message.Unauthenticated)
		b.keep(h.Reauthenticate(t.Context(), b.client(), goodPassword))
		b.changeEmail("anna@example.net")
		h.clock.Pass(11 * time.Minute) // confirming needs the session alone
		_, err = h.ConfirmEmail(t.Context(), b.client(), h.link("anna@example.net", mail.EmailChange))
		h.ok(err)
	})
}

// a taken address is answered the same; its owner is told once, and keeps getting the links that they ask for.
func TestChangeEmailToATakenAddress(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "victim@example.com"})
		h.clock.Pass(25 * time.Hour)
		mallory := h.member(SignUpInput{Email: "mallory@example.com"})
		for range 12 {
			mallory.changeEmail("victim@example.com")
		}
		if got := len(h.mails("victim@example.com", mail.EmailTaken)); got != 1 {
			t.Fatalf("the owner was told %d times", got)
		}
		if pending, err := h.PendingEmail(t.Context(), mallory.client()); err != nil || pending != "" {
			t.Fatal(pending, err)
		}
		h.forgot(h.browser(), "victim@example.com")
		h.link("victim@example.com", mail.Reset)
	})
}

// Wishes for an address that nobody has must not use up the mails of whoever wants to sign up with it.
func TestChangeEmailDoesNotBlockASignUp(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		mallory := h.member(SignUpInput{Email: "mallory@example.com"})
		for range 12 {
			mallory.changeEmail("anna@example.com")
		}
		if got := len(h.mails("anna@example.com", mail.EmailChange)); got != 3 {
			t.Fatalf("%d mails in an hour, want 3", got)
		}
		h.member(SignUpInput{Email: "anna@example.com"})
		// Opened now, the last link of the wish finds the address taken.
		_, err := h.ConfirmEmail(t.Context(), mallory.client(), h.link("anna@example.com", mail.EmailChange))
		if c := code(err); c != message.Conflict && c != message.LinkExpired {
			t.Fatal(err)
		}
	})
}

func TestChangeEmailTakenMeanwhile(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		b.changeEmail("new@example.com")
		token := h.link("new@example.com", mail.EmailChange)
		h.member(SignUpInput{Email: "new@example.com"})
		_, err := h.ConfirmEmail(t.Context(), b.client(), token)
		h.refused(err, message.Conflict, "address_taken_meanwhile")
		if u := h.user("anna@example.com"); !u.EmailVerified || !b.signedIn() {
			t.Fatal("a refused change took the old address away")
		}
	})
}

func TestCancelEmailChange(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		b.changeEmail("first@example.net")
		first := h.link("first@example.net", mail.EmailChange)
		b.changeEmail("second@example.net")
		second := h.link("second@example.net", mail.EmailChange)
		_, err := h.ConfirmEmail(t.Context(), b.client(), first) // a newer wish voids the older
		h.refused(err, message.LinkExpired, "used")
		h.ok(h.CancelEmailChange(t.Context(), b.client()))
		_, err = h.ConfirmEmail(t.Context(), b.client(), second)
		h.refused(err, message.LinkExpired, "used")
		if pending, err := h.PendingEmail(t.Context(), b.client()); err != nil || pending != "" {
			t.Fatal(pending, err)
		}
		h.refused(h.CancelEmailChange(t.Context(), Client{}), message.Unauthenticated)
	})
}

// A sign-up that waits for the address can't become an account once the address is somebody's.
func TestChangeEmailDropsSignUps(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		h.browser().signUp(SignUpInput{Email: "anna@example.net", Password: otherPassword})
		waiting := h.link("anna@example.net", mail.Verify)
		b.changeEmail("anna@example.net")
		_, err := h.ConfirmEmail(t.Context(), b.client(), h.link("anna@example.net", mail.EmailChange))
		h.ok(err)
		_, err = h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: waiting, Password: otherPassword})
		h.refused(err, message.LinkExpired)
	})
}

// F-074 for the change of an address.
func TestConfirmEmailAtOnce(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		b.changeEmail("anna@example.net")
		token, c := h.link("anna@example.net", mail.EmailChange), b.client()
		h.oneWins(50, func(int) error {
			_, err := h.ConfirmEmail(t.Context(), c, token)
			return err
		}, usedUp)
		if told := len(h.mails("anna@example.com", mail.EmailChangeNotice)); told != 1 {
			t.Fatalf("the old address was told %d times", told)
		}
	})
}

// F-084.
func TestEmailChangeExpiresToTheSecond(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		asked := h.clock.Now()
		h.clock.Stop(asked)
		b.changeEmail("anna@example.net")
		token := h.link("anna@example.net", mail.EmailChange)
		for _, late := range []time.Duration{time.Second, 0} {
			h.clock.Stop(asked.Add(time.Hour + late))
			_, err := h.ConfirmEmail(t.Context(), b.client(), token)
			h.refused(err, message.LinkExpired, "expired")
			if pending, err := h.PendingEmail(t.Context(), b.client()); err != nil || pending != "" {
				t.Fatal(pending, err)
			}
		}
		h.clock.Stop(asked.Add(time.Hour - time.Second))
		_, err := h.ConfirmEmail(t.Context(), b.client(), token)
		h.ok(err)
	})
}
