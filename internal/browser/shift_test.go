package browser

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// shifts is how far things moved on the page after they were first to be seen, as the metric «cumulative layout shift» counts it.
const shifts = `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
	const all = [];
	const seen = list => all.push(...list.getEntries());
	const o = new PerformanceObserver(seen);
	o.observe({type: "layout-shift", buffered: true});
	setTimeout(() => { seen({getEntries: () => o.takeRecords()}); done(all.flatMap(e => [...e.sources.map(s => (s.node?.outerHTML ?? "?").slice(0, 100)), e.value.toString()])); }, 50);
})))`

// Nothing moves on a page that is there already. On a slow line the script comes long after the first paint, so it is held back here until
// the page was painted.
func TestNothingMovesWhenTheScriptComesLate(t *testing.T) {
	t.Parallel()
	var p *person
	var late atomic.Int64
	painted := func(file string) {
		if !strings.HasSuffix(file, ".js") {
			return
		}
		p.wait("the first paint", func() bool { return look[int](p, `performance.getEntriesByName("first-contentful-paint").length`) == 1 })
		late.Add(1)
	}
	h := &house{stage: stage{scripts: true}, t: t, origin: hall(t, painted)}
	p = h.person()
	call(p, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	n := 0
	for _, g := range []guise{guises[0], guises[3]} {
		p.wears(g)
		for _, state := range pageStates() {
			if state != pageOf(state) && !slices.Contains(telling, state) {
				continue
			}
			n++
			if got := look[[]string](p.shut(state, "en"), shifts); len(got) != 0 {
				t.Errorf("%s, %s: it moves: %q", state, g.name, got)
			}
		}
	}
	look[bool](p, `document.querySelector("h1").insertAdjacentHTML("beforebegin", "<p>Something</p>") ?? true`)
	if got := look[[]string](p, shifts); len(got) == 0 {
		t.Error("what moves is not found")
	}
	if int(late.Load()) < n {
		t.Errorf("the script was late %d times on %d pages", late.Load(), n)
	}
}
