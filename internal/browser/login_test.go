package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

const minute, hour = time.Minute, time.Hour

// login fills in the log-in and sends it.
func (p *person) login(identifier, password string) *person {
	p.t.Helper()
	p.open("/login").sees("/login", "Sign in")
	return p.identify(identifier, password).press("Sign in")
}

// identify fills in the log-in that is there.
func (p *person) identify(identifier, password string) *person {
	p.t.Helper()
	label := look[string](p, `document.querySelector("label[for=field-identifier]").innerText`)
	return p.write(label, identifier).write("Password", password)
}

// focused checks that somebody can go on typing in a field.
func (p *person) focused(name string) *person {
	p.t.Helper()
	p.wait("the focus on "+name, func() bool { return look[string](p, `document.activeElement.id`) == "field-"+name })
	return p
}

// held checks what a field has in it.
func (p *person) held(name, value string) *person {
	p.t.Helper()
	if got := look[string](p, fmt.Sprintf(`document.getElementById("field-%s").value`, name)); got != value {
		p.t.Fatalf("the field %s has %q, want %q", name, got, value)
	}
	return p
}

// session is the cookie of the session, or nil.
func (p *person) session() *network.Cookie {
	p.t.Helper()
	name := "gatehouse"
	if p.house.https {
		name = "__Host-gatehouse"
	}
	for _, c := range call(p, network.GetCookies, network.GetCookiesParams{URLs: []string{p.house.url("/")}}).Cookies {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func TestLogin(t *testing.T) {
	journey(t, func(t *testing.T, h *house) {
		h.account("mia@example.com")
		p := h.person().open("/account").sees("/login", "Sign in").focused("identifier")
		p.identify("mia@example.com", another).press("Sign in").sees("/login", "Sign in")
		p.refused("That did not match").held("identifier", "mia@example.com").held("password", "").focused("password")
		if c := p.session(); c != nil {
			t.Error("a wrong password gives a session: ", c)
		}
		p.write("Password", secret).press("Sign in").sees("/account", "Your account")
		c := p.session()
		if c == nil || !c.HTTPOnly || c.SameSite != network.CookieSameSiteLax || c.Path != "/" || strings.HasPrefix(c.Domain, ".") || c.Secure != h.https || !c.Session {
			t.Errorf("the session's cookie is %+v", c)
		}
		p.open("/login").sees("/account", "Your account") // who is in need not sign in
		p.open("/").sees("/account", "Your account")
	})
}

func TestStaySignedIn(t *testing.T) {
	journey(t, func(t *testing.T, h *house) {
		h.account("mia@example.com")
		p, short := h.person().open("/login"), h.person().login("mia@example.com", secret)
		p.tick("Stay signed in on this device").identify("mia@example.com", another).press("Sign in").refused("That did not match")
		if !look[bool](p, `document.querySelector("[name=remember]").checked`) {
			t.Error("the tick was lost")
		}
		p.write("Password", secret).press("Sign in").sees("/account", "Your account")
		c := p.session()
		if c == nil || c.Session || time.Until(time.Unix(int64(c.Expires), 0)) < 719*hour || time.Until(time.Unix(int64(c.Expires), 0)) > 721*hour {
			t.Errorf("the session's cookie is %+v, want 720 hours", c)
		}
		h.pass(13 * hour)
		p.open("/account").sees("/account", "Your account")
		short.open("/account").sees("/login", "Sign in")
		h.pass(15 * 24 * hour)
		p.open("/account").sees("/login", "Sign in")
	})
}

// D-059: after a log-out, going back shows nothing of who was there.
func TestNothingPersonalIsLeftAfterTheLogout(t *testing.T) {
	journey(t, func(t *testing.T, h *house) {
		h.account("mia@example.com")
		p := h.person().login("mia@example.com", secret).sees("/account", "Your account").reads("#address", "mia@example.com")
		p.press("Delete the account …").sees("/account/delete", "Delete your account?").reads("main", "mia@example.com")
		p.open("/logout").sees("/logout", "Sign out?").press("Sign out").sees("/logout", "You are signed out")
		if c := p.session(); c != nil {
			t.Error("the cookie is still there: ", c)
		}
		history := call(p, page.GetNavigationHistory, cdp.Empty{})
		for i := history.CurrentIndex - 1; i >= 0; i-- {
			entry := history.Entries[i]
			if !strings.HasPrefix(entry.URL, h.origin) {
				continue
			}
			p.turns("going back to "+entry.URL, func() {
				call(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry.ID})
			})
			if all := look[string](p, `document.documentElement.outerHTML`); strings.Contains(all, "mia@") || strings.Contains(all, "Mia") {
				t.Errorf("back at %s:\n%s", entry.URL, p.page())
			}
		}
		p.open("/account").sees("/login", "Sign in")
	})
}

// The script of the pages: a password can be shown, and is hidden again before it is sent.
func TestAPasswordIsShownOnDemand(t *testing.T) {
	t.Parallel()
	h := stages[0].open(t)
	h.account("mia@example.com")
	p := h.person().open("/login").identify("mia@example.com", another)
	kind := `document.getElementById("field-password").type`
	p.click("main", "Show")
	if got := look[string](p, kind); got != "text" {
		t.Error("shown, the field is of type ", got)
	}
	p.focused("password").click("main", "Hide")
	if got := look[string](p, kind); got != "password" {
		t.Error("hidden, the field is of type ", got)
	}
	p.write("Password", secret).press("Sign in").sees("/account", "Your account")
}
