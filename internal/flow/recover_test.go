package flow

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/password"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
)

func (h *house) forgot(b *browser, address string) {
	h.t.Helper()
	out, err := h.Forgot(h.t.Context(), b.client(), address, "")
	if h.ok(err); b.device == "" && out != (Outcome{Step: StepSent}) || out.Step != StepSent { // a device that is known may be told more
		h.t.Fatalf("%+v", out)
	}
	h.settle()
}

// who asks for a link to a new password is told the same for every address, but for a browser that this very account has let in: it is told
// that the mail is really on its way, and only if it is. C-036: after a new password it is a stranger.
func TestOnlyAKnownDeviceIsToldThatAMailIsSent(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		anna, eve := h.member(SignUpInput{Email: "anna@example.com"}), h.member(SignUpInput{Email: "eve@example.com"})
		ask := func(device, address string) Outcome {
			t.Helper()
			out, err := h.Forgot(t.Context(), foreign(h.browser().client(), device), address, "")
			h.ok(err)
			h.settle()
			return out
		}
		neutral := Outcome{Step: StepSent}
		for what, got := range map[string]Outcome{
			"no cookie, an account":          ask("", "anna@example.com"),
			"no cookie, nobody":              ask("", "nobody@example.com"),
			"another account's device":       ask(eve.device, "anna@example.com"),
			"another account on this device": ask(anna.device, "eve@example.com"),
			"nobody on this device":          ask(anna.device, "nobody@example.com"),
			"a forged cookie":                ask("x"+anna.device, "anna@example.com"),
		} {
			if got != neutral {
				t.Errorf("%s: %+v", what, got)
			}
		}
		h.clock.Pass(time.Hour)
		for i := range 4 { // three mails an hour go to an address
			sent := len(h.mails("anna@example.com", mail.Reset))
			told := ask(anna.device, "ANNA@example.com").SentTo
			if really := len(h.mails("anna@example.com", mail.Reset)) > sent; really != (told == "a…@example.com") || really != (i < 3) {
				t.Errorf("%d: mailed: %v, told %q", i, really, told)
			}
		}
		h.clock.Pass(time.Hour)
		h.forgot(h.browser(), "anna@example.com")
		_, err := h.Reset(t.Context(), h.browser().client(), ResetInput{Token: h.link("anna@example.com", mail.Reset), Password: otherPassword})
		h.ok(err)
		if got := ask(anna.device, "anna@example.com"); got != neutral {
			t.Errorf("after a new password: %+v", got)
		}
		h.ok(h.SetUserState(t.Context(), h.user("eve@example.com").ID, store.StateDisabled))
		if got := ask(eve.device, "eve@example.com"); got != neutral {
			t.Errorf("a disabled account: %+v", got)
		}
		if got := ask("", "nobody@gmial.com"); got != (Outcome{Step: StepSent, Suggestion: "nobody@gmail.com"}) {
			t.Errorf("a mistyped address: %+v", got)
		}
	})
}

func TestForgotAndReset(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		laptop := h.member(SignUpInput{Email: "anna@example.com", Name: "Anna"})
		phone := h.browser()
		phone.login("anna@example.com", goodPassword)
		b := h.browser()
		_, err := h.Forgot(t.Context(), b.client(), "Anna@example.com", "/shop")
		h.ok(err)
		token := h.link("anna@example.com", mail.Reset)
		for range 3 { // F-078: looking does not use it up
			link, err := h.ResetLink(t.Context(), b.client(), token)
			if h.ok(err); link.Email != "anna@example.com" {
				t.Fatalf("%+v", link)
			}
		}
		for typed, want := range map[string]string{"": "required", "short": "password_too_short", "password1234": "breached_password", "anna-at-example-anna": "contains_personal_info"} {
			_, err := h.Reset(t.Context(), b.client(), ResetInput{Token: token, Password: typed})
			h.refused(err, message.InvalidFields, "password:"+want)
		}
		h.ok(h.Sessions.Poll(t.Context())) // the cache is trusted from now on
		_, _ = laptop.signedIn(), phone.signedIn()
		out, err := h.Reset(t.Context(), b.client(), ResetInput{Token: token, Password: otherPassword})
		h.ok(err)
		// F-080: the mailbox alone signs nobody in.
		if out.Step != StepPasswordChanged || out.Token != "" || out.Session != nil || out.User != nil || out.ReturnTo != "/shop" {
			t.Fatalf("%+v", out)
		}
		if laptop.signedIn() || phone.signedIn() { // C-036
			t.Fatal("a session outlived the password")
		}
		if h.knows("anna@example.com", goodPassword) || !h.knows("anna@example.com", otherPassword) {
			t.Fatal("not the new password is stored")
		}
		_, err = h.Reset(t.Context(), b.client(), ResetInput{Token: token, Password: thirdPassword})
		h.refused(err, message.LinkExpired, "used")
		if len(h.mails("anna@example.com", mail.PasswordChanged)) != 1 {
			t.Fatal("the owner was not told")
		}
	})
}

// forgotten password answers the same for everybody; who gets which mail is decided afterwards.
func TestForgotAnswersTheSame(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.browser()
		for _, address := range strangers(t, h) {
			h.forgot(b, address)
		}
		for address, kind := range map[string]mail.Kind{
			"known@example.com": mail.Reset, "bcrypt@example.com": mail.Reset, "without@example.com": mail.Reset,
			"unverified@example.com": mail.VerifyPendingReset, "pending@example.com": mail.VerifyPendingReset,
		} {
			if len(h.mails(address, kind)) != 1 {
				t.Errorf("%s got no mail of the kind %s", address, kind)
			}
		}
		if len(h.mails("disabled@example.com")) != 1 || len(h.mails("nobody@example.com")) != 0 {
			t.Error("a closed or unknown account got a mail")
		}
		_, err := h.Forgot(t.Context(), b.client(), "a@example.com,b@example.com", "") // F-081
		h.refused(err, message.InvalidFields, "email:invalid_email")
		// An account without a password gets one by its link; the verify link of «forgotten» lets the owner of a sign-up in.
		_, err = h.Reset(t.Context(), b.client(), ResetInput{Token: h.link("without@example.com", mail.Reset), Password: otherPassword})
		h.ok(err)
		h.browser().login("without@example.com", otherPassword)
		_, err = h.Verify(t.Context(), b.client(), VerifyInput{Token: h.link("pending@example.com", mail.VerifyPendingReset), NewPassword: otherPassword})
		h.ok(err)
	})
}

// B-030: a hundred requests for one victim; the newest link works, and so do the others until one is used.
func TestForgotFlood(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		h.clock.Pass(time.Hour)
		for range 100 {
			h.forgot(h.browser(), "anna@example.com")
		}
		links := h.tokens("anna@example.com", mail.Reset)
		if len(links) != 3 {
			t.Fatalf("%d mails in an hour, want 3", len(links))
		}
		for _, token := range links {
			_, err := h.ResetLink(t.Context(), h.browser().client(), token)
			h.ok(err)
		}
		_, err := h.Reset(t.Context(), h.browser().client(), ResetInput{Token: links[0], Password: otherPassword})
		h.ok(err)
		for _, token := range links[1:] { // F-075
			_, err := h.Reset(t.Context(), h.browser().client(), ResetInput{Token: token, Password: thirdPassword})
			h.refused(err, message.LinkExpired, "used")
		}
		h.browser().login("anna@example.com", otherPassword)
		b := h.browser()
		for range 20 {
			h.forgot(b, "nobody@example.com")
		}
		_, err = h.Forgot(t.Context(), b.client(), "nobody@example.com", "")
		h.refused(err, message.RateLimited, "limit_mail_client")
	})
}

// F-074: one link, fifty at once with different passwords.
func TestResetOfOneLinkAtOnce(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		h.forgot(h.browser(), "anna@example.com")
		h.resetAtOnce("anna@example.com", []string{h.link("anna@example.com", mail.Reset)})
	})
}

// F-074 and F-075: three links of one account, all at once. Whichever wins voids the others, and none waits for a deadlock.
func TestResetOfAllLinksAtOnce(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		h.clock.Pass(time.Hour)
		for range 3 {
			h.forgot(h.browser(), "anna@example.com")
		}
		h.resetAtOnce("anna@example.com", h.tokens("anna@example.com", mail.Reset))
	})
}

func (h *house) resetAtOnce(address string, links []string) {
	h.t.Helper()
	// Slow enough that all have found the link good before the first uses it.
	h.Hasher = hasher(h.t, password.Params{Format: "argon2id", Argon2Memory: 4 << 20, Argon2Time: 3, Argon2Threads: 1})
	clients := h.strangers(50)
	winner := h.oneWins(len(clients), func(i int) error {
		_, err := h.Reset(h.t.Context(), clients[i], ResetInput{Token: links[i%len(links)], Password: fmt.Sprint(otherPassword, i)})
		return err
	}, func(err error) bool {
		// On a machine this busy PostgreSQL cuts off who has waited 5 s: 503, and nothing changed.
		return usedUp(err) || errors.Is(err, store.ErrUnavailable)
	})
	if !h.knows(address, fmt.Sprint(otherPassword, winner)) {
		h.t.Fatal("the stored hash is not the winner's")
	}
}

// F-075: what voids a reset link.
func TestResetLinkIsVoid(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		for name, do := range map[string]func(b *browser, address string){
			"change": func(b *browser, _ string) {
				b.keep(h.ChangePassword(t.Context(), b.client(), goodPassword, otherPassword))
			},
			"disable": func(_ *browser, address string) {
				h.ok(h.SetUserState(t.Context(), h.user(address).ID, store.StateDisabled))
			},
			"operator": func(_ *browser, address string) { h.ok(h.SetUserPassword(t.Context(), h.user(address), otherPassword)) },
			"email": func(b *browser, _ string) {
				_, err := h.ChangeEmail(t.Context(), b.client(), "new@example.net")
				h.ok(err)
				_, err = h.ConfirmEmail(t.Context(), b.client(), h.link("new@example.net", mail.EmailChange))
				h.ok(err)
			},
			"deletion": func(b *browser, _ string) { h.ok(h.DeleteAccount(t.Context(), b.client())) },
		} {
			address := name + "@example.com"
			b := h.member(SignUpInput{Email: address})
			h.forgot(b, address)
			token := h.link(address, mail.Reset)
			do(b, address)
			_, err := h.Reset(t.Context(), h.browser().client(), ResetInput{Token: token, Password: thirdPassword})
			f := fault(err)
			if f == nil || f.Code != message.LinkExpired {
				t.Errorf("after %s: %v", name, err)
				continue
			}
			if at := f.Args["used_at"]; f.Hint == "used" && at != nil { // it was not, and nobody is told when
				t.Errorf("after %s it is said to have been used at %v", name, at)
			}
		}
	})
}

// F-077: a token opens only the kind it was made for, and trying it elsewhere does not use it up.
func TestKindConfusion(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		h.browser().signUp(SignUpInput{Email: "bert@example.com"})
		h.forgot(b, "anna@example.com")
		_, err := h.ChangeEmail(t.Context(), b.client(), "anna@example.net")
		h.ok(err)
		tokens := map[ticket.Kind]string{
			ticket.Verify: h.link("bert@example.com", mail.Verify), ticket.Reset: h.link("anna@example.com", mail.Reset),
			ticket.EmailChange: h.link("anna@example.net", mail.EmailChange), "session": b.token, "device": b.device, "pending": h.browser().signUp(SignUpInput{Email: "c@example.com"}).PendingToken,
		}
		type door struct {
			name string
			kind ticket.Kind
			open func(token string) error
		}
		doors := []door{
			{"verify", ticket.Verify, func(s string) error {
				_, err := h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: s, NewPassword: otherPassword})
				return err
			}},
			{"verify link", ticket.Verify, func(s string) error { _, err := h.VerifyLink(t.Context(), b.client(), s); return err }},
			{"cancel", ticket.Verify, func(s string) error { return h.CancelSignUp(t.Context(), h.browser().client(), s) }},
			{"reset", ticket.Reset, func(s string) error {
				_, err := h.Reset(t.Context(), h.browser().client(), ResetInput{Token: s, Password: otherPassword})
				return err
			}},
			{"reset link", ticket.Reset, func(s string) error { _, err := h.ResetLink(t.Context(), b.client(), s); return err }},
			{"confirm email", ticket.EmailChange, func(s string) error { _, err := h.ConfirmEmail(t.Context(), b.client(), s); return err }},
			{"email link", ticket.EmailChange, func(s string) error { _, err := h.EmailChangeLink(t.Context(), b.client(), s); return err }},
		}
		for _, d := range doors {
			for kind, token := range tokens {
				if kind == d.kind {
					continue
				}
				if f := fault(d.open(token)); f == nil || f.Code != message.LinkExpired || f.Hint != "unknown" && f.Hint != "malformed" {
					t.Errorf("a token of the kind %s at %s: %v", kind, d.name, f)
				}
			}
		}
		b.addr = h.browser().addr // the budget of wrong links is used up
		_, err = h.ConfirmEmail(t.Context(), b.client(), tokens[ticket.EmailChange])
		h.ok(err)
		for kind, token := range tokens { // nor are links sessions
			if kind == "session" {
				continue
			}
			if _, err := h.Sessions.Check(t.Context(), token); code(err) != message.Unauthenticated {
				t.Errorf("a token of the kind %s is a session: %v", kind, err)
			}
		}
	})
}

// F-076: wrong tokens count against the client, right ones don't.
func TestGuessingLinksIsLimited(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.browser().signUp(SignUpInput{Email: "anna@example.com"})
		token, b := h.link("anna@example.com", mail.Verify), h.browser()
		for range 40 {
			_, err := h.VerifyLink(t.Context(), b.client(), token)
			h.ok(err)
		}
		for i := range 30 {
			wrong := ticket.NewToken()
			if i%2 == 1 {
				wrong = token[:len(token)-1]
			}
			_, err := h.ResetLink(t.Context(), b.client(), wrong)
			h.refused(err, message.LinkExpired)
		}
		_, err := h.VerifyLink(t.Context(), b.client(), token)
		h.refused(err, message.RateLimited, "limit_token_client")
		_, err = h.VerifyLink(t.Context(), h.browser().client(), token)
		h.ok(err)
	})
}

// F-084.
func TestResetLinkExpiresToTheSecond(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		h.clock.Stop(h.clock.Now())
		asked := h.clock.Now()
		h.forgot(b, "anna@example.com")
		token := h.link("anna@example.com", mail.Reset)
		for _, late := range []time.Duration{time.Second, 0} {
			h.clock.Stop(asked.Add(30*time.Minute + late))
			_, err := h.Reset(t.Context(), b.client(), ResetInput{Token: token, Password: otherPassword})
			if f := h.refused(err, message.LinkExpired, "expired"); f.Args["ago"] != max(late, time.Second) {
				t.Fatalf("%v", f.Args)
			}
		}
		h.clock.Stop(asked.Add(30*time.Minute - time.Second))
		_, err := h.Reset(t.Context(), b.client(), ResetInput{Token: token, Password: otherPassword})
		h.ok(err)
	})
}

// C-034 and C-036.
func TestChangePassword(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		phone := h.browser()
		phone.login("anna@example.com", goodPassword)
		h.ok(h.Sessions.Poll(t.Context()))
		_, _ = b.signedIn(), phone.signedIn()
		for _, c := range []struct{ current, chosen, want string }{
			{"", otherPassword, "current_password:required"}, {wrongPassword, otherPassword, "current_password:incorrect"},
			{goodPassword, "short", "password:password_too_short"}, {goodPassword, goodPassword, "password:unchanged"}, {"", "", "password:required"},
		} {
			_, err := h.ChangePassword(t.Context(), b.client(), c.current, c.chosen)
			h.refused(err, message.InvalidFields, c.want)
		}
		if !b.signedIn() || !phone.signedIn() || !h.knows("anna@example.com", goodPassword) {
			t.Fatal("a refused change changed something")
		}
		old, id := *b, b.client().Session.ID
		out := b.keep(h.ChangePassword(t.Context(), b.client(), goodPassword, otherPassword))
		if out.Step != StepPasswordChanged || out.Token == "" || out.Session.ID != id {
			t.Fatalf("%+v", out)
		}
		if old.signedIn() || phone.signedIn() || !b.signedIn() {
			t.Fatal("the old token or another session is alive, or the new one is not")
		}
		if h.knows("anna@example.com", goodPassword) || !h.knows("anna@example.com", otherPassword) {
			t.Fatal("not the new password is stored")
		}
		if len(h.mails("anna@example.com", mail.PasswordChanged)) != 1 {
			t.Fatal("the owner was not told")
		}
		_, err := h.ChangePassword(t.Context(), Client{}, goodPassword, otherPassword)
		h.refused(err, message.Unauthenticated)
	})
}

// Two changes at once, from two devices: one wins, the other is told and signed out.
func TestTwoPasswordChangesAtOnce(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		browsers, clients := make([]*browser, 8), make([]Client, 8)
		for i := range browsers {
			browsers[i] = h.browser()
			browsers[i].login("anna@example.com", goodPassword)
			clients[i] = browsers[i].client()
		}
		winner := h.oneWins(len(clients), func(i int) error {
			out, err := h.ChangePassword(t.Context(), clients[i], goodPassword, fmt.Sprint(otherPassword, i))
			if err == nil {
				browsers[i].token = out.Token
			}
			return err
		}, func(err error) bool {
			return slices.Contains([]message.Code{message.Conflict, message.InvalidFields, message.RateLimited}, code(err))
		})
		if !h.knows("anna@example.com", fmt.Sprint(otherPassword, winner)) {
			t.Fatal("the stored hash is not the winner's")
		}
		for i, b := range browsers {
			if b.signedIn() != (i == winner) {
				t.Errorf("browser %d signed in: %v", i, b.signedIn())
			}
		}
	})
}

// A log-in with the old password that races a change or reset ends signed out.
func TestLoginRacingAReset(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		h.forgot(h.browser(), "anna@example.com")
		token := h.link("anna@example.com", mail.Reset)
		browsers := make([]*browser, 24)
		for i := range browsers {
			browsers[i] = h.browser()
		}
		atOnce(len(browsers), func(i int) {
			if i == 7 {
				_, err := h.Reset(t.Context(), browsers[i].client(), ResetInput{Token: token, Password: otherPassword})
				if err != nil {
					t.Errorf("%v", err)
				}
				return
			}
			out, err := browsers[i].tryLogin("anna@example.com", goodPassword)
			browsers[i].token = out.Token
			if c := code(err); err != nil && c != message.InvalidCredentials && c != message.RateLimited {
				t.Errorf("%v", err)
			}
		})
		for _, b := range browsers {
			if b.signedIn() {
				t.Fatal("somebody got in with the old password and stayed")
			}
		}
	})
}

func TestStrength(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com", Name: "Rumpelstilz"})
		judge := func(c Client, in StrengthInput) password.Verdict {
			t.Helper()
			v, err := h.Strength(t.Context(), c, in)
			h.ok(err)
			return v
		}
		if v := judge(h.browser().client(), StrengthInput{Password: goodPassword}); !v.Acceptable {
			t.Fatalf("%+v", v)
		}
		if v := judge(h.browser().client(), StrengthInput{Password: "rumpelstilz-99", Name: "Rumpelstilz"}); v.Acceptable {
			t.Fatalf("%+v", v)
		}
		if v := judge(b.client(), StrengthInput{Password: "rumpelstilz-99"}); v.Acceptable { // signed in, the person is known
			t.Fatalf("%+v", v)
		}
		b = h.browser()
		for range 120 {
			judge(b.client(), StrengthInput{Password: "x"})
		}
		_, err := h.Strength(t.Context(), b.client(), StrengthInput{Password: "x"})
		h.refused(err, message.RateLimited)
	})
}
