package gatehouse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// TestParity drives one table of scenarios through the pages, the JSON API (with cookies and with tokens) and the Go API, on both stores. Each
// face must come to the same step, or to the same refusal: status, code, hint and what is wrong with which field.
func TestParity(t *testing.T) {
	t.Parallel()
	for engine := range engines {
		for site, scenarios := range parity {
			t.Run(engine+", "+site, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t, engine, sites[site])
				for _, s := range scenarios {
					for face, enter := range faces {
						t.Run(s.name+", "+face, func(t *testing.T) {
							here := *h
							here.t = t
							s.play(&world{t: t, h: &here, face: face, enter: enter})
						})
					}
				}
			})
		}
	}
}

// TestParityWithoutTheStore takes the store away under each face: every step must be refused as unavailable, and none as «wrong password» or
// «signed out» (design, rule of package store).
func TestParityWithoutTheStore(t *testing.T) {
	t.Parallel()
	for engine := range engines {
		for face, enter := range faces {
			t.Run(engine+", "+face, func(t *testing.T) {
				t.Parallel()
				w := &world{t: t, h: newHouse(t, engine), face: face, enter: enter}
				email, member := w.member()
				stranger := w.person()
				w.want("sent", stranger.forgot(email))
				token := w.link(email, "/reset")
				must(t, w.h.Flow().Store.Close())
				const down = "503 unavailable in 5s"
				if face != "pages" { // without the store there is no page that has a form
					w.want(down, stranger.signUp(gatehouse.SignUp{Email: w.email(), Password: secret}))
					w.want(down, stranger.login(gatehouse.Login{Identifier: email, Password: secret}))
					w.want(down, stranger.forgot(email))
					w.want(down, stranger.reset(token, another))
				} else {
					browser := stranger.(*pages)
					w.want(down, browser.unsaved("/signup", map[string]string{"email": w.email(), "password": secret}))
					w.want(down, browser.unsaved("/login", map[string]string{"identifier": email, "password": secret}))
					w.want(down, browser.unsaved("/forgot", map[string]string{"email": email}))
					w.want(down, browser.unsaved("/reset", map[string]string{"token": token, "password": another}))
				}
				w.want(down, member.sessions())
				w.want(down, member.export())
				w.want(down, member.cancelEmail())
			})
		}
	}
}

// sites are the configurations that scenarios need.
var sites = map[string]func(*gatehouse.Config){
	"open":         func(*gatehouse.Config) {},
	"closed":       func(c *gatehouse.Config) { c.Signup = []string{"closed"} },
	"for a domain": func(c *gatehouse.Config) { c.Signup = []string{"example.com"} },
	"unconfirmed":  func(c *gatehouse.Config) { c.EmailVerification = "optional" },
	"usernames":    func(c *gatehouse.Config) { c.Identifiers = []string{"email", "username"} },
}

// world is what a scenario plays in: a face of a house that others play in too, and addresses that are its own.
type world struct {
	t     *testing.T
	h     *house
	face  string
	enter func(*house) person
}

// email is an address that nobody has.
func (w *world) email() string { return fmt.Sprintf("ada.%d@example.com", addresses.Add(1)) }

// person is somebody who was never here, at an address of their own.
func (w *world) person() person { return w.enter(w.h) }

// want compares what a face answered with what the table says.
func (w *world) want(want string, got result) {
	w.t.Helper()
	if got.String() != want {
		w.t.Errorf("got  %q\nwant %q", got, want)
	}
}

// account makes an account that nobody is signed in to.
func (w *world) account() (email string) {
	w.t.Helper()
	email = w.email()
	w.h.account(email, "Ada Lovelace")
	return email
}

// member makes an account and signs somebody in to it.
func (w *world) member() (email string, p person) {
	w.t.Helper()
	email = w.account()
	return email, w.signIn(email, secret)
}

func (w *world) signIn(identifier, password string) person {
	w.t.Helper()
	p := w.person()
	w.want("signed_in", p.login(gatehouse.Login{Identifier: identifier, Password: password}))
	return p
}

// link is the token of the newest link that was mailed to an address.
func (w *world) link(email, page string) string {
	w.t.Helper()
	token := w.h.mailed(email, page)
	if token == "" {
		w.t.Fatalf("no link to %s was mailed to %s", page, email)
	}
	return token
}

// signUp signs somebody up and returns the token of the link.
func (w *world) signUp(p person, email string) (token string) {
	w.t.Helper()
	w.want("verification_sent", p.signUp(gatehouse.SignUp{Email: email, Password: secret, Name: "Ada Lovelace"}))
	return w.link(email, "/verify")
}

// forgot asks for a reset link and returns its token.
func (w *world) forgot(email string) (token string) {
	w.t.Helper()
	w.want("sent", w.person().forgot(email))
	return w.link(email, "/reset")
}

// another asks for another address and returns the token of the link.
func (w *world) another(p person, email string) (token string) {
	w.t.Helper()
	w.want("sent", p.changeEmail(email))
	return w.link(email, "/account/email/confirm")
}

type scenario struct {
	name string
	play func(w *world)
}

const (
	unauthenticated = "401 unauthenticated"
	wrongPassword   = "401 invalid_credentials"
	notFresh        = "403 reauthentication_required"
	nowhere         = "00000000-0000-4000-8000-000000000000"
)

func ptr(s string) *string { return &s }

// parity is the table.
var parity = map[string][]scenario{
	"open": append(append(append(signUps, logIns...), passwords...), accounts...),
	"closed": {
		{"a sign-up where it is closed", func(w *world) {
			w.want("403 signup_closed", w.person().signUp(gatehouse.SignUp{Email: w.email(), Password: secret}))
		}},
		{"a log-in where sign-up is closed", func(w *world) { w.member() }},
	},
	"for a domain": {
		{"a sign-up from another domain", func(w *world) {
			w.want("403 signup_closed", w.person().signUp(gatehouse.SignUp{Email: "ada@example.org", Password: secret}))
		}},
		{"a sign-up from a domain below", func(w *world) {
			w.want("403 signup_closed", w.person().signUp(gatehouse.SignUp{Email: "ada@mail.example.com", Password: secret}))
		}},
		{"a sign-up from the domain", func(w *world) { w.signUp(w.person(), w.email()) }},
	},
	"unconfirmed": {
		{"a sign-up that need not wait, confirmed later in the same browser", func(w *world) {
			email, p := w.email(), w.person()
			w.want("created", p.signUp(gatehouse.SignUp{Email: email, Password: secret, Name: "Ada"}))
			w.want("signed_in "+email+", Ada", p.who())
			w.want("signed_in", p.verify(gatehouse.Verify{Token: w.link(email, "/verify")}))
			w.want("signed_in "+email+", Ada", p.who())
		}},
		{"a sign-up that goes on to where the person wanted to go", func(w *world) {
			w.want("created → /shop?a=b", w.person().signUp(gatehouse.SignUp{Email: w.email(), Password: secret, ReturnTo: "/shop?a=b"}))
		}},
		{"a sign-up with a taken address, where that may be told", func(w *world) {
			w.want("409 conflict taken email:email_taken", w.person().signUp(gatehouse.SignUp{Email: w.account(), Password: secret}))
		}},
	},
	"usernames": {
		{"a sign-up with a username, and log-in by it", func(w *world) {
			email, name, p := w.email(), fmt.Sprintf("ada%d", addresses.Add(1)), w.person()
			w.want("verification_sent", p.signUp(gatehouse.SignUp{Email: email, Username: name, Password: secret}))
			w.want("signed_in", p.verify(gatehouse.Verify{Token: w.link(email, "/verify")}))
			w.signIn(name, secret)
			w.want("422 invalid_fields username:username_taken", w.person().signUp(gatehouse.SignUp{Email: w.email(), Username: name, Password: secret}))
		}},
		{"a sign-up with a username that is none", func(w *world) {
			w.want("422 invalid_fields username:invalid_username", w.person().signUp(gatehouse.SignUp{Email: w.email(), Username: "a b", Password: secret}))
		}},
	},
}

var signUps = []scenario{
	{"a sign-up, confirmed in the same browser", func(w *world) {
		email, p := w.email(), w.person()
		token := w.signUp(p, email)
		w.want(unauthenticated, p.who())
		w.want("signed_in", p.verify(gatehouse.Verify{Token: token}))
		w.want("signed_in "+email+", Ada Lovelace", p.who())
	}},
	{"a sign-up with a taken address: the same answer, and the account is as it was (A-007)", func(w *world) {
		email := w.account()
		w.want("verification_sent", w.person().signUp(gatehouse.SignUp{Email: email, Password: another}))
		if token := w.h.mailed(email, "/verify"); token != "" {
			w.t.Error("a link that confirms a sign-up was mailed to an address that has an account")
		}
		w.want(wrongPassword, w.person().login(gatehouse.Login{Identifier: email, Password: another}))
		w.signIn(email, secret)
	}},
	{"a sign-up with everything wrong", func(w *world) {
		w.want("422 invalid_fields email:invalid_email name:too_long password:required",
			w.person().signUp(gatehouse.SignUp{Email: "ada", Name: strings.Repeat("n", 101)}))
	}},
	{"a sign-up with passwords that are not good enough", func(w *world) {
		for typed, code := range map[string]string{
			"x7!": "password_too_short", "password": "breached_password", "ada lovelace": "contains_personal_info",
			strings.Repeat("x1", 129): "password_too_long",
		} {
			w.want("422 invalid_fields password:"+code, w.person().signUp(gatehouse.SignUp{Email: w.email(), Name: "Ada Lovelace", Password: typed}))
		}
	}},
	{"a sign-up that goes on to where the person wanted to go, from the same browser", func(w *world) {
		email, p := w.email(), w.person()
		w.want("verification_sent", p.signUp(gatehouse.SignUp{Email: email, Password: secret, ReturnTo: "/shop?a=b"}))
		w.want("signed_in → /shop?a=b", p.verify(gatehouse.Verify{Token: w.link(email, "/verify")}))
	}},
	{"a sign-up that would go on to another site (E-064)", func(w *world) {
		email, p := w.email(), w.person()
		w.want("verification_sent", p.signUp(gatehouse.SignUp{Email: email, Password: secret, ReturnTo: "//evil.example/"}))
		w.want("signed_in", p.verify(gatehouse.Verify{Token: w.link(email, "/verify")}))
	}},
	{"a link that is opened elsewhere", func(w *world) {
		email, p := w.email(), w.person()
		token := w.signUp(w.person(), email)
		w.want("422 invalid_fields password:required", p.verify(gatehouse.Verify{Token: token}))
		w.want(wrongPassword, p.verify(gatehouse.Verify{Token: token, Password: wrong}))
		w.want("signed_in", p.verify(gatehouse.Verify{Token: token, Password: secret})) // neither has used it up
		w.want("signed_in "+email+", Ada Lovelace", p.who())
	}},
	{"a link that is opened elsewhere, with a new password", func(w *world) {
		email, p := w.email(), w.person()
		token := w.signUp(w.person(), email)
		w.want("422 invalid_fields new_password:breached_password", p.verify(gatehouse.Verify{Token: token, NewPassword: "password1"}))
		w.want("signed_in", p.verify(gatehouse.Verify{Token: token, NewPassword: another}))
		w.want("signed_in "+email+",", p.who()) // the name was the other one's choice
		w.want(wrongPassword, w.person().login(gatehouse.Login{Identifier: email, Password: secret}))
		w.signIn(email, another)
	}},
	{"a link that was used", func(w *world) {
		p := w.person()
		token := w.signUp(p, w.email())
		w.want("signed_in", p.verify(gatehouse.Verify{Token: token}))
		w.want("410 link_expired used", p.verify(gatehouse.Verify{Token: token}))
		w.want("410 link_expired used", w.person().cancel(token))
	}},
	{"a link that has expired", func(w *world) {
		p := w.person()
		token := w.signUp(p, w.email())
		w.h.clock.Pass(24*time.Hour + time.Second)
		w.want("410 link_expired expired", p.verify(gatehouse.Verify{Token: token}))
	}},
	{"links that are none", func(w *world) {
		p := w.person()
		w.want("410 link_expired malformed", p.verify(gatehouse.Verify{Token: "half-a-tok"}))
		w.want("410 link_expired unknown", p.verify(gatehouse.Verify{Token: strings.Repeat("A", 43)}))
		w.want("410 link_expired malformed", p.reset("half-a-tok", secret))
		w.want("410 link_expired unknown", p.reset(strings.Repeat("A", 43), secret))
		w.want("410 link_expired malformed", p.cancel("half-a-tok"))
		w.want("410 link_expired unknown", p.cancel(strings.Repeat("A", 43)))
	}},
	{"a link of another kind opens nothing (F-077)", func(w *world) {
		email, p := w.member()
		reset, change, verify := w.forgot(email), w.another(p, w.email()), w.signUp(w.person(), w.email())
		w.want("410 link_expired unknown", w.person().verify(gatehouse.Verify{Token: reset}))
		w.want("410 link_expired unknown", w.person().verify(gatehouse.Verify{Token: change}))
		w.want("410 link_expired unknown", w.person().reset(verify, another))
		w.want("410 link_expired unknown", w.person().reset(change, another))
		w.want("410 link_expired unknown", w.person().cancel(reset))
		w.want("410 link_expired unknown", p.confirmEmail(verify))
		w.want("410 link_expired unknown", p.confirmEmail(reset))
	}},
	{"a link that is opened in somebody else's session", func(w *world) {
		email, other := w.member()
		token := w.signUp(w.person(), w.email())
		w.want("409 conflict", other.verify(gatehouse.Verify{Token: token}))
		w.want("409 conflict", other.verify(gatehouse.Verify{Token: token, Password: secret}))
		w.want("signed_in "+email+", Ada Lovelace", other.who())
	}},
	{"a link that is sent again", func(w *world) {
		email, p := w.email(), w.person()
		w.signUp(p, email)
		w.want("sent", w.person().resend(email))
		if n := len(w.h.letters(email)); n != 2 {
			w.t.Errorf("%d mails instead of two", n)
		}
		w.want("signed_in", p.verify(gatehouse.Verify{Token: w.link(email, "/verify")})) // still bound to its browser
	}},
	{"a link that nobody waits for is sent again", func(w *world) {
		email := w.email()
		w.want("sent", w.person().resend(email))
		if n := len(w.h.letters(email)); n != 0 {
			w.t.Errorf("%d mails instead of none", n)
		}
		w.want("422 invalid_fields email:invalid_email", w.person().resend("ada"))
		w.want("422 invalid_fields email:required", w.person().resend(""))
	}},
	{"a sign-up that is thrown away", func(w *world) {
		p := w.person()
		token := w.signUp(p, w.email())
		w.want("done", w.person().cancel(token))
		w.want("410 link_expired unknown", p.verify(gatehouse.Verify{Token: token}))
	}},
}

var logIns = []scenario{
	{"a log-in", func(w *world) {
		email, p := w.member()
		w.want("signed_in "+email+", Ada Lovelace", p.who())
	}},
	{"a log-in of nobody, with a wrong password and to an address that is not confirmed (A-001)", func(w *world) {
		w.want(wrongPassword, w.person().login(gatehouse.Login{Identifier: w.email(), Password: secret}))
		w.want(wrongPassword, w.person().login(gatehouse.Login{Identifier: w.account(), Password: wrong}))
		unconfirmed := w.email()
		w.signUp(w.person(), unconfirmed)
		w.want(wrongPassword, w.person().login(gatehouse.Login{Identifier: unconfirmed, Password: secret}))
	}},
	{"a log-in to a closed account: told only to who knows the password (A-004)", func(w *world) {
		email, p := w.member()
		user, err := w.h.Flow().FindUser(w.t.Context(), email)
		must(w.t, err)
		must(w.t, w.h.Flow().SetUserState(w.t.Context(), user.ID, store.StateDisabled))
		w.want(wrongPassword, w.person().login(gatehouse.Login{Identifier: email, Password: wrong}))
		w.want("403 account_disabled", w.person().login(gatehouse.Login{Identifier: email, Password: secret}))
		w.over("account_disabled", eventually(unauthenticated, p.who))
	}},
	{"a log-in with nothing typed", func(w *world) {
		w.want("422 invalid_fields identifier:required password:required", w.person().login(gatehouse.Login{}))
		w.want("422 invalid_fields identifier:invalid_email", w.person().login(gatehouse.Login{Identifier: "ada", Password: secret}))
	}},
	{"log-ins until it is too often, for somebody and for nobody alike (B-023)", func(w *world) {
		for _, email := range []string{w.account(), w.email()} {
			for range 5 {
				w.want(wrongPassword, w.person().login(gatehouse.Login{Identifier: email, Password: wrong}))
			}
			w.want("429 rate_limited in 1s", w.person().login(gatehouse.Login{Identifier: email, Password: secret}))
		}
	}},
	{"a log-in that is to last", func(w *world) {
		email := w.account()
		short, long := w.signIn(email, secret), w.person()
		w.want("signed_in", long.login(gatehouse.Login{Identifier: email, Password: secret, Remember: true}))
		w.h.clock.Pass(12*time.Hour + time.Second)
		w.want(unauthenticated+" idle", short.who())
		w.want("signed_in "+email+", Ada Lovelace", long.who())
		w.h.clock.Pass(14*24*time.Hour + time.Second)
		w.want(unauthenticated+" idle", long.who())
	}},
	{"a log-in ends the session that was there (C-033)", func(w *world) {
		email, p := w.member()
		w.want("signed_in", p.login(gatehouse.Login{Identifier: email, Password: secret}))
		w.want("list 1", p.sessions())
	}},
	{"a log-in goes on to where the person wanted to go", func(w *world) {
		email := w.account()
		for asked, told := range map[string]string{
			"/shop?a=b": " → /shop?a=b", "https://shop.example/cart": " → https://shop.example/cart",
			"//evil.example": "", "https://evil.example/": "", `/\evil.example`: "", "javascript:alert(1)": "", "https://shop.example.evil/": "",
		} {
			w.want("signed_in"+told, w.person().login(gatehouse.Login{Identifier: email, Password: secret, ReturnTo: asked}))
		}
	}},
	{"a log-out, and another one", func(w *world) {
		_, p := w.member()
		w.want("done", p.logout())
		w.want(unauthenticated, p.who())
		w.want("done", p.logout())
	}},
	{"who is not signed in can do nothing", func(w *world) {
		p := w.person()
		for _, r := range []result{
			p.who(), p.changePassword(secret, another), p.reauthenticate(secret), p.changeEmail("a@example.com"), p.cancelEmail(),
			p.confirmEmail(strings.Repeat("A", 43)), p.profile(gatehouse.Profile{Name: ptr("Ada")}), p.sessions(), p.end(nowhere), p.endOthers(),
			p.export(), p.deleteAccount(),
		} {
			w.want(unauthenticated, r)
		}
	}},
}

var passwords = []scenario{
	{"a forgotten password, and a new one", func(w *world) {
		email, p := w.member()
		w.want("password_changed", w.person().reset(w.forgot(email), another))
		w.want(unauthenticated+" password_reset", p.who())
		w.want(wrongPassword, w.person().login(gatehouse.Login{Identifier: email, Password: secret}))
		w.signIn(email, another)
	}},
	{"a forgotten password of nobody (A-005)", func(w *world) {
		email := w.email()
		w.want("sent", w.person().forgot(email))
		if n := len(w.h.letters(email)); n != 0 {
			w.t.Errorf("%d mails instead of none", n)
		}
	}},
	{"a forgotten password before the address was confirmed: the link that confirms comes again", func(w *world) {
		email := w.email()
		w.signUp(w.person(), email)
		w.want("sent", w.person().forgot(email))
		if n := len(w.h.letters(email)); n != 2 || w.h.mailed(email, "/reset") != "" {
			w.t.Errorf("%d mails instead of two that confirm", n)
		}
	}},
	{"a forgotten password with an address that is none", func(w *world) {
		w.want("422 invalid_fields email:invalid_email", w.person().forgot("ada"))
		w.want("422 invalid_fields email:required", w.person().forgot(""))
	}},
	{"a new password that is not good enough does not use the link up", func(w *world) {
		email := w.account()
		token, p := w.forgot(email), w.person()
		w.want("422 invalid_fields password:breached_password", p.reset(token, "password1"))
		w.want("422 invalid_fields password:required", p.reset(token, ""))
		w.want("password_changed", p.reset(token, another))
		w.want("410 link_expired used", p.reset(token, secret))
	}},
	{"a link to a new password that has expired", func(w *world) {
		token := w.forgot(w.account())
		w.h.clock.Pass(30*time.Minute + time.Second)
		w.want("410 link_expired expired", w.person().reset(token, another))
	}},
	{"another password", func(w *world) {
		email, p := w.member()
		other := w.signIn(email, secret)
		w.want("password_changed", p.changePassword(secret, another))
		w.want("signed_in "+email+", Ada Lovelace", p.who())
		w.want(unauthenticated+" password_changed", other.who())
		w.signIn(email, another)
	}},
	{"another password that is refused", func(w *world) {
		_, p := w.member()
		w.want("422 invalid_fields current_password:incorrect", p.changePassword(wrong, another))
		w.want("422 invalid_fields password:breached_password", p.changePassword(secret, "password1"))
		w.want("422 invalid_fields password:unchanged", p.changePassword(secret, secret))
		w.want("422 invalid_fields current_password:required", p.changePassword("", another))
		w.want("422 invalid_fields current_password:required password:required", p.changePassword("", ""))
		w.want("list 1", p.sessions())
	}},
	{"the password once more", func(w *world) {
		_, p := w.member()
		w.h.clock.Pass(10*time.Minute + time.Second)
		w.want(notFresh, p.export())
		w.want("422 invalid_fields password:incorrect", p.reauthenticate(wrong))
		w.want("422 invalid_fields password:required", p.reauthenticate(""))
		w.want(notFresh, p.export())
		w.want("done", p.reauthenticate(secret))
		if r := p.export(); r.step != "export" {
			w.t.Error(r)
		}
	}},
}

var accounts = []scenario{
	{"another address", func(w *world) {
		_, p := w.member()
		email := w.email()
		token := w.another(p, email)
		w.want("done", p.confirmEmail(token))
		w.want("signed_in "+email+", Ada Lovelace", p.who())
		w.want("410 link_expired used", p.confirmEmail(token))
		w.signIn(email, secret)
	}},
	{"an address that somebody has: the same answer, and no link (A-012)", func(w *world) {
		taken := w.account()
		email, p := w.member()
		w.want("sent", p.changeEmail(taken))
		if w.h.mailed(taken, "/account/email/confirm") != "" {
			w.t.Error("a link was mailed to an address that has an account")
		}
		w.want("signed_in "+email+", Ada Lovelace", p.who())
	}},
	{"an address that is none, or no other", func(w *world) {
		email, p := w.member()
		w.want("422 invalid_fields email:unchanged", p.changeEmail(email))
		w.want("422 invalid_fields email:invalid_email", p.changeEmail("ada"))
		w.want("422 invalid_fields email:required", p.changeEmail(""))
	}},
	{"another address, some time after the log-in", func(w *world) {
		_, p := w.member()
		w.h.clock.Pass(10*time.Minute + time.Second)
		w.want(notFresh, p.changeEmail(w.email()))
	}},
	{"a link to another address in somebody else's session (F-083)", func(w *world) {
		_, p := w.member()
		token := w.another(p, w.email())
		_, other := w.member()
		w.want("403 forbidden", other.confirmEmail(token))
		w.want(unauthenticated, w.person().confirmEmail(token))
		w.want("done", p.confirmEmail(token))
	}},
	{"a link to another address that has expired", func(w *world) {
		_, p := w.member()
		token := w.another(p, w.email())
		w.h.clock.Pass(time.Hour + time.Second)
		w.want("410 link_expired expired", p.confirmEmail(token))
	}},
	{"a link to an address that somebody took meanwhile", func(w *world) {
		_, p := w.member()
		email := w.email()
		token := w.another(p, email)
		w.h.account(email, "Grace Hopper")
		w.want("409 conflict", p.confirmEmail(token))
	}},
	{"a wish for another address that is taken back", func(w *world) {
		_, p := w.member()
		token := w.another(p, w.email())
		w.want("done", p.cancelEmail())
		w.want("410 link_expired used", p.confirmEmail(token))
		w.want("done", p.cancelEmail())
	}},
	{"another name", func(w *world) {
		email, p := w.member()
		w.want("done", p.profile(gatehouse.Profile{Name: ptr("  Grace Hopper ")}))
		w.want("signed_in "+email+", Grace Hopper", p.who())
		w.want("done", p.profile(gatehouse.Profile{Locale: ptr("en-GB")}))
		w.want("signed_in "+email+", Grace Hopper", p.who())
	}},
	{"a name and a language that are none", func(w *world) {
		email, p := w.member()
		w.want("422 invalid_fields name:too_long", p.profile(gatehouse.Profile{Name: ptr(strings.Repeat("n", 101))}))
		w.want("422 invalid_fields name:invalid_characters", p.profile(gatehouse.Profile{Name: ptr("Ada\u202e")}))
		w.want("422 invalid_fields locale:not_allowed", p.profile(gatehouse.Profile{Locale: ptr("no language!")}))
		w.want("signed_in "+email+", Ada Lovelace", p.who())
	}},
	{"sessions: listed, one ended, all others ended", func(w *world) {
		email, p := w.member()
		second, third := w.signIn(email, secret), w.signIn(email, secret)
		w.want("list 3", p.sessions())
		w.want("done", p.end(second.sessions().ids[0])) // the last used comes first
		w.want("list 2", p.sessions())
		w.want(unauthenticated+" signed_out_elsewhere", second.who())
		w.want("done", p.endOthers())
		w.want("list 1", p.sessions())
		w.want(unauthenticated+" signed_out_elsewhere", third.who())
	}},
	{"sessions that are not there, or not one's own (C-045)", func(w *world) {
		_, p := w.member()
		_, other := w.member()
		theirs := other.sessions().ids[0]
		for _, id := range []string{nowhere, theirs, "no-id", "a\x00b"} {
			w.want("404 not_found", p.end(id))
		}
		w.want("list 1", other.sessions())
	}},
	{"the session that asks, ended like another", func(w *world) {
		_, p := w.member()
		r := p.end(p.sessions().ids[0])
		if w.face != "pages" { // there it is a log-out, and leads to its page
			w.want("done", r)
		}
		w.over("signed_out", p.who())
	}},
	{"everything that is held about somebody", func(w *world) {
		email, p := w.member()
		w.signIn(email, secret)
		next := w.email()
		w.another(p, next)
		w.want("export "+email+", Ada Lovelace, 2 sessions, email "+email+", email_change_asked login user_created, waits for "+next, p.export())
		w.h.clock.Pass(10*time.Minute + time.Second)
		w.want(notFresh, p.export())
	}},
	{"an account that is deleted", func(w *world) {
		email, p := w.member()
		other := w.signIn(email, secret)
		w.h.clock.Pass(10*time.Minute + time.Second)
		w.want(notFresh, p.deleteAccount())
		w.want("done", p.reauthenticate(secret))
		w.want("done", p.deleteAccount())
		w.over("account_deleted", p.who())
		w.want(unauthenticated+" account_deleted", other.who())
		w.want(wrongPassword, w.person().login(gatehouse.Login{Identifier: email, Password: secret}))
	}},
}

// over wants somebody to be signed out, and to be told why by a face that still has the token: a browser was told to drop it.
func (w *world) over(why string, got result) {
	w.t.Helper()
	if got.String() != unauthenticated {
		w.want(unauthenticated+" "+why, got)
	} else if w.face == "JSON with tokens" || w.face == "Go" {
		w.t.Errorf("nobody says why: %s", got)
	}
}

// eventually asks until the answer begins with the one that is wanted, for as long as a revoked session may live on another node: a second.
func eventually(want string, ask func() result) (r result) {
	for end := time.Now().Add(time.Second); ; time.Sleep(20 * time.Millisecond) {
		if r = ask(); strings.HasPrefix(r.String(), want) || time.Now().After(end) {
			return r
		}
	}
}
