package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

func escape(s string) string { return url.QueryEscape(s) }

// sign-up with an address that has an account is the same in status, page and cookies as any other.
func TestSignUpAnswersTheSameForATakenAddress(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.member("mia@example.com")
	var answers []string
	for _, email := range []string{"mia@example.com", "new@example.com"} {
		b := h.browser()
		a := b.signUp(email)
		cookies := ""
		for _, c := range a.Cookies() {
			cookies += c.Name + " "
		}
		if strings.Contains(a.location(), "%40") || strings.Contains(a.location(), "@") {
			t.Errorf("the address is in the URL: %s", a.location())
		}
		sent := b.page(a.location())
		if !strings.Contains(sent.body, "<strong class=\"address\">"+email) {
			t.Errorf("the page does not say where the mail went:\n%s", sent.body)
		}
		answers = append(answers, a.Status+a.location()+cookies+strings.ReplaceAll(same(sent), email, "…"))
	}
	if answers[0] != answers[1] {
		t.Errorf("a taken address is told\n%s\na new one\n%s", answers[0], answers[1])
	}
}

// F-079, F-078: the token of a mailed link leaves the URL with the first answer, and looking at the page, however often and by whom, does not use
// it up.
func TestALinkIsLookedAtWithoutBeingUsed(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	b.signUp("mia@example.com")
	verify := h.mailed("mia@example.com", "/verify")
	token := verify[strings.Index(verify, "=")+1:]
	scanner := h.browser()
	for range 5 {
		a := scanner.get(verify)
		if a.StatusCode != http.StatusSeeOther || a.location() != "/verify" || a.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Fatalf("the link answers %d %s, Referrer-Policy %s", a.StatusCode, a.location(), a.Header.Get("Referrer-Policy"))
		}
		scanner.do(http.MethodHead, verify, nil)
		page := scanner.page("/verify")
		for _, link := range elements(parse(t, page.body), "a") {
			if strings.Contains(attr(link, "href"), token) {
				t.Errorf("the token is in a link of the page: %s", attr(link, "href"))
			}
		}
	}
	a := b.send(b.follow(verify), "/verify", nil)
	if a.StatusCode != http.StatusSeeOther || a.location() != "/account?notice=welcome" {
		t.Fatalf("after the scanner the click answers %d %s\n%s", a.StatusCode, a.location(), a.body)
	}
	if !strings.Contains(b.page(a.Header.Get("Location")).body, "Welcome.") {
		t.Error("nobody is welcomed")
	}
}

// From another browser the link asks for the password of the sign-up, or for a new one.
func TestALinkThatIsOpenedElsewhere(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.browser().signUp("mia@example.com")
	link := h.mailed("mia@example.com", "/verify")
	b := h.browser()
	page := b.follow(link)
	for _, try := range []struct {
		field, typed string
		status       int
		wrong        string
	}{
		{"password", "", http.StatusUnprocessableEntity, "field-password-error"},
		{"password", "not-the-one-42", http.StatusUnauthorized, "That did not match"},
		{"new_password", "", http.StatusUnprocessableEntity, "field-new_password-error"},
		{"new_password", "short", http.StatusUnprocessableEntity, "field-new_password-error"},
		{"new_password", "another-horse-battery-staple-42", http.StatusSeeOther, ""},
	} {
		page = b.send(page, "/verify", map[string]string{try.field: try.typed})
		if page.StatusCode != try.status || !strings.Contains(page.body, try.wrong) {
			t.Errorf("%s %q: %d, want %d with %s\n%s", try.field, try.typed, page.StatusCode, try.status, try.wrong, page.body)
		}
	}
	b.page("/account")
}

// Somebody else took the username while the mail lay there: the account is made without it, and says so before anything else.
func TestAUsernameThatIsTakenMeanwhile(t *testing.T) {
	t.Parallel()
	h := open(t, func(c *config.Config) { c.Identifiers = []string{"email", "username"} })
	var browsers []*browser
	for _, email := range []string{"mia@example.com", "eva@example.com"} {
		b := h.browser()
		b.send(b.page("/signup?return_to=/shop"), "/signup", map[string]string{"email": email, "username": "star", "password": goodPassword})
		browsers = append(browsers, b)
	}
	var lost string
	for i, want := range []string{"/shop", "/account?notice=username_lost"} {
		b, email := browsers[i], []string{"mia@example.com", "eva@example.com"}[i]
		a := b.send(b.follow(h.mailed(email, "/verify")), "/verify", nil)
		if a.location() != want {
			t.Errorf("%s is sent to %s, not %s", email, a.location(), want)
		}
		lost = a.Header.Get("Location")
	}
	if a := browsers[1].page(lost); !strings.Contains(a.body, "took your username") {
		t.Errorf("nothing is said of it:\n%s", a.body)
	}
}

func TestALinkInTheSessionOfSomebodyElse(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.member("eva@example.com")
	h.browser().signUp("mia@example.com")
	a := b.follow(h.mailed("mia@example.com", "/verify"))
	if a.StatusCode != http.StatusConflict || !strings.Contains(a.body, "eva@example.com") || !strings.Contains(a.body, "mia@example.com") {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	b.page("/account") // still Eva's
	var out answer
	for _, form := range elements(parse(t, a.body), "form") {
		if strings.Contains(text(form), "Sign out and go on") {
			fields := url.Values{}
			for _, input := range elements(form, "input") {
				fields.Set(attr(input, "name"), attr(input, "value"))
			}
			out = b.do(http.MethodPost, attr(form, "action"), fields)
		}
	}
	if out.Response == nil || out.location() != "/verify" {
		t.Fatalf("the page does not lead back to the link:\n%s", a.body)
	}
	if a := b.page("/verify"); !strings.Contains(a.body, "mia@example.com") || !strings.Contains(a.body, `name="new_password"`) {
		t.Errorf("after signing out the link is lost:\n%s", a.body)
	}
}

// A dead link says why, with status 410, and has a way to a new one. F-077: a link of another kind is none.
func TestDeadLinks(t *testing.T) {
	t.Parallel()
	h := open(t)
	member := h.member("mia@example.com")
	used := h.mailed("mia@example.com", "/verify")
	token := used[strings.Index(used, "=")+1:]
	whole := strings.Repeat("A", 43)
	for _, link := range []struct {
		in          *browser
		path, says  string
		wayToNewOne string
	}{
		{h.browser(), "/verify?token=" + token, "link was used on ", `action="/verify/resend"`},
		{h.browser(), "/verify?token=" + token, "link was used on ", `class="button main" href="/login"`}, // most often by its owner
		{h.browser(), "/verify?token=" + token[:20], "cut off", `action="/verify/resend"`},
		{h.browser(), "/verify?token=" + whole, "do not know this link", `action="/verify/resend"`},
		{h.browser(), "/verify", "cut off", `action="/verify/resend"`},
		{h.browser(), "/verify?token=a&token=b", "cut off", `action="/verify/resend"`},
		{h.browser(), "/reset?token=" + token, "do not know this link", `href="/forgot"`},
		{h.browser(), "/reset?token=", "cut off", `href="/forgot"`},
		{h.browser(), "/signup/cancel?token=" + token, "link was used on ", `href="/login"`},
		{member, "/account/email/confirm?token=" + token, "do not know this link", `href="/account#address"`},
	} {
		a := link.in.follow(link.path)
		if a.StatusCode != http.StatusGone || !strings.Contains(a.body, link.says) || !strings.Contains(a.body, link.wayToNewOne) || !strings.Contains(a.body, "<code>") {
			t.Errorf("%s: %d, want 410 with %q and %s\n%s", link.path, a.StatusCode, link.says, link.wayToNewOne, a.body)
		}
	}
}

// What is no token does not get into a cookie: it is told as cut off, however long it is.
func TestJunkInALinkIsNotKept(t *testing.T) {
	t.Parallel()
	b := open(t).browser()
	for _, junk := range []string{strings.Repeat("x", 3000), "a%3B+Domain%3Devil.example", "%00%0d%0aSet-Cookie:+x=y"} {
		a := b.get("/reset?token=" + junk)
		if c := a.Cookies(); len(c) != 1 || len(c[0].Value) > 43 || strings.ContainsAny(c[0].Value, "; \r\n") || len(a.Header["Set-Cookie"]) != 1 {
			t.Errorf("the token %.20q is kept as %v", junk, a.Header["Set-Cookie"])
		}
		if a := b.follow(a.location()); !strings.Contains(a.body, "cut off") {
			t.Errorf("the token %.20q is told as\n%s", junk, a.body)
		}
	}
}

func TestSomebodyElsesSignUpIsCancelled(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.browser().signUp("mia@example.com")
	link, cancel := h.mailed("mia@example.com", "/verify"), h.mailed("mia@example.com", "/signup/cancel")
	b := h.browser()
	a := b.send(b.follow(cancel), "/signup/cancel", nil)
	if a.location() != "/login?notice=signup_canceled" {
		t.Fatalf("%d %s", a.StatusCode, a.location())
	}
	if a := b.follow(link); a.StatusCode != http.StatusGone {
		t.Errorf("the sign-up still stands: %d", a.StatusCode)
	}
}

// the answer is the same whether or not there is an account. The new password signs nobody in; the way goes on to where it began.
func TestAForgottenPassword(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.member("mia@example.com")
	var answers []string
	for _, email := range []string{"nob@example.com", "mia@example.com"} {
		b := h.browser()
		a := b.send(b.page("/forgot?return_to=/edit"), "/forgot", map[string]string{"email": email})
		answers = append(answers, a.Status+a.location()+strings.ReplaceAll(same(b.page(a.location())), email, "…"))
	}
	if answers[0] != answers[1] {
		t.Errorf("an unknown address is told\n%s\na known one\n%s", answers[0], answers[1])
	}
	b := h.browser()
	page := b.follow(h.mailed("mia@example.com", "/reset"))
	refused := b.send(page, "/reset", map[string]string{"password": "mia@example.com"})
	if refused.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(refused.body, "field-password-error") {
		t.Fatalf("a bad password: %d\n%s", refused.StatusCode, refused.body)
	}
	a := b.send(refused, "/reset", map[string]string{"password": "another-horse-battery-staple-42"})
	if a.StatusCode != http.StatusSeeOther || a.location() != "/login?return_to=%2Fedit&notice=password_reset" {
		t.Fatalf("a good one: %d %s\n%s", a.StatusCode, a.location(), a.body)
	}
	if again := b.send(refused, "/reset", map[string]string{"password": "a-third-horse-battery-staple-42"}); again.StatusCode != http.StatusGone {
		t.Errorf("the link works twice: %d", again.StatusCode)
	}
	a = b.send(b.page(a.location()), "/login", map[string]string{"identifier": "mia@example.com", "password": "another-horse-battery-staple-42"})
	if a.location() != "/edit" {
		t.Errorf("the log-in after it leads to %s", a.location())
	}
}

func TestSignUpWhereAddressesNeedNotBeConfirmed(t *testing.T) {
	t.Parallel()
	h := open(t, func(c *config.Config) { c.EmailVerification = "optional" })
	b := h.browser()
	a := b.signUp("mia@example.com")
	if a.location() != "/account?notice=welcome" {
		t.Fatalf("leads to %s", a.location())
	}
	if page := b.page("/account"); !strings.Contains(page.body, "not confirmed") || !strings.Contains(page.body, `action="/verify/resend"`) {
		t.Errorf("the account does not say that the address is not confirmed:\n%s", page.body)
	}
	other := h.browser()
	a = other.send(other.page("/signup"), "/signup", map[string]string{"email": "mia@example.com", "password": goodPassword})
	if a.StatusCode != http.StatusConflict || !strings.Contains(a.body, `value="mia@example.com"`) || !strings.Contains(a.body, "field-email-error") {
		t.Errorf("a taken address answers %d\n%s", a.StatusCode, a.body)
	}
}

func TestASiteThatTakesNobody(t *testing.T) {
	t.Parallel()
	h := open(t, func(c *config.Config) { c.Signup = []string{"closed"} })
	b := h.browser()
	if a := b.page("/login"); strings.Contains(a.body, "/signup") {
		t.Error("the log-in offers a sign-up")
	}
	if a := b.get("/signup"); a.StatusCode != http.StatusForbidden || strings.Contains(a.body, `name="password"`) || !strings.Contains(a.body, "take new sign-ups.") {
		t.Errorf("the sign-up answers %d\n%s", a.StatusCode, a.body)
	}
}

// Every link and form of every page leads below the prefix, but for the name of the site, which leads to it.
func TestBelowAPrefixEverythingStaysThere(t *testing.T) {
	t.Parallel()
	h := open(t, func(c *config.Config) { c.PathPrefix = "/auth" })
	b := h.member("mia@example.com")
	pages := []answer{b.page("/auth/account"), b.page("/auth/account/delete"), b.page("/auth/reauthenticate"), b.get("/auth/nowhere")}
	b.send(b.page("/auth/logout"), "/logout", nil)
	for _, path := range []string{"/login", "/signup", "/forgot", "/signup?sent=1", "/forgot?sent=1", "/logout", "/verify"} {
		pages = append(pages, b.get("/auth"+path))
	}
	for _, page := range pages {
		doc := parse(t, page.body)
		for tag, name := range map[string]string{"a": "href", "form": "action", "link": "href", "script": "src"} {
			for _, n := range elements(doc, tag) {
				if attr(n, "class") == "site" && attr(n, name) == "/" {
					continue // the one way back to the site
				}
				if to := attr(n, name); !strings.HasPrefix(to, "/auth/") && !strings.HasPrefix(to, "#") {
					t.Errorf("%s leads to %q", page.Request.URL.Path, to)
				}
			}
		}
	}
	if a := b.get(h.mailed("mia@example.com", "/verify")); a.location() != "/auth/verify" {
		t.Errorf("a link leads to %s", a.location())
	}
}
