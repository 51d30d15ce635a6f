package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
)

// filledInBy is what browsers and password managers must know of each field (WCAG 1.3.5): page or *, name, type, autocomplete.
var filledInBy = []string{
	"* csrf hidden ", "* token hidden ", "* return_to hidden ", "* id hidden ", "* then hidden ", "* lang hidden ",
	"* identifier email username", "login identifier text username",
	"* email email email", "* email hidden ", "* username text username", "* name text name", "* locale select-one language", "* remember checkbox ",
	"login password password current-password", "reauthenticate password password current-password", "verify password password current-password",
	"signup password password new-password", "reset password password new-password", "account password password new-password",
	"account current_password password current-password", "verify new_password password new-password",
	"* - text username", // whose password it is
}

// A site's own fields are nobody's to fill in: what they ask for has no name that a browser could know.
const siteField = "fields."

func TestEveryFieldSaysWhatItIsFilledInWith(t *testing.T) {
	tour(t, pageStates(), func(p *person, state string) {
		const fields = `[...document.querySelectorAll("main input, main select, main textarea")].map(e => [e.name || "-", e.type, e.getAttribute("autocomplete") ?? ""].join(" "))`
		for _, field := range look[[]string](p, fields) {
			if strings.HasPrefix(field, siteField) {
				if kind := strings.Fields(field)[1]; kind != "checkbox" && kind != "hidden" && !strings.HasSuffix(field, " off") {
					p.t.Errorf("a field of the site is filled in by the browser: %s", field)
				}
				continue
			}
			if !slices.Contains(filledInBy, "* "+field) && !slices.Contains(filledInBy, pageOf(state)+" "+field) {
				p.t.Errorf("the field «%s»: name, type and autocomplete are not as in the table", field)
			}
		}
	})
}

// edit sends an editing command, as the keys for it do.
func (p *person) edit(command string) {
	p.t.Helper()
	call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: "rawKeyDown", Key: "F20", Commands: []string{command}})
	call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: "keyUp", Key: "F20"})
}

// A password can be pasted wherever one is asked for (WCAG 3.3.8).
func TestPasswordsCanBePasted(t *testing.T) {
	t.Parallel()
	h := stages[0].open(t)
	h.account("mia@example.com")
	p := h.person().open("/login").focused("identifier")
	call(p, input.InsertText, input.InsertTextParams{Text: secret})
	p.edit("selectAll")
	p.edit("copy")
	for _, page := range []struct {
		open   func()
		fields int
	}{
		{func() { p.open("/login") }, 1}, {func() { p.open("/signup") }, 1}, {func() { p.forgets("mia@example.com") }, 1},
		{func() { p.login("mia@example.com", secret).sees("/account", "Your account") }, 2}, {func() { p.open("/reauthenticate") }, 1},
	} {
		page.open()
		if got := p.pastes(); got != page.fields {
			t.Errorf("%s: pasted into %d fields, want %d", look[string](p, `location.pathname`), got, page.fields)
		}
	}
}

// pastes pastes into every field for a password and counts them.
func (p *person) pastes() int {
	p.t.Helper()
	n := look[int](p, `document.querySelectorAll("input[type=password]").length`)
	for i := range n {
		field := fmt.Sprintf(`document.querySelectorAll("input[type=password]")[%d]`, i)
		look[bool](p, field+`.focus() ?? true`)
		p.edit("paste")
		if got := look[string](p, field+`.value`); got != secret {
			p.t.Errorf("%s: pasted, the password %d is %q", look[string](p, `location.pathname`), i+1, got)
		}
	}
	return n
}
