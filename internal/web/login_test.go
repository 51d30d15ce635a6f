package web_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// changing is all of a page that differs each time: the reference, the form token, the nonce, and what is left of a wait.
var changing = regexp.MustCompile(`ask again in \d+ (seconds?|minutes?)|<code>[0-9A-Z]{4}-[0-9A-Z]{4}</code>|name="csrf" value="[^"]*"|nonce="[^"]*"`)

func same(a answer) string { return changing.ReplaceAllString(a.body, "") }

// A-001 (GEN): unknown, wrong and not yet confirmed are one page, byte for byte, with the same headers and cookies.
func TestAWrongLogInIsTheSamePageWhateverTheCause(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.member("mia@example.com")
	h.browser().signUp("eva@example.com")
	h.mailed("eva@example.com", "/verify")
	var first answer
	for _, who := range []struct{ email, password string }{
		{"nob@example.com", "wrong"}, {"mia@example.com", "wrong"}, {"eva@example.com", "wrong"}, {"eva@example.com", goodPassword},
	} {
		a := h.browser().login(who.email, who.password)
		a.body = strings.ReplaceAll(a.body, who.email, "…@example.com")
		if a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d, want 401", who.email, a.StatusCode)
		}
		if first.Response == nil {
			first = a
		}
		if same(a) != same(first) {
			t.Errorf("%s is told\n%s\nand a stranger\n%s", who.email, same(a), same(first))
		}
		if len(a.Cookies()) != len(first.Cookies()) {
			t.Errorf("%s gets the cookies %v, a stranger %v", who.email, a.Cookies(), first.Cookies())
		}
	}
}

func TestARefusedFormKeepsWhatWasTypedButForPasswords(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	a := b.send(b.page("/login"), "/login", map[string]string{"identifier": "mia@example.com", "password": "secret-canary", "remember": "1"})
	form := elements(parse(t, a.body), "form")[0]
	kept := map[string]string{}
	for _, input := range elements(form, "input") {
		kept[attr(input, "name")] = attr(input, "value")
	}
	if kept["identifier"] != "mia@example.com" || !strings.Contains(a.body, `value="1" checked`) {
		t.Errorf("what was typed is lost:\n%s", a.body)
	}
	if strings.Contains(a.body, "secret-canary") {
		t.Errorf("the password is on the page:\n%s", a.body)
	}
	// Who mends what is marked would otherwise send an empty password.
	a = b.send(b.page("/signup"), "/signup", map[string]string{"email": "no address", "password": goodPassword})
	if hint := text(byID(t, a.body, "field-password-hint")); !strings.Contains(hint, "type it again") {
		t.Errorf("beside a password that was taken away stands %q", hint)
	}
	a = b.send(b.page("/signup"), "/signup", map[string]string{"email": "no address", "name": "Mia", "password": "short"})
	if a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a wrong sign-up answers %d", a.StatusCode)
	}
	focused := ""
	for _, input := range elements(parse(t, a.body), "input") {
		if strings.Contains(a.body, `id="`+attr(input, "id")+`-error"`) != (attr(input, "aria-invalid") == "true") {
			t.Errorf("%s: what is wrong is said without being marked, or the other way round", attr(input, "name"))
		}
		for _, one := range input.Attr {
			if one.Key == "autofocus" {
				focused += attr(input, "name")
			}
		}
	}
	if focused != "email" {
		t.Errorf("the focus is on %q, want the first that is wrong: email", focused)
	}
	for _, want := range []string{`role="alert"`, `href="#field-email"`, `href="#field-password"`, `value="Mia"`, `value="no address"`, "<code>"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the refused sign-up lacks %s:\n%s", want, a.body)
		}
	}
}

// A page that was open while the form's cookie went away keeps what was typed and works when it is sent again.
func TestAFormThatWasOpenTooLongIsShownAgain(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.member("mia@example.com")
	page := h.browser().page("/login?return_to=/account%23devices")
	b := h.browser() // without the cookie of that page
	a := b.send(page, "/login", map[string]string{"identifier": "mia@example.com", "password": goodPassword})
	if a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, `value="mia@example.com"`) || strings.Contains(a.body, goodPassword) {
		t.Fatalf("a stale form answers %d\n%s", a.StatusCode, a.body)
	}
	a = b.send(a, "/login", map[string]string{"password": goodPassword})
	if a.StatusCode != http.StatusSeeOther || a.location() != "/account#devices" {
		t.Errorf("sent again it answers %d %s", a.StatusCode, a.location())
	}
}

// Looking at pages costs the store nothing: who only looks can't fill it.
func TestLookingAtPagesWritesNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	kept := func() string {
		wal, err := os.ReadFile(h.file + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		main, err := os.ReadFile(h.file)
		if err != nil {
			t.Fatal(err)
		}
		return string(main) + string(wal)
	}
	before := kept()
	for _, page := range []string{"/login", "/signup", "/forgot", "/logout", "/signup?sent=1", "/forgot?sent=1", "/", "/account"} {
		h.browser().get(page)
	}
	if kept() != before {
		t.Error("the store was written to")
	}
	h.browser().signUp("mia@example.com")
	if kept() == before {
		t.Error("a sign-up left no trace: this test sees nothing")
	}
}

func TestWhereALogInLeads(t *testing.T) {
	t.Parallel()
	h := open(t, func(c *config.Config) { c.AllowedReturnOrigins = []string{"https://app.example.com"} })
	h.member("mia@example.com")
	for to, want := range map[string]string{
		"":                          "303 /account",
		"/account#devices":          "303 /account#devices",
		"/articles?page=2&sort=new": "303 /articles?page=2&sort=new",
		h.base + "/x":               "303 " + h.base + "/x",
		// Chromium holds the redirects after a form against form-action: a page of ours leads on.
		"https://app.example.com/a?b=c&d=e": "200 https://app.example.com/a?b=c&d=e",
		// E-064: what could lead off the site leads nowhere.
		"//evil.example":                    "303 /account",
		"/\\evil.example":                   "303 /account",
		"https://evil.example":              "303 /account",
		"https://app.example.com.evil.test": "303 /account",
		"javascript:alert(1)":               "303 /account",
		// E-067
		"/logout":                 "303 /account",
		"/login?return_to=/login": "303 /account",
	} {
		b := h.browser()
		a := b.send(b.page("/login?return_to="+escape(to)), "/login", map[string]string{"identifier": "mia@example.com", "password": goodPassword})
		got := a.Status[:3] + " " + a.location()
		if a.StatusCode == http.StatusOK {
			doc := parse(t, a.body)
			for _, m := range elements(doc, "meta") {
				if attr(m, "http-equiv") == "refresh" {
					got += strings.TrimPrefix(attr(m, "content"), "0;url=")
				}
			}
			if !strings.Contains(a.body, `class="button main" href="https://app.example.com/a?b=c&amp;d=e"`) {
				t.Errorf("the page that leads on has no link:\n%s", a.body)
			}
		}
		if got != want {
			t.Errorf("return_to %q leads to %q, want %q", to, got, want)
		}
		if again := b.get("/login?return_to=" + escape(to)); strings.HasPrefix(want, "303") && again.location() != want[4:] {
			t.Errorf("who is signed in and asks for the log-in with return_to %q goes to %q", to, again.location())
		}
	}
}

// The links between the pages of one journey hand return_to on, and what is not allowed is dropped on the way.
func TestReturnToSurvivesTheWay(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	for from, to := range map[string][]string{"/login": {"/signup", "/forgot"}, "/signup": {"/login"}, "/forgot": {"/login"}} {
		for wish, want := range map[string]string{"/edit?x=1": "?return_to=%2Fedit%3Fx%3D1", "//evil.example": ""} {
			hrefs := ""
			for _, a := range elements(parse(t, b.page(from+"?return_to="+escape(wish)).body), "a") {
				hrefs += attr(a, "href") + " "
			}
			for _, page := range to {
				if !strings.Contains(hrefs, page+want+" ") {
					t.Errorf("%s with return_to %s has no link to %s: %s", from, wish, page+want, hrefs)
				}
			}
		}
	}
}

// D-051: a link signs nobody out; only the button does. 7.4.4: the button is on every page of who is signed in.
func TestSigningOut(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.member("mia@example.com")
	for _, page := range []string{"/account", "/logout", "/account/delete", "/reauthenticate", "/dev/mail", "/signup?sent=1"} {
		if !strings.Contains(b.get(page).body, `action="/logout"`) {
			t.Errorf("%s has no way to sign out", page)
		}
	}
	b.page("/account")
	a := b.send(b.page("/logout"), "/logout", nil)
	if a.StatusCode != http.StatusSeeOther || a.location() != "/logout" || a.Header.Get("Clear-Site-Data") == "" {
		t.Errorf("signing out answers %d %s", a.StatusCode, a.location())
	}
	if a := b.page("/logout"); !strings.Contains(a.body, "You are signed out") || strings.Contains(a.body, `action="/logout"`) {
		t.Errorf("the page afterwards:\n%s", a.body)
	}
	// The same button in another tab, whose page is older than the sign-out: the way on is a page that says that it is done.
	tab := h.member("noa@example.com")
	page := tab.page("/account")
	tab.send(tab.page("/logout"), "/logout", nil)
	if a := tab.send(page, "/logout", nil); a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, `class="button main" href="/logout"`) {
		t.Errorf("signing out in a second tab answers %d\n%s", a.StatusCode, a.body)
	}
	if a := b.get("/account"); a.location() != "/login?return_to=%2Faccount" {
		t.Errorf("the account is still there: %d %s", a.StatusCode, a.location())
	}
}

// What a page says after a redirect comes from a fixed table: a link can't put words into our mouth.
func TestANoticeIsOneOfOurs(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	sent := b.send(b.page("/signup?sent=1"), "/verify/resend", map[string]string{"email": "mia@example.com"})
	ours := sent.Header.Get("Location")
	if a := b.page(ours); !strings.Contains(a.body, "its link was sent again") {
		t.Errorf("the notice is not shown:\n%s", a.body)
	}
	_, code, _ := strings.Cut(ours, "notice=sent_again.")
	for _, word := range []string{"call-0800-evil", "page.login.title", "password_reset", "session_over_password_changed", "password_reset." + code, "sent_again", "sent_again.", "sent_again." + code + "&notice=welcome"} {
		if a := b.page("/login?notice=" + word); strings.Contains(a.body, `role="status"><p>`) || strings.Contains(a.body, "evil") {
			t.Errorf("the word %s is said:\n%s", word, a.body)
		}
	}
	if a := h.browser().page(ours); strings.Contains(a.body, `role="status"><p>`) { // somebody else followed the link
		t.Errorf("another browser is told what this one did:\n%s", a.body)
	}
}
