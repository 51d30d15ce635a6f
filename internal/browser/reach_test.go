package browser

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// back is the tabulator with shift.
func (p *person) back() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))); err != nil {
		p.t.Fatal(err)
	}
}

// stop is where the tabulator has led.
type stop struct {
	At    int // among measure.stops(); -1: nowhere
	Wrong []string
}

// stopsAt says where the focus is, and what hinders seeing it there. What comes next must not stand above what came before it.
const stopsAt = `(() => {
	const wrong = [], e = document.activeElement, at = measure.stops().indexOf(e), r = e.getBoundingClientRect(), last = measure.last;
	measure.say = (...words) => wrong.push(words.join(" "));
	if (at >= 0) measure.focus(e);
	else if (e !== document.body) measure.say("the tabulator leads to", measure.tag(e));
	if (last && at === last.at + 1 && r.bottom + scrollY <= last.top) measure.say("it stands above what comes before it:", measure.tag(e));
	measure.last = {at, top: r.top + scrollY};
	return {At: at, Wrong: wrong};
})()`

// walk goes through the whole page by the tabulator until it is where it began, and returns the stops in order, from the first of the page on.
func (p *person) walk(g guise, press func()) []int {
	p.t.Helper()
	all := look[int](p, `(measure.last = null, measure.stops().length)`)
	var met []int
	for range 2*all + 3 { // at the ends of the page the focus is nowhere for a moment: there the browser has its own
		press()
		s := look[stop](p, stopsAt)
		for _, wrong := range s.Wrong {
			if !g.forced() || !strings.Contains(wrong, "contrast") { // scripts do not see the colours that the system paints
				p.t.Errorf("%s: %s", g.name, wrong)
			}
		}
		if s.At >= 0 && len(met) > 0 && s.At == met[0] {
			break
		}
		if s.At >= 0 {
			met = append(met, s.At)
		}
	}
	first := max(0, slices.Index(met, 0))
	return append(slices.Clone(met[first:]), met[:first]...)
}

// leads checks that the tabulator comes to everything that can be used, once, in the order of the page. It is trapped nowhere.
func (p *person) leads(g guise) {
	p.t.Helper()
	if met, want := p.walk(g, func() { p.keys(kb.Tab) }), p.order(); !slices.Equal(met, want) {
		p.t.Errorf("%s: of %d elements the tabulator leads to %v", g.name, len(want), met)
	}
}

// leadsBack is the same backwards: what comes before the first is the last.
func (p *person) leadsBack(g guise) {
	p.t.Helper()
	want := p.order()
	slices.Reverse(want[1:])
	if met := p.walk(g, p.back); !slices.Equal(met, want) {
		p.t.Errorf("%s: of %d elements the tabulator leads back to %v", g.name, len(want), met)
	}
}

// order is all that the tabulator must lead to.
func (p *person) order() []int {
	p.t.Helper()
	all := make([]int, look[int](p, `measure.stops().length`))
	for i := range all {
		all[i] = i
	}
	return all
}

// Every state is walked through in one guise, light or dark by turns, and the telling ones in all.
func TestTheTabulatorLeadsThroughEveryPageAndTheFocusIsSeen(t *testing.T) {
	all := pageStates()
	tour(t, all, func(p *person, state string) {
		p.measured(`true`)
		looks := []guise{guises[3*(slices.Index(all, state)%2)]}
		if slices.Contains(telling, state) {
			looks = append([]guise{guises[0], guises[3]}, strong...)
		}
		for _, g := range looks {
			p.wears(g).leads(g)
		}
		if slices.Contains(telling, state) {
			p.leadsBack(looks[len(looks)-1])
		}
	})
}

// enter presses the return key on an element that the tabulator leads to.
func (p *person) enter(on string) *person {
	p.t.Helper()
	p.tabs(on)
	return p.turns("Enter on "+on, func() { p.keys(kb.Enter) })
}

// space presses the space bar on a button that the tabulator leads to.
func (p *person) space(on string) *person {
	p.t.Helper()
	p.tabs(on)
	return p.turns("Space on "+on, func() { p.keys(" ") })
}

// fill types into a field that the tabulator leads to, in place of what is there: all of it is chosen when the tabulator comes to a field.
func (p *person) fill(name, value string) *person {
	p.t.Helper()
	p.tabs("#field-" + name)
	if look[bool](p, `document.activeElement.selectionStart !== document.activeElement.selectionEnd || document.activeElement.value === ""`) {
		p.keys(value)
		return p.held(name, value)
	}
	p.keys(kb.End + strings.Repeat(kb.Backspace, look[int](p, `document.activeElement.value.length`)) + value)
	return p.held(name, value)
}

// byKeyboard is a journey with the keyboard alone, with and without scripts.
func byKeyboard(t *testing.T, test func(p *person, h *house)) {
	t.Helper()
	on(t, stages[:2], func(_ *testing.T, h *house) { test(h.person(), h) })
}

// comes logs in by keyboard.
func (p *person) comes(email, password string) *person {
	p.t.Helper()
	p.open("/login").focused("identifier").keys(email)
	p.fill("password", password)
	return p.turns("Enter", func() { p.keys(kb.Enter) }).sees("/account", "Your account")
}

func TestSignUpByKeyboard(t *testing.T) {
	byKeyboard(t, func(p *person, _ *house) {
		p.open("/").sees("/login", "Sign in").enter(`main a[href^="/signup"]`).sees("/signup", "Sign up").focused("email")
		p.turns("Enter", func() { p.keys("mia" + kb.Enter) }).refused("Email address").focused("email").fill("email", "mia@example.com")
		p.fill("name", "Mia").fill("password", secret).space("main form button.main").sees("/signup", "Check your mail")
		p.confirms("mia@example.com").space("main form button.main").sees("/account", "Your account").told("Welcome.")
	})
}

// The summary of what is wrong leads to the fields.
func TestTheSummaryLeadsToTheFieldsByKeyboard(t *testing.T) {
	byKeyboard(t, func(p *person, _ *house) {
		p.open("/signup").turns("Enter", func() { p.keys(kb.Enter) }).refused("Password").focused("email")
		for _, name := range []string{"password", "email"} {
			p.backTo(fmt.Sprintf(`[role=alert] a[href="#field-%s"]`, name))
			p.strike()
			p.focused(name).keys("x")
			p.held(name, "x")
		}
	})
}

// strike presses the return key as a keyboard does, whose one event is both a key and a character: sent as two, the second could already meet the
// field that the first led to.
func (p *person) strike() {
	p.t.Helper()
	for _, e := range []input.DispatchKeyEventParams{{Type: "keyDown", Text: kb.Enter}, {Type: "keyUp"}} {
		e.Key, e.Code, e.WindowsVirtualKeyCode = "Enter", "Enter", 13
		call(p, input.DispatchKeyEvent, e)
	}
}

// backTo goes back by the tabulator until the focus is on an element.
func (p *person) backTo(to string) {
	p.t.Helper()
	for range 30 {
		p.back()
		if look[bool](p, fmt.Sprintf(`document.activeElement.matches(%q)`, to)) {
			return
		}
	}
	p.t.Fatalf("the tabulator does not lead back to %s\n%s", to, p.page())
}

func TestAForgottenPasswordByKeyboard(t *testing.T) {
	byKeyboard(t, func(p *person, h *house) {
		h.account("mia@example.com")
		p.open("/login").enter(`main a[href^="/forgot"]`).sees("/forgot", "Forgot your password?").focused("email")
		p.turns("Enter", func() { p.keys("mia@example.com" + kb.Enter) }).sees("/forgot", "Check your mail for a link")
		p.open(p.link(p.mail("mia@example.com", "Set a new password"), "/reset")).focused("password")
		p.turns("Enter", func() { p.keys("short" + kb.Enter) }).refused("New password").focused("password").keys(another)
		p.space("main form button.main").sees("/login", "Sign in").told("Your password was changed.").comes("mia@example.com", another)
	})
}

func TestTheAccountByKeyboard(t *testing.T) {
	byKeyboard(t, func(p *person, h *house) {
		h.account("mia@example.com")
		p.comes("mia@example.com", secret)
		p.tabs(`nav.sections a[href="#password"]`).keys(kb.Enter)
		p.wait("the section", func() bool { return look[string](p, `location.hash`) == "#password" })
		p.tabs("#field-current_password").keys(another) // the next stop after the jump is in the section
		p.fill("password", another).space("#password form button.button:not([type])").reads("#field-current_password-error", "This is not right.").focused("current_password").keys(secret)
		p.fill("password", another)
		p.turns("Enter", func() { p.keys(kb.Enter) }).told("Your password was changed")
		p.fill("name", "Mia G").space("#profile form button").told("Saved.").held("name", "Mia G")
		p.fill("email", "new@example.com").enter("#address form:last-of-type button").told("Open the link")
		p.open(p.link(p.mail("new@example.com", "Confirm your new address"), "/account/email/confirm")).space("main form button.main")
		p.sees("/account", "Your account").told("Your address was changed.").reads("#address", "new@example.com")
	})
}

func TestDevicesDownloadAndDeletingByKeyboard(t *testing.T) {
	byKeyboard(t, func(p *person, h *house) {
		h.account("mia@example.com")
		other := h.person().login("mia@example.com", secret)
		p.comes("mia@example.com", secret).space("#devices li button").told("The device was signed out.")
		other.open("/account").sees("/login", "Sign in")
		if file := p.downloads("account.json", func() { p.tabs("#data a.button").keys(kb.Enter) }); !strings.Contains(string(file), "mia@example.com") {
			p.t.Errorf("the file has\n%s", file)
		}
		p.enter("header form button").sees("/logout", "You are signed out").enter("main a.main").sees("/login", "Sign in")
		p.comes("mia@example.com", secret).enter("#delete a.button").sees("/account/delete", "Delete your account?")
		p.space("main form button.main").sees("/login", "Sign in").told("Your account was deleted.")
	})
}

// The real program, whose mails are read in the dev mailbox.
func TestTheDevMailboxByKeyboard(t *testing.T) {
	t.Parallel()
	for _, s := range stages[:2] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := &house{stage: s, t: t, origin: serve(t)}
			p := h.person().open("/signup").focused("email")
			p.keys("mia@example.com")
			p.fill("password", secret).enter("main form button.main").sees("/signup", "Check your mail")
			p.enter(`main a[href="/dev/mail"]`).sees("/dev/mail", "Dev mailbox")
			p.wait("the mail", func() bool { return look[bool](p.open("/dev/mail"), `!!document.querySelector("article")`) })
			p.enter(`article a[href*="/verify?token="]`).sees("/verify", "Confirm your address")
			p.space("main form button.main").sees("/account", "Your account")
		})
	}
}
