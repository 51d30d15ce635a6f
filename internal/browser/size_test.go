package browser

import (
	"fmt"
	"sync"
	"testing"
)

// moreRoom is the spacing of text that people may ask for, WCAG 1.4.12.
const moreRoom = `document.head.append(Object.assign(document.createElement("style"), {textContent:
	"* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }"})) ?? true`

// The page of a phone is that of a desktop at a zoom of 400 %, and 640 pixels are 200 % (WCAG 1.4.10); then with the text alone twice as large
// (1.4.4), and with more room between letters, words and lines (1.4.12).
func TestNothingIsCutOffBeyondTheEdgeOrTooSmallToHit(t *testing.T) {
	tour(t, pageStates(), func(p *person, state string) {
		at := func(width int64, what string) {
			p.wears(guise{what, width, nil}).fits(what)
			p.measures(what, `measure.targets(); measure.cut()`)
		}
		at(wide, "1280 pixels")
		at(zoomed, "640 pixels")
		at(narrow, "320 pixels")
		look[bool](p, `(document.documentElement.style.fontSize = "200%") && true`)
		at(wide, "letters twice as large")
		look[bool](p, `(document.documentElement.style.fontSize = "") || true`)
		look[bool](p, moreRoom)
		at(narrow, "more room for text, 320 pixels")
		at(wide, "more room for text, 1280 pixels")
	})
}

// Who asks for less motion sees none.
func TestNothingMovesForWhoAsksForLess(t *testing.T) {
	tour(t, pageStates(), func(p *person, _ string) {
		p.wears(guise{"less motion", wide, map[string]string{"prefers-reduced-motion": "reduce"}}).measures("less motion", `measure.motion()`)
	})
}

// The titles tell the pages apart, and what was refused is announced, said where it is wrong, and led to.
func TestEachPageSaysWhatItIsAndWhatIsWrong(t *testing.T) {
	var mu sync.Mutex
	titles := map[string]string{} // title: page
	tour(t, pageStates(), func(p *person, state string) {
		p.measures(state, `measure.announced(); measure.secrets(); measure.errors()`)
		title, page := look[string](p, `document.title`), pageOf(state)
		mu.Lock()
		defer mu.Unlock()
		if other, known := titles[title]; known && other != page {
			p.t.Errorf("%s has the title «%s» of %s", page, title, other)
		}
		titles[title] = page
	})
}

// What the measures do not find in a page that is wrong, the tests above do not find either.
func TestTheMeasuresFindWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := &house{stage: stage{scripts: true}, t: t, origin: hall(t, nil)}
	p := h.person().wears(guise{"320 pixels", narrow, map[string]string{"prefers-reduced-motion": "reduce"}})
	for name, test := range map[string]struct{ harm, measure string }{
		"a button of 9 pixels":               {`document.querySelector(".button").style = "all:unset;width:9px;height:9px;overflow:hidden"`, `measure.targets()`},
		"a line that does not break":         {`document.querySelector("h1").style = "white-space:nowrap;width:500px"`, `measure.wide()`},
		"a text that is cut off":             {`document.querySelector("h1").style = "overflow:hidden;height:4px"`, `measure.cut()`},
		"a text under another":               {`document.querySelector("h1").style = "position:relative;top:3rem;z-index:-1"`, `measure.cut()`},
		"a show-button over the password":    {`document.querySelector(".secret input").style = "padding:0"`, `measure.cut()`},
		"a transition":                       {`document.querySelector("h1").style = "transition:color 1s !important"`, `measure.motion()`},
		"an error that no field is tied to":  {`document.querySelector("[aria-invalid]").removeAttribute("aria-describedby")`, `measure.errors()`},
		"a wrong field that does not say so": {`document.querySelector("[aria-invalid]").removeAttribute("aria-invalid")`, `measure.errors()`},
		"the focus elsewhere":                {`document.activeElement.blur()`, `measure.errors()`},
		"an alert that is none":              {`document.querySelector("[role=alert]").removeAttribute("role")`, `measure.announced()`},
		"a password of nobody":               {`document.querySelectorAll("[autocomplete=email],[autocomplete=username]").forEach(e => e.remove())`, `measure.secrets()`},
		"no outline":                         {`document.activeElement.style.outline = "none"`, `measure.focus(document.activeElement)`},
		"an outline that is not seen":        {`document.activeElement.style.outlineColor = "#eee"`, `measure.focus(document.activeElement)`},
		"an outline that is cut off":         {`document.activeElement.parentElement.style.overflow = "hidden"`, `measure.focus(document.activeElement)`},
		"a focus under something":            {`document.body.insertAdjacentHTML("beforeend", "<div style='position:fixed;inset:0;background:red'></div>")`, `measure.focus(document.activeElement)`},
	} {
		p.shows("signup.wrong", "en")
		if wrong := p.measured(test.measure); len(wrong) != 0 {
			t.Errorf("before «%s» there is %q", name, wrong)
		}
		look[bool](p, fmt.Sprintf(`(%s, true)`, test.harm))
		if wrong := p.measured(test.measure); len(wrong) == 0 {
			t.Errorf("«%s» is not found", name)
		}
	}
}
