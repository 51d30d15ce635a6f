package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
)

// person is somebody at a browser of their own. What they do is done by mouse and keyboard; what they see is read from the page by the
// debugger, which works without scripts too.
type person struct {
	t     *testing.T
	house *house
	ctx   context.Context
	seen  *record
}

// person opens a browser.
func (h *house) person() *person {
	h.t.Helper()
	p := &person{t: h.t, house: h, seen: newRecord()}
	started(h.t)
	ctx, cancel := chromedp.NewContext(started(h.t), chromedp.WithNewBrowserContext(), chromedp.WithListener(p.seen.notice))
	p.ctx = ctx
	size := emulation.SetDeviceMetricsOverrideParams{Width: 1100, Height: 900, DeviceScaleFactor: 1}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}}
	if h.phone {
		size.Width, size.Height, size.Mobile, media.Features[0].Value = 320, 640, true, "dark"
	}
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, step := range []func() error{
			told(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}), // windows do not take the focus from each other
			told(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !h.scripts}),
			told(ctx, t, emulation.SetDeviceMetricsOverride, size),
			told(ctx, t, emulation.SetEmulatedMedia, media),
			told(ctx, t, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: h.https}),
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}))
	if err != nil {
		h.t.Fatal(err)
	}
	p.seen.main = cdp.FrameID(chromedp.FromContext(ctx).Target.TargetID) // a page's main frame goes by the name of the page
	h.t.Cleanup(func() {
		p.seen.check(p)
		cancel()
	})
	return p
}

func told[P, R any](ctx context.Context, t *chromedp.Target, c cdp.Command[P, R], params P) func() error {
	return func() error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	}
}

func call[P, R any](p *person, c cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, c, params)
	if err != nil {
		p.t.Fatalf("%s: %v", c.Method, err)
	}
	return result
}

// try evaluates an expression in the page. An error is not final: the page may be going away this moment.
func try[T any](p *person, expression string) (value T, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	yes := true
	got, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: expression, ReturnByValue: &yes, AwaitPromise: &yes})
	switch {
	case err != nil:
		return value, err
	case got.ExceptionDetails != nil:
		return value, fmt.Errorf("%s: %s", got.ExceptionDetails.Text, got.ExceptionDetails.Exception.Description)
	case len(got.Result.Value) == 0:
		return value, fmt.Errorf("%s is undefined", expression)
	}
	return value, json.Unmarshal(got.Result.Value, &value)
}

// look is try, again while the page is going away.
func look[T any](p *person, expression string) (value T) {
	p.t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && p.ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		var gone *cdproto.Error
		if value, err = try[T](p, expression); !errors.As(err, &gone) {
			break
		}
	}
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// wait waits until something is so.
func (p *person) wait(what string, so func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) || p.ctx.Err() != nil {
			p.t.Fatalf("waited in vain for %s; the page is\n%s", what, p.page())
		}
	}
}

// page is what there is to see, for messages.
func (p *person) page() string {
	text, err := try[string](p, `location.href + "\n" + document.body.innerText`)
	if err != nil {
		return err.Error()
	}
	return text
}

// open types an address of ours, or a full one, into the address bar.
func (p *person) open(to string) *person {
	p.t.Helper()
	if strings.HasPrefix(to, "/") {
		to = p.house.url(to)
	}
	return p.turns("opening "+to, func() { p.goTo(to) })
}

func (p *person) goTo(to string) {
	p.t.Helper()
	if got := call(p, page.Navigate, page.NavigateParams{URL: to}); got.ErrorText != "" {
		p.t.Fatalf("opening %s: %s", to, got.ErrorText)
	}
}

// turns does what leads to another page, waits until that is there, and holds it against the rules for all pages.
func (p *person) turns(what string, do func()) *person {
	p.t.Helper()
	before := p.seen.loaded()
	do()
	p.wait("the page after "+what, func() bool { return p.seen.loaded() != before })
	p.rules()
	return p
}

// spot is a place on the page.
type spot struct {
	Found int
	X, Y  float64
	Hit   bool // nothing lies over it
}

// find looks for elements by their words, in the part of the page that a selector names.
func (p *person) find(what, within, words string) spot {
	p.t.Helper()
	return look[spot](p, fmt.Sprintf(`(() => {
		const all = [...document.querySelectorAll(%q)].filter(e => e.closest(%q) && e.checkVisibility() && e.innerText.trim() === %q);
		if (!all.length) return {Found: 0};
		all[0].scrollIntoView({block: "center", behavior: "instant"});
		const r = all[0].getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2;
		return {Found: all.length, X: x, Y: y, Hit: all[0].contains(document.elementFromPoint(x, y))};
	})()`, what, within, words))
}

// click presses a button or follows a link. What it leads to is the caller's to wait for.
func (p *person) click(within, words string) {
	p.t.Helper()
	p.clickOn("button, a, summary", within, words)
}

func (p *person) clickOn(what, within, words string) {
	p.t.Helper()
	s := p.find(what, within, words)
	if s.Found != 1 || !s.Hit {
		p.t.Fatalf("there are %d of «%s» in %s, free to press: %v; the page is\n%s", s.Found, words, within, s.Hit, p.page())
	}
	for _, kind := range []input.DispatchMouseEventType{"mouseMoved", "mousePressed", "mouseReleased"} {
		e := input.DispatchMouseEventParams{Type: kind, X: s.X, Y: s.Y}
		if kind != "mouseMoved" {
			e.Button, e.ClickCount = "left", 1
		}
		call(p, input.DispatchMouseEvent, e)
	}
}

// press presses a button or follows a link of the page's own part and waits for the next page.
func (p *person) press(words string) *person {
	p.t.Helper()
	return p.pressIn("main", words)
}

func (p *person) pressIn(within, words string) *person {
	p.t.Helper()
	return p.turns("pressing «"+words+"»", func() { p.click(within, words) })
}

// write types into the field of a label, in place of what is there.
func (p *person) write(label, value string) *person {
	p.t.Helper()
	p.clickOn("label", "main", label)
	if !look[bool](p, `(() => { const e = document.activeElement; if (e.tagName !== "INPUT") return false; e.select(); return true; })()`) {
		p.t.Fatalf("the label «%s» leads to no field", label)
	}
	if value == "" {
		p.keys("\b")
	} else {
		call(p, input.InsertText, input.InsertTextParams{Text: value})
	}
	if got := look[string](p, `document.activeElement.value`); got != value {
		p.t.Fatalf("typed %q for «%s», and it has %q", value, label, got)
	}
	return p
}

func (p *person) keys(keys string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.KeyEvent(keys)); err != nil {
		p.t.Fatal(err)
	}
}

// tick ticks a box.
func (p *person) tick(label string) *person {
	p.t.Helper()
	p.clickOn("label", "main", label)
	if !look[bool](p, `document.querySelector("input[type=checkbox]").checked`) {
		p.t.Fatalf("«%s» is not ticked", label)
	}
	return p
}

// sees checks where the person is: the path below the prefix and the heading.
func (p *person) sees(path, heading string) *person {
	p.t.Helper()
	at, err := url.Parse(look[string](p, `location.href`))
	if err != nil {
		p.t.Fatal(err)
	}
	if got := look[string](p, `document.querySelector("h1").innerText`); at.Path != p.house.prefix+path || got != heading {
		p.t.Fatalf("at %s with the heading «%s», want %s with «%s»\n%s", at, got, path, heading, p.page())
	}
	return p
}

// reads checks that a text is to be seen in a part of the page.
func (p *person) reads(within, text string) *person {
	p.t.Helper()
	got := look[[]string](p, fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.innerText)`, within))
	if !strings.Contains(strings.Join(got, "\n"), text) {
		p.t.Fatalf("«%s» is not to be read in %s: %q\n%s", text, within, got, p.page())
	}
	return p
}

// told checks for good news.
func (p *person) told(notice string) *person {
	p.t.Helper()
	return p.reads("[role=status].news", notice)
}

// refused checks that what was wrong is said: at the top, which is read aloud at once, or beside a field, which is read with it.
func (p *person) refused(why string) *person {
	p.t.Helper()
	return p.reads("[role=alert], .error", why)
}
