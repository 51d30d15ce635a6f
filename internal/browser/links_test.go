package browser

import (
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/ticket"
)

// scans does with a link what mail scanners do: it is asked for ten times, head and all, and opened in a browser that runs scripts, but
// nothing is pressed (F-078).
func (h *house) scans(link string) {
	h.t.Helper()
	at, err := url.Parse(link)
	if err != nil {
		h.t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { // id.localhost is a name for browsers only
		return (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+at.Port())
	}
	defer transport.CloseIdleConnections()
	for range 10 {
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			jar, _ := cookiejar.New(nil)
			r, err := http.NewRequestWithContext(h.t.Context(), method, link, nil)
			if err != nil {
				h.t.Fatal(err)
			}
			answer, err := (&http.Client{Transport: transport, Jar: jar, Timeout: patience}).Do(r)
			if err != nil {
				h.t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK || strings.Contains(answer.Request.URL.String(), "token") {
				h.t.Errorf("%s %s: %d at %s", method, link, answer.StatusCode, answer.Request.URL)
			}
		}
	}
	h.person().open(link)
}

// F-078: looking at a link does not use it, whatever it is for.
func TestAScannerDoesNotUseALink(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		p := h.person().signUp("mia@example.com")
		l := p.mail("mia@example.com", "Confirm your address")
		for _, link := range l.links {
			h.scans(link)
		}
		p.open(p.link(l, "/verify")).press("Confirm my address").sees("/account", "Your account")

		p.wants("new@example.com")
		change := p.link(p.mail("new@example.com", "Confirm your new address"), "/account/email/confirm")
		h.scans(change)
		p.open(change).press("Use this address").sees("/account", "Your account").told("Your address was changed.")

		q := h.person()
		q.open("/forgot").write("Email address", "new@example.com").press("Send the link")
		reset := q.link(q.mail("new@example.com", "Set a new password"), "/reset")
		h.scans(reset)
		q.open(reset).write("New password", another).press("Set the new password").sees("/login", "Sign in").told("Your password was changed.")

		q.signUp("eva@example.com")
		l = q.mail("eva@example.com", "Confirm your address")
		h.scans(q.link(l, "/signup/cancel"))
		q.open(q.link(l, "/signup/cancel")).press("Cancel the sign-up").sees("/login", "Sign in").told("The sign-up was cancelled.")
	})
}

// F-079: the token is in the first address only. The rules for all pages look for it in the address, the referrer and the performance
// entries of each page, and in the history of each person; here is shown that there was one to be found, and where it goes.
func TestTheTokenLeavesTheAddress(t *testing.T) {
	journey(t, func(t *testing.T, h *house) {
		p := h.person().signUp("mia@example.com")
		link := p.link(p.mail("mia@example.com", "Confirm your address"), "/verify")
		p.open(link).arrives(h.url("/verify")).press("Confirm my address").sees("/account", "Your account")
		if got := look[string](p, `document.referrer`); got != h.url("/verify") {
			t.Errorf("the page after it was led to by %q", got)
		}
		if got := look[string](p, `JSON.stringify([location.href, document.cookie, {...localStorage}, {...sessionStorage}])`); strings.Contains(got, "token") || strings.Contains(got, "gatehouse") {
			t.Error("scripts of the page see ", got)
		}
		p.seen.mu.Lock()
		defer p.seen.mu.Unlock()
		asked := 0
		for _, r := range p.seen.requests {
			if strings.Contains(r.URL, "token=") {
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("%d requests had the token in the address, want the first only", asked)
		}
	})
}

// A link that does not work says why and what to do, and what it says to do works.
func TestDeadLinks(t *testing.T) {
	on(t, few, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		p := h.person().login("mia@example.com", secret)
		for _, page := range []string{"/verify", "/reset", "/signup/cancel", "/account/email/confirm"} {
			p.open(page+"?token="+ticket.NewToken()).sees(page, "This link does not work").refused("We do not know this link.")
			p.open(page+"?token="+ticket.NewToken()[:20]).sees(page, "This link does not work").refused("looks cut off")
			p.open(page).sees(page, "This link does not work").refused("looks cut off")
		}
		q := h.person().forgets("mia@example.com")
		q.write("New password", another).press("Set the new password").sees("/login", "Sign in")
		q.open("/reset?token="+ticket.NewToken()).press("Send a new link").sees("/forgot", "Forgot your password?")
		q.write("Email address", "mia@example.com").press("Send the link")
		reset := q.link(q.mail("mia@example.com", "Set a new password"), "/reset")
		q.open(reset)
		h.pass(31 * minute)
		q.write("New password", secret).press("Set the new password").sees("/reset", "This link does not work").refused("expired")
		q.open(reset).sees("/reset", "This link does not work").refused("expired")
	})
}

func TestALinkThatWasUsedOrIsTooOld(t *testing.T) {
	on(t, few, func(_ *testing.T, h *house) {
		p := h.person().signUp("mia@example.com")
		used := p.link(p.mail("mia@example.com", "Confirm your address"), "/verify")
		p.open(used).press("Confirm my address").sees("/account", "Your account").pressIn("header", "Sign out")
		p.open(used).sees("/verify", "This link does not work").refused("link was used on ").press("Sign in").sees("/login", "Sign in")

		p.signUp("eva@example.com")
		old := p.link(p.mail("eva@example.com", "Confirm your address"), "/verify")
		h.pass(25 * hour)
		p.open(old).sees("/verify", "This link does not work").refused("expired")
		p.open("/reset").sees("/reset", "This link does not work")
	})
}
