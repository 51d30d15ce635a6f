package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
)

// D-053: a form of another site that signs somebody into the attacker's account is refused, whether the site is a stranger's or a sibling of
// ours (D-051), and whether or not scripts run.
func TestAForeignFormSignsNobodyIn(t *testing.T) {
	journey(t, func(t *testing.T, h *house) {
		h.account("attacker@example.com")
		evil := site(t, fmt.Sprintf(`<form method=post action=%q><input type=hidden name=identifier value="attacker@example.com">`+
			`<input type=hidden name=password value=%q><button>Win a prize</button></form><script>document.forms[0].submit()</script>`, h.url("/login"), secret))
		for _, origin := range []string{evil, strings.Replace(evil, "127.0.0.1", "localhost", 1)} {
			p := h.person().visits(origin)
			p.turns("opening the other site", func() { p.goTo(origin + "/") })
			if h.scripts {
				p.arrives(h.url("/login"))
				p.wait("the refusal", func() bool { return look[bool](p, `!!document.querySelector("h1")`) })
			} else {
				p.press("Win a prize")
			}
			p.sees("/login", "Please try again").refused("This request came from another site, so we did nothing.")
			if c := p.session(); c != nil {
				t.Errorf("the form of %s made a session: %+v", origin, c)
			}
			p.open("/account").sees("/login", "Sign in")
		}
	})
}

// D-058: in a frame of another site there is nothing to see or to press.
func TestAForeignFrameStaysBlank(t *testing.T) {
	on(t, few, func(t *testing.T, h *house) {
		h.account("mia@example.com")
		other := site(t, "to be framed")
		frames := fmt.Sprintf(`<iframe src=%q></iframe><iframe src=%q></iframe><iframe src=%q></iframe>`, h.url("/account"), h.url("/login"), other+"/inside")
		evil := site(t, frames)
		p := h.person().login("mia@example.com", secret).visits(evil).visits(other)
		p.seen.mu.Lock()
		p.seen.complaint, p.seen.expected = nil, "frame"
		p.seen.mu.Unlock()
		p.turns("opening the other site", func() { p.goTo(evil + "/") })
		p.seen.mu.Lock()
		defer p.seen.mu.Unlock()
		blocked, shown := 0, 0
		for _, f := range p.seen.failures {
			if f.Type == "Document" && f.ErrorText == "net::ERR_BLOCKED_BY_RESPONSE" {
				blocked++
			}
		}
		for _, r := range p.seen.responses {
			if r.Response.URL == other+"/inside" {
				shown++
			}
		}
		if blocked != 2 || shown != 1 {
			t.Errorf("%d frames of ours are blank, want 2; %d others are shown, want 1", blocked, shown)
		}
	})
}

// I-148: a name full of HTML and script is a name on every page and in every mail that has it.
func TestANameIsNoHTML(t *testing.T) {
	on(t, few, func(_ *testing.T, h *house) {
		name := `"><img src=x onerror=alert(1)><script>alert(1)</script>`
		if _, err := h.Flow().CreateUser(h.t.Context(), flow.NewUser{Email: "mia@example.com", Name: name, Password: secret, Verified: true}); err != nil {
			h.t.Fatal(err)
		}
		h.person().login("mia@example.com", secret).sees("/account", "Your account").held("name", name)
	})
}
