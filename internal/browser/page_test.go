package browser

import (
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// record is what a browser told about its pages.
type record struct {
	main cdp.FrameID

	mu        sync.Mutex
	current   cdp.LoaderID // the page of the main frame that is there as a whole
	requests  []*network.Request
	responses []*network.EventResponseReceived
	finished  []*network.EventLoadingFinished
	failures  []*network.EventLoadingFailed
	complaint []string
	expected  string   // what a complaint may be about
	foreign   []string // other origins that the test itself leads to
}

func newRecord() *record { return &record{} }

// notice is called for each event of the browser.
func (r *record) notice(event any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := event.(type) {
	case *page.EventLifecycleEvent:
		if e.Name == "load" && (r.main == "" || e.FrameID == r.main) {
			r.current = e.LoaderID
		}
	case *page.EventFrameNavigated: // «back» to a page that was kept as it was loads nothing
		if e.Type == page.NavigationTypeBackForwardCacheRestore && e.Frame.ParentID == "" {
			r.current = e.Frame.LoaderID + " restored"
		}
	case *network.EventLoadingFinished:
		r.finished = append(r.finished, e)
	case *network.EventLoadingFailed:
		r.failures = append(r.failures, e)
	case *network.EventRequestWillBeSent:
		r.requests = append(r.requests, e.Request)
	case *network.EventResponseReceived:
		r.responses = append(r.responses, e)
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelInfo {
			r.complaint = append(r.complaint, fmt.Sprintf("%s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventConsoleAPICalled:
		r.complaint = append(r.complaint, fmt.Sprintf("console.%s %v", e.Type, e.Args))
	case *runtime.EventExceptionThrown:
		r.complaint = append(r.complaint, "exception: "+e.ExceptionDetails.Text)
	}
}

func (r *record) loaded() cdp.LoaderID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// check is what must hold of everything that somebody did: nothing was asked of any other origin (F-079), every file was there, no page of ours
// had anything to complain about (CSP), and no address in the history has a token (F-079).
func (r *record) check(p *person) {
	p.t.Helper()
	history := call(p, page.GetNavigationHistory, cdp.Empty{})
	r.mu.Lock()
	defer r.mu.Unlock()
	allowed := append([]string{p.house.origin + "/", "data:", "about:"}, r.foreign...)
	for _, q := range r.requests {
		if !begins(q.URL, allowed) {
			p.t.Errorf("a page asked for %s", q.URL)
		}
		if referer := fmt.Sprint(q.Headers["Referer"]); strings.Contains(referer, "token=") {
			p.t.Errorf("%s was told of %s", q.URL, referer)
		}
	}
	for _, a := range r.responses {
		diedMeanwhile := a.Response.Status == http.StatusGone && strings.Contains(a.Response.URL, "/api/v1/password/strength?") // the link of an open page
		if a.Type != "Document" && a.Response.Status >= 400 && !diedMeanwhile {
			p.t.Errorf("%s: %d", a.Response.URL, a.Response.Status)
		}
	}
	for _, c := range r.complaint {
		if r.expected != "" && strings.Contains(c, r.expected) {
			continue
		}
		if !strings.Contains(c, "Failed to load resource: the server responded with a status of") { // a refusal, which has a status of its own
			p.t.Error("the browser complains: ", c)
		}
	}
	for _, e := range history.Entries {
		if strings.Contains(e.URL, "token=") {
			p.t.Error("the history has a token: ", e.URL)
		}
	}
}

func begins(s string, with []string) bool {
	for _, w := range with {
		if strings.HasPrefix(s, w) {
			return true
		}
	}
	return false
}

// rules holds the page against what is so on every page of ours.
func (p *person) rules() {
	p.t.Helper()
	var wrong []string
	p.wait("a page that stays", func() bool { // one that leads on at once may be going away
		got := look[*[]string](p, fmt.Sprintf(rulesScript, p.house.origin))
		if got != nil {
			wrong = *got
		}
		return got != nil
	})
	for _, w := range wrong {
		p.t.Errorf("%s: %s", look[string](p, `location.pathname + " «" + document.title + "»"`), w)
	}
}

// rulesScript returns what is wrong with a page of that origin, or null when there is none yet. Contrast is that of WCAG 2.2, 1.4.3.
const rulesScript = `(() => {
	if (document.readyState !== "complete" || !document.body) return null;
	if (location.origin !== %q) return [];
	const wrong = [], say = (...words) => wrong.push(words.join(" "));
	if (document.querySelectorAll("h1").length !== 1) say("not one h1");
	if (!document.documentElement.lang || !document.title) say("no language or title");
	if (document.scrollingElement.scrollWidth > innerWidth) say("it is", document.scrollingElement.scrollWidth, "wide on a screen of", innerWidth);
	for (const e of document.querySelectorAll("input, select, textarea")) {
		if (e.type === "hidden" || e.hidden) continue;
		if (![...e.labels].some(l => l.textContent.trim())) say("no label:", e.outerHTML);
		for (const id of (e.getAttribute("aria-describedby") || "").split(" ").filter(Boolean))
			if (!document.getElementById(id)) say("described by nothing:", id);
	}
	for (const e of document.querySelectorAll("a, button")) if (e.checkVisibility() && !e.innerText.trim() && !e.ariaLabel && !e.querySelector("img[alt]:not([alt=\"\"])")) say("no words:", e.outerHTML);
	const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
	if (new Set(ids).size !== ids.length) say("an id twice:", ids);
	if (/token=/.test(location.href)) say("a token in the address", location.href);
	if (/token=/.test(document.referrer)) say("a token in the referrer", document.referrer);
	for (const e of performance.getEntries()) if (/token=/.test(e.name)) say("a token in the performance entries:", e.name);
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgba = c => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
	const light = c => { const [r, g, b] = [...c].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const behind = e => {
		for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; }
		return rgba("Canvas");
	};
	for (const e of document.querySelectorAll("body *")) {
		if (!e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
		const s = getComputedStyle(e), a = light(rgba(s.color)), b = light(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), size = parseFloat(s.fontSize);
		if (ratio < (size >= 24 || size >= 18.66 && s.fontWeight >= 700 ? 3 : 4.5)) say("contrast", ratio.toFixed(2), "of", e.outerHTML);
	}
	return wrong;
})()`
