package browser

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// site is a site of somebody else's; every page has the same content.
func site(t *testing.T, content string) (origin string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><html lang=en><title>Site</title><link rel=icon href=data:,><h1>Site</h1><main>" + content + "</main>"))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// visits lets the tests lead somebody to another site.
func (p *person) visits(origin string) *person {
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	p.seen.foreign = append(p.seen.foreign, origin+"/")
	return p
}

// arrives waits until somebody is at an address.
func (p *person) arrives(at string) *person {
	p.t.Helper()
	p.wait("the way to "+at, func() bool { return look[string](p, `location.href`) == at })
	return p
}

func query(to string) string { return "?return_to=" + url.QueryEscape(to) }

// E-066: where somebody wanted to go is kept over each way in, here to a page of ours and to one of the site's that was allowed.
func TestReturnTo(t *testing.T) {
	home := site(t, "welcome home")
	allow := func(c *config.Config) { c.AllowedReturnOrigins = []string{home} }
	journey(t, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		for _, to := range []string{h.url("/account/delete"), home + "/app?page=1"} {
			p := h.person().visits(home)
			wish := query(strings.TrimPrefix(to, h.origin))

			// Over a wrong password, «forgotten», and the log-in that follows. The mail's link is opened in another browser.
			p.open("/login"+wish).identify("mia@example.com", another).press("Sign in").refused("That did not match")
			p.press("Forgot your password?").write("Email address", "mia@example.com").press("Send the link").sees("/forgot", "Check your mail for a link")
			q := h.person().visits(home)
			q.open(q.link(q.mail("mia@example.com", "Set a new password"), "/reset")).write("New password", secret).press("Set the new password")
			q.sees("/login", "Sign in").identify("mia@example.com", secret).press("Sign in").arrives(to)
			q.open("/login" + wish).arrives(to) // signed in already
			p.open("/login"+wish).identify("mia@example.com", secret).press("Sign in").arrives(to)
		}
	}, allow)
}

func TestReturnToOverTheSignUp(t *testing.T) {
	home := site(t, "welcome home")
	journey(t, func(_ *testing.T, h *house) {
		p := h.person().visits(home).open("/login" + query(home+"/app?page=1")).press("Sign up")
		p.write("Email address", "mia").press("Sign up").refused("There is no @ in it.")
		p.write("Email address", "mia@example.com").write("Password", secret).press("Sign up").sees("/signup", "Check your mail")
		p.confirms("mia@example.com").press("Confirm my address").arrives(home + "/app?page=1")
	}, func(c *config.Config) { c.AllowedReturnOrigins = []string{home} })
}

// E-064: spellings that browsers take for another origin lead to our own page; that nothing was asked of anybody else, the record of
// each person shows.
func TestReturnToNeverLeavesTheSite(t *testing.T) {
	on(t, few, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		p := h.person().open("/login"+query("//evil.example")).identify("mia@example.com", secret).press("Sign in").sees("/account", "Your account")
		for _, to := range []string{
			"https://evil.example/", `/\evil.example`, "https:evil.example", "https:/evil.example", "////evil.example", "/..//evil.example",
			"/\t/evil.example", "javascript:alert(1)", "data:text/html,x", h.origin + "@evil.example/", h.origin + ".evil.example/", "/%2f%2fevil.example",
		} {
			p.open("/login"+query(to)).sees("/account", "Your account")
		}
	})
}
