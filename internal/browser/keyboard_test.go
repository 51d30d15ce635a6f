package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// tabs goes on by the tabulator until the focus is on an element, as somebody without a mouse does, who must see where it is.
func (p *person) tabs(to string) *person {
	p.t.Helper()
	for range 30 {
		if look[bool](p, fmt.Sprintf(`document.activeElement.matches(%q)`, to)) {
			if !look[bool](p, `(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== "none" || s.boxShadow !== "none"; })()`) {
				p.t.Errorf("that %s has the focus is not to be seen", to)
			}
			return p
		}
		p.keys(kb.Tab)
	}
	p.t.Fatalf("the tabulator does not lead to %s\n%s", to, p.page())
	return p
}

func TestByKeyboardAlone(t *testing.T) {
	journey(t, func(t *testing.T, h *house) {
		h.account("mia@example.com")
		p := h.person().open("/login").focused("identifier")
		p.keys("mia@example.com")
		p.tabs("#field-password").keys(secret + "x")
		p.turns("Enter", func() { p.keys(kb.Enter) }).refused("That did not match")
		p.focused("password").keys(secret)
		p.tabs("#field-remember").keys(" ")
		p.turns("Enter", func() { p.tabs("main form button.main").keys(kb.Enter) }).sees("/account", "Your account")
		if c := p.session(); c == nil || c.Session {
			t.Errorf("the box was not ticked by the space bar: %+v", c)
		}
		p.turns("Enter", func() { p.tabs("header form button").keys(kb.Enter) }).sees("/logout", "You are signed out")
	})
}
