package flow

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

func withUsernames(c *config.Config) { c.Identifiers = []string{"email", "username"} }

func TestSignUpAndConfirmInTheSameBrowser(t *testing.T) {
	onBoth(t, withUsernames, func(t *testing.T, h *house) {
		b := h.browser()
		out := b.signUp(SignUpInput{Email: "Anna@Example.com", Username: "anna", Name: "Anna", ReturnTo: "/shop?a=1"})
		if out.Step != StepVerificationSent || out.PendingToken == "" || out.Token != "" || out.User != nil {
			t.Fatalf("%+v", out)
		}
		if h.exists("anna@example.com") {
			t.Fatal("there is an account before the address was confirmed")
		}
		token := h.link("Anna@Example.com", mail.Verify)
		link, err := h.VerifyLink(t.Context(), b.client(), token)
		if h.ok(err); link != (Link{Email: "Anna@Example.com", HasPassword: true}) {
			t.Fatalf("%+v", link)
		}
		out = b.keep(h.Verify(t.Context(), b.client(), VerifyInput{Token: token}))
		if out.Step != StepSignedIn || out.ReturnTo != "/shop?a=1" || !b.signedIn() {
			t.Fatalf("%+v", out)
		}
		if u := h.user("anna@example.com"); !u.EmailVerified || u.Name != "Anna" || u.Username != "anna" || u.Email != "Anna@Example.com" {
			t.Fatalf("%+v", u)
		}
		_, err = h.Verify(t.Context(), b.client(), VerifyInput{Token: token})
		h.refused(err, message.LinkExpired, "used")
		h.browser().login("ANNA@example.COM", goodPassword)
		h.browser().login("Anna", goodPassword)
	})
}

// a taken address is answered like a new one; its owner gets one mail a day.
func TestSignUpAnswersTheSameForATakenAddress(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com", Name: "Anna"})
		before := h.passwordOf("anna@example.com")
		fresh, taken := h.browser().signUp(SignUpInput{Email: "new@example.com"}), h.browser().signUp(SignUpInput{Email: "anna@example.com", Password: otherPassword})
		if len(taken.PendingToken) != len(fresh.PendingToken) || taken.PendingToken == fresh.PendingToken {
			t.Fatal("the pending tokens differ in more than their value")
		}
		fresh.PendingToken, taken.PendingToken = "", ""
		if fresh != taken {
			t.Fatalf("new: %+v\ntaken: %+v", fresh, taken)
		}
		h.browser().signUp(SignUpInput{Email: "ANNA@example.com"})
		if got := len(h.mails("anna@example.com", mail.SignupTaken)); got != 1 {
			t.Fatalf("%d mails tell the owner, want one a day", got)
		}
		if h.pendingRows("anna@example.com") != nil || h.passwordOf("anna@example.com") != before {
			t.Fatal("the sign-up changed something of an account")
		}
		h.clock.Pass(25 * time.Hour)
		h.browser().signUp(SignUpInput{Email: "anna@example.com"})
		if got := len(h.mails("anna@example.com", mail.SignupTaken)); got != 2 {
			t.Fatalf("%d mails after a day, want 2", got)
		}
	})
}

// Everything that is wrong is told at once, and costs no place in the budget of sign-ups unless it tells of an account.
func TestSignUpTellsAllThatIsWrong(t *testing.T) {
	onBoth(t, withUsernames, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com", Username: "anna"})
		b := h.browser()
		for range 15 {
			_, err := h.SignUp(t.Context(), b.client(), SignUpInput{Email: "no", Username: "a b", Password: "short", Name: "\x00"})
			h.refused(err, message.InvalidFields, "email:invalid_email", "username:invalid_username", "password:password_too_short", "name:invalid_characters")
		}
		for range 10 {
			_, err := h.SignUp(t.Context(), b.client(), SignUpInput{Email: "b@example.com", Username: "ANNA", Password: goodPassword})
			h.refused(err, message.InvalidFields, "username:username_taken")
		}
		_, err := h.SignUp(t.Context(), b.client(), SignUpInput{Email: "b@example.com", Username: "bert", Password: goodPassword})
		if f := h.refused(err, message.RateLimited, "limit_signup_client"); f.RetryAfter <= 0 { // B-031
			t.Fatal("no Retry-After")
		}
		for typed, want := range map[string]string{
			"": "password:required", "password1234": "password:breached_password", "quillfeather-2026": "password:contains_personal_info",
		} {
			_, err := h.SignUp(t.Context(), h.browser().client(), SignUpInput{Email: "b@example.com", Password: typed})
			h.refused(err, message.InvalidFields, want)
		}
	})
}

// I-154: the rule on who may sign up.
func TestSignUpIsClosedByRule(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		for _, c := range []struct {
			rule  []string
			email string
			want  message.Code
		}{
			{[]string{"closed"}, "a@example.com", message.SignupClosed},
			{[]string{"example.com", "example.net"}, "a@example.net", ""},
			{[]string{"example.com"}, "a@example.org", message.SignupClosed},
			{[]string{"example.com"}, "a@sub.example.com", message.SignupClosed},
			{[]string{"example.com"}, "a@notexample.com", message.SignupClosed},
			{[]string{"example.com"}, "nonsense", message.InvalidFields},
			{[]string{"closed"}, "", message.SignupClosed},
		} {
			h.Config.Signup = c.rule
			if _, err := h.SignUp(t.Context(), h.browser().client(), SignUpInput{Email: c.email, Password: goodPassword}); code(err) != c.want {
				t.Errorf("%v %s: %v, want %q", c.rule, c.email, err, c.want)
			}
		}
	})
}

// I-144: one address signed up 100 times at once.
func TestManySignUpsOfOneAddress(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		browsers := make([]*browser, 100)
		for i := range browsers {
			browsers[i] = h.browser()
		}
		var failed atomic.Int32
		atOnce(len(browsers), func(i int) {
			b := browsers[i]
			in := SignUpInput{Email: "anna@example.com", Name: fmt.Sprint("Anna ", i), Password: fmt.Sprint(goodPassword, i)}
			out, err := h.SignUp(t.Context(), b.client(), in)
			if err != nil || out.Step != StepVerificationSent {
				failed.Add(1)
			}
			b.pending = out.PendingToken
		})
		if failed.Load() > 0 {
			t.Fatalf("%d sign-ups were answered otherwise", failed.Load())
		}
		rows := h.pendingRows("anna@example.com")
		links := h.tokens("anna@example.com", mail.Verify)
		if len(rows) != 5 || len(links) != 3 || len(h.mails("anna@example.com")) != 3 {
			t.Fatalf("%d rows and %d mails, want 5 and 3", len(rows), len(links))
		}
		// Each link is bound to one browser and confirms what that one chose.
		bound := -1
		for i, b := range browsers {
			link, err := h.VerifyLink(t.Context(), b.client(), links[1])
			h.ok(err)
			if !link.NeedsPassword {
				if bound >= 0 {
					t.Fatal("one link is bound to two browsers")
				}
				bound = i
			}
		}
		b := browsers[bound]
		out := b.keep(h.Verify(t.Context(), b.client(), VerifyInput{Token: links[1]}))
		if out.User.Name != fmt.Sprint("Anna ", bound) || !h.knows("anna@example.com", fmt.Sprint(goodPassword, bound)) {
			t.Fatalf("the link of sign-up %d made the account of %q", bound, out.User.Name)
		}
		if h.pendingRows("anna@example.com") != nil {
			t.Fatal("other sign-ups of the address still wait")
		}
		for _, dead := range []string{links[0], links[2]} {
			_, err := h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: dead, NewPassword: thirdPassword})
			h.refused(err, message.LinkExpired)
		}
	})
}

// F-074 for sign-ups: of all links of an address, opened at once, one makes the account and nobody waits for a deadlock.
func TestAllLinksOfOneAddressAtOnce(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		for range 3 {
			h.browser().signUp(SignUpInput{Email: "anna@example.com"})
		}
		links := h.tokens("anna@example.com", mail.Verify)
		clients := h.strangers(48)
		winner := h.oneWins(len(clients), func(i int) error {
			_, err := h.Verify(t.Context(), clients[i], VerifyInput{Token: links[i%3], NewPassword: fmt.Sprint(otherPassword, i)})
			return err
		}, func(err error) bool { return code(err) == message.LinkExpired })
		if !h.knows("anna@example.com", fmt.Sprint(otherPassword, winner)) {
			t.Fatal("the stored hash is not the winner's")
		}
	})
}

func TestVerifyElsewhereAsksForAPassword(t *testing.T) {
	onBoth(t, withUsernames, func(t *testing.T, h *house) {
		h.browser().signUp(SignUpInput{Email: "anna@example.com", Username: "anna", Name: "Anna"})
		token, phone := h.link("anna@example.com", mail.Verify), h.browser()
		link, err := h.VerifyLink(t.Context(), phone.client(), token)
		if h.ok(err); !link.NeedsPassword || !link.HasPassword {
			t.Fatalf("%+v", link)
		}
		_, err = h.Verify(t.Context(), phone.client(), VerifyInput{Token: token})
		h.refused(err, message.InvalidFields, "password:required")
		_, err = h.Verify(t.Context(), phone.client(), VerifyInput{Token: token, Password: wrongPassword})
		h.refused(err, message.InvalidCredentials)
		_, err = h.Verify(t.Context(), phone.client(), VerifyInput{Token: token, NewPassword: "short"})
		h.refused(err, message.InvalidFields, "new_password:password_too_short")
		out := phone.keep(h.Verify(t.Context(), phone.client(), VerifyInput{Token: token, Password: goodPassword})) // none of it used the link up
		if out.User.Name != "Anna" || out.User.Username != "anna" || !phone.signedIn() {
			t.Fatalf("%+v", out.User)
		}
	})
}

// The password of a sign-up can't be guessed without end through its link.
func TestVerifyElsewhereIsLimited(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.browser().signUp(SignUpInput{Email: "anna@example.com"})
		token := h.link("anna@example.com", mail.Verify)
		for range 5 {
			_, err := h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: token, Password: wrongPassword})
			h.refused(err, message.InvalidCredentials)
		}
		_, err := h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: token, Password: goodPassword})
		h.refused(err, message.RateLimited)
	})
}

// H-124: a stranger signs up with my address; my click never makes that my account.
func TestAStrangersSignUpNeverBecomesMyAccount(t *testing.T) {
	onBoth(t, withUsernames, func(t *testing.T, h *house) {
		stranger := h.browser()
		stranger.signUp(SignUpInput{Email: "anna@example.com", Username: "mallory", Name: "Mallory", Password: otherPassword, ReturnTo: "/pay/mallory"})
		anna := h.browser()
		anna.signUp(SignUpInput{Email: "anna@example.com", Username: "anna", Name: "Anna"})
		var strangers string
		for _, token := range h.tokens("anna@example.com", mail.Verify) {
			if link, err := h.VerifyLink(t.Context(), stranger.client(), token); err == nil && !link.NeedsPassword {
				strangers = token
			}
		}
		// Anna has her own pending cookie, but it is not this link's.
		_, err := h.Verify(t.Context(), anna.client(), VerifyInput{Token: strangers})
		h.refused(err, message.InvalidFields, "password:required")
		_, err = h.Verify(t.Context(), anna.client(), VerifyInput{Token: strangers, Password: goodPassword})
		h.refused(err, message.InvalidCredentials)
		out := anna.keep(h.Verify(t.Context(), anna.client(), VerifyInput{Token: strangers, NewPassword: thirdPassword}))
		if out.User.Name != "" || out.User.Username != "" || out.ReturnTo != "" {
			t.Fatalf("something that the stranger chose is left: %+v %q", out.User, out.ReturnTo)
		}
		if h.knows("anna@example.com", otherPassword) || !h.knows("anna@example.com", thirdPassword) {
			t.Fatal("the stranger's password is the account's")
		}
		if h.pendingRows("anna@example.com") != nil {
			t.Fatal("the other sign-ups still wait")
		}
		_, err = h.browser().tryLogin("mallory", otherPassword)
		h.refused(err, message.InvalidCredentials)
	})
}

// Whoever plants a pending cookie in my browser before I sign up can't confirm my sign-up with it.
func TestAPlantedPendingTokenBindsNothing(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		stranger, anna := h.browser(), h.browser()
		stranger.signUp(SignUpInput{Email: "mallory@example.com"})
		anna.pending = stranger.pending
		anna.signUp(SignUpInput{Email: "anna@example.com"})
		_, err := h.Verify(t.Context(), stranger.client(), VerifyInput{Token: h.link("anna@example.com", mail.Verify)})
		h.refused(err, message.InvalidFields, "password:required")
	})
}

// F-083.
func TestVerifyLinkInAnotherUsersSession(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		bert := h.member(SignUpInput{Email: "bert@example.com"})
		anna := h.browser()
		anna.signUp(SignUpInput{Email: "anna@example.com"})
		token := h.link("anna@example.com", mail.Verify)
		link, err := h.VerifyLink(t.Context(), bert.client(), token)
		if h.ok(err); !link.Other {
			t.Fatal("the page is not told that somebody else is signed in")
		}
		for _, in := range []VerifyInput{{Token: token}, {Token: token, Password: goodPassword}, {Token: token, NewPassword: otherPassword}} {
			_, err = h.Verify(t.Context(), bert.client(), in)
			h.refused(err, message.Conflict, "verify_link_in_another_users_session")
		}
		anna.keep(h.Verify(t.Context(), anna.client(), VerifyInput{Token: token}))
		if !bert.signedIn() {
			t.Fatal("a refused link ended the session")
		}
	})
}

func TestCancelSignUp(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		for range 2 {
			h.browser().signUp(SignUpInput{Email: "anna@example.com"})
		}
		links := h.tokens("anna@example.com", mail.Verify)
		h.ok(h.CancelSignUp(t.Context(), h.browser().client(), links[0]))
		_, err := h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: links[0], NewPassword: otherPassword})
		h.refused(err, message.LinkExpired)
		h.refused(h.CancelSignUp(t.Context(), h.browser().client(), links[0]), message.LinkExpired)
		if len(h.pendingRows("anna@example.com")) != 1 {
			t.Fatal("not that one row is gone")
		}
		_, err = h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: links[1], NewPassword: otherPassword})
		h.ok(err)
		h.refused(h.CancelSignUp(t.Context(), h.browser().client(), links[1]), message.LinkExpired, "used")
	})
}

// B-030: strangers who use up the mails of an address keep its owner out no longer than until the owner throws their sign-ups away.
func TestCancelledSignUpsFreeTheMailsOfTheAddress(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		for range 3 {
			h.browser().signUp(SignUpInput{Email: "anna@example.com", Password: otherPassword})
		}
		foreign := h.tokens("anna@example.com", mail.Verify)
		anna := h.browser()
		anna.signUp(SignUpInput{Email: "anna@example.com"})
		if len(foreign) != 3 || len(h.tokens("anna@example.com", mail.Verify)) != 3 {
			t.Fatal("the budget is not used up")
		}
		for _, token := range foreign {
			h.ok(h.CancelSignUp(t.Context(), h.browser().client(), token))
		}
		_, err := h.ResendVerification(t.Context(), anna.client(), "anna@example.com")
		h.ok(err)
		anna.keep(h.Verify(t.Context(), anna.client(), VerifyInput{Token: h.link("anna@example.com", mail.Verify)})) // her own: her browser is enough
		if !anna.signedIn() || !h.knows("anna@example.com", goodPassword) {
			t.Fatal("she is not in")
		}
	})
}

// H-125: where the account is made at once, «this was not me» takes it away again, with whoever is in it.
func TestCancelWhereTheAccountIsMadeAtOnce(t *testing.T) {
	onBoth(t, func(c *config.Config) { c.EmailVerification = "optional" }, func(t *testing.T, h *house) {
		stranger := h.browser()
		stranger.signUp(SignUpInput{Email: "anna@example.com", Password: otherPassword})
		token := h.link("anna@example.com", mail.Verify)
		if link, err := h.VerifyLink(t.Context(), h.browser().client(), token); err != nil || !link.Account {
			t.Fatalf("the page does not say that there is an account: %+v %v", link, err)
		}
		h.ok(h.CancelSignUp(t.Context(), h.browser().client(), token))
		if stranger.signedIn() || h.exists("anna@example.com") {
			t.Fatal("the stranger's account is still there")
		}
		h.refused(h.CancelSignUp(t.Context(), h.browser().client(), token), message.LinkExpired)
		if len(h.mails("anna@example.com")) != 1 {
			t.Fatal("she was told what she has just done")
		}
		anna := h.browser()
		anna.signUp(SignUpInput{Email: "anna@example.com"})
		token = h.link("anna@example.com", mail.Verify)
		anna.keep(h.Verify(t.Context(), anna.client(), VerifyInput{Token: token}))
		h.refused(h.CancelSignUp(t.Context(), h.browser().client(), token), message.LinkExpired, "used")
		if !anna.signedIn() {
			t.Fatal("a link that was used took the account away")
		}
	})
}

// What an operator made is not a stranger's to throw away, nor the mailbox's owner's by a click: only the link is gone.
func TestCancelLeavesWhatAnOperatorMade(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		_, err := h.CreateUser(t.Context(), NewUser{Email: "anna@example.com"})
		h.ok(err)
		token := h.link("anna@example.com", mail.AccountMade)
		h.ok(h.CancelSignUp(t.Context(), h.browser().client(), token))
		_, err = h.VerifyLink(t.Context(), h.browser().client(), token)
		h.refused(err, message.LinkExpired)
		if !h.exists("anna@example.com") {
			t.Fatal("the account is gone")
		}
	})
}

func TestUsernameTakenWhileASignUpWaited(t *testing.T) {
	onBoth(t, withUsernames, func(t *testing.T, h *house) {
		anna := h.browser()
		anna.signUp(SignUpInput{Email: "anna@example.com", Username: "star"})
		h.member(SignUpInput{Email: "bert@example.com", Username: "star"})
		token := h.link("anna@example.com", mail.Verify)
		out := anna.keep(h.Verify(t.Context(), anna.client(), VerifyInput{Token: token}))
		if !out.UsernameLost || out.User.Username != "" || !anna.signedIn() || !h.knows("anna@example.com", goodPassword) {
			t.Fatalf("the account was not made without the username: %+v", out)
		}
		h.browser().signUp(SignUpInput{Email: "carl@example.com", Username: "comet"})
		out, err := h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: h.link("carl@example.com", mail.Verify), Password: goodPassword})
		if h.ok(err); out.UsernameLost || out.User.Username != "comet" {
			t.Fatalf("a username that is free was lost: %+v", out)
		}
	})
}

// Which of two passwords is meant decides what becomes of the sign-up, so it is asked and not guessed.
func TestVerifyWithTwoPasswords(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		anna := h.browser()
		anna.signUp(SignUpInput{Email: "anna@example.com"})
		token := h.link("anna@example.com", mail.Verify)
		for _, c := range []Client{anna.client(), h.browser().client()} {
			_, err := h.Verify(t.Context(), c, VerifyInput{Token: token, Password: goodPassword, NewPassword: otherPassword})
			h.refused(err, message.InvalidFields, "new_password:not_allowed")
		}
		_, err := h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: token, Password: goodPassword})
		h.ok(err)
	})
}

func TestResendVerification(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "member@example.com"})
		h.browser().signUp(SignUpInput{Email: "anna@example.com"})
		first := h.link("anna@example.com", mail.Verify)
		for _, address := range []string{"anna@example.com", "nobody@example.com", "member@example.com"} {
			out, err := h.ResendVerification(t.Context(), h.browser().client(), address)
			if h.ok(err); out != (Outcome{Step: StepSent}) {
				t.Fatalf("%s: %+v", address, out)
			}
		}
		if got := h.tokens("anna@example.com", mail.Verify); len(got) != 2 || got[0] != first {
			t.Fatalf("the link was mailed %d times, want the same one twice", len(got))
		}
		if len(h.mails("nobody@example.com")) > 0 || len(h.mails("member@example.com")) != 1 {
			t.Fatal("somebody got a mail who waits for none")
		}
		for range 20 {
			_, err := h.ResendVerification(t.Context(), h.browser().client(), "anna@example.com")
			h.ok(err)
		}
		if got := len(h.mails("anna@example.com")); got != 3 {
			t.Fatalf("%d mails in an hour, want 3", got)
		}
		_, err := h.ResendVerification(t.Context(), h.browser().client(), "nonsense")
		h.refused(err, message.InvalidFields, "email:invalid_email")
	})
}

// Where addresses may be confirmed later, sign-up logs in at once and tells that an address is taken: the operator's choice.
func TestSignUpWithOptionalVerification(t *testing.T) {
	onBoth(t, func(c *config.Config) { c.EmailVerification = "optional" }, func(t *testing.T, h *house) {
		b := h.browser()
		out := b.signUp(SignUpInput{Email: "anna@example.com", Name: "Anna", ReturnTo: "/shop"})
		if out.Step != StepCreated || out.User.EmailVerified || out.ReturnTo != "/shop" || !b.signedIn() {
			t.Fatalf("%+v", out)
		}
		_, err := h.SignUp(t.Context(), h.browser().client(), SignUpInput{Email: "anna@example.com", Password: goodPassword})
		h.refused(err, message.Conflict, "identifier_taken", "taken", "email:email_taken")

		phone := h.browser()
		phone.login("anna@example.com", goodPassword)
		before, token := h.passwordOf("anna@example.com"), h.link("anna@example.com", mail.Verify)
		link, err := h.VerifyLink(t.Context(), h.browser().client(), token)
		if h.ok(err); !link.NeedsPassword || !link.HasPassword {
			t.Fatalf("elsewhere the link must ask for the account's password: %+v", link)
		}
		_, err = h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: token, Password: wrongPassword})
		h.refused(err, message.InvalidCredentials)
		// In the browser that is signed in the link needs nothing, and to confirm an address changes no password and ends no session.
		b.keep(h.Verify(t.Context(), b.client(), VerifyInput{Token: token}))
		if u := h.user("anna@example.com"); !u.EmailVerified || h.passwordOf("anna@example.com") != before || !phone.signedIn() || !b.signedIn() {
			t.Fatalf("%+v, phone signed in: %v", u, phone.signedIn())
		}
	})
}

// H-125: a stranger's account with my unconfirmed address; recovering it through the mailbox voids all that the stranger has there.
func TestRecoverAnUnconfirmedAccount(t *testing.T) {
	onBoth(t, func(c *config.Config) { withUsernames(c); c.EmailVerification = "optional" }, func(t *testing.T, h *house) {
		stranger := h.browser()
		stranger.signUp(SignUpInput{Email: "anna@example.com", Username: "mallory", Name: "Call 0800-EVIL", Password: otherPassword})
		_, err := h.ChangeEmail(t.Context(), stranger.client(), "mallory@example.com")
		h.ok(err)
		change := h.link("mallory@example.com", mail.EmailChange)
		anna := h.browser()
		_, err = h.Forgot(t.Context(), anna.client(), "anna@example.com", "")
		h.ok(err)
		token := h.link("anna@example.com", mail.VerifyPendingReset)
		anna.keep(h.Verify(t.Context(), anna.client(), VerifyInput{Token: token, NewPassword: thirdPassword}))
		if stranger.signedIn() || h.knows("anna@example.com", otherPassword) || !anna.signedIn() {
			t.Fatal("the stranger is still in")
		}
		if u := h.user("anna@example.com"); u.Name != "" || u.Username != "" {
			t.Fatalf("what the stranger called the account is still there: %+v", u)
		}
		_, err = h.ConfirmEmail(t.Context(), anna.client(), change)
		h.refused(err, message.LinkExpired, "used")
	})
}

func TestSignUpWithAUsernameAlone(t *testing.T) {
	onBoth(t, func(c *config.Config) { c.Identifiers = []string{"username"} }, func(t *testing.T, h *house) {
		b := h.browser()
		out := b.signUp(SignUpInput{Username: "Anna"})
		if out.Step != StepCreated || out.User.Username != "Anna" || out.User.Email != "" || !b.signedIn() {
			t.Fatalf("%+v", out)
		}
		h.browser().login("aNNa", goodPassword)
		_, err := h.SignUp(t.Context(), h.browser().client(), SignUpInput{Password: goodPassword})
		h.refused(err, message.InvalidFields, "username:required")
		_, err = h.browser().tryLogin("anna@example.com", goodPassword)
		h.refused(err, message.InvalidFields, "identifier:invalid_username")
	})
}

// Whoever fills the rows of an address must not keep its owner from the account that an operator made.
func TestStrangersSignUpsDoNotBlockAnOperatorsUser(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		for range 6 {
			h.browser().signUp(SignUpInput{Email: "anna@example.com", Password: otherPassword})
		}
		if len(h.pendingRows("anna@example.com")) != 5 {
			t.Fatal("the rows are not full")
		}
		h.clock.Pass(2 * time.Hour) // the strangers have used up the mails of an hour
		user, err := h.CreateUser(t.Context(), NewUser{Email: "anna@example.com", Name: "Anna"})
		h.ok(err)
		b := h.browser()
		out := b.keep(h.Verify(t.Context(), b.client(), VerifyInput{Token: h.link("anna@example.com", mail.AccountMade), NewPassword: goodPassword}))
		if out.User.ID != user.ID || out.User.Name != "Anna" {
			t.Fatalf("%+v", out.User)
		}
	})
}

// F-084 for the link of a sign-up, E-066: what was stored is judged again where it is used.
func TestVerifyLinkExpiresToTheSecond(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.browser().signUp(SignUpInput{Email: "anna@example.com", ReturnTo: "https://app.example.com/x"})
		token := h.link("anna@example.com", mail.Verify)
		ends := h.pendingRows("anna@example.com")[0].ExpiresAt
		for _, late := range []time.Duration{time.Second, 0} {
			h.clock.Stop(ends.Add(late))
			_, err := h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: token, Password: goodPassword})
			h.refused(err, message.LinkExpired, "expired")
		}
		h.clock.Stop(ends.Add(-time.Second))
		_, err := h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: token, Password: goodPassword})
		h.ok(err)
	})
}

// A store that is down is our trouble, never a wrong password.
func TestStoreDownIsNotAFault(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		c := b.client()
		h.ok(h.Store.Close())
		ctx := context.Background()
		for name, try := range map[string]func() error{
			"sign-up": func() error {
				_, err := h.SignUp(ctx, h.browser().client(), SignUpInput{Email: "b@example.com", Password: goodPassword})
				return err
			},
			"login":           func() error { _, err := b.tryLogin("anna@example.com", goodPassword); return err },
			"forgot":          func() error { _, err := h.Forgot(ctx, c, "anna@example.com", ""); return err },
			"re-authenticate": func() error { _, err := h.Reauthenticate(ctx, c, goodPassword); return err },
			"change password": func() error { _, err := h.ChangePassword(ctx, c, goodPassword, otherPassword); return err },
			"devices":         func() error { _, err := h.Devices(ctx, c); return err },
			"verify":          func() error { _, err := h.VerifyLink(ctx, c, c.Pending); return err },
			"log-out":         func() error { return h.Logout(ctx, c) },
		} {
			if name == "login" {
				b.token = "" // the check of the session would fail first
			}
			err := try()
			if f := message.From(err); err == nil || fault(err) != nil || f.Code != message.Unavailable || f.Status() != 503 {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func (h *house) eventsOf(address string) (events []store.Event) {
	h.t.Helper()
	id := h.user(address).ID
	h.view(func(ctx context.Context, tx *store.Tx) (err error) {
		events, err = tx.EventsOf(ctx, id, 1000)
		return err
	})
	return events
}
