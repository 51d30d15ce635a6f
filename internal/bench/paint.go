package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/chromedp/chromedp"
)

// painted is when a page was first to be seen, counted from the moment it was asked for, as Chromium tells it: a promise of milliseconds.
const painted = `new Promise(done => new PerformanceObserver(list => {
	for (const e of list.getEntriesByName("first-contentful-paint")) done(e.startTime);
}).observe({type: "paint", buffered: true}))`

// firstPaint times the log-in page in a real Chromium with an empty cache, in turn with a page that has a word on it and nothing else.
func (b *bench) firstPaint() error {
	gatehouse, err := b.gatehouse()
	if err != nil {
		return err
	}
	defer gatehouse.stop()
	word := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Word</title><link rel="icon" href="data:,"><p>Word</p></html>`) //nolint:errcheck // it shows in the figure
	}))
	defer word.Close()
	allocator, stop := chromedp.NewExecAllocator(b.ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true))...)
	defer stop()
	browser, closeBrowser := chromedp.NewContext(allocator)
	defer closeBrowser()
	if err := chromedp.Do(browser); err != nil {
		return fmt.Errorf("it needs Chromium, which scripts/prepare installs: %w", err)
	}
	const pairs = 4 // a paint takes no time beside a load, and waits for the next frame: there are more of them
	for range 1 + pairs*b.runs {
		page, err := paintOf(browser, gatehouse.url+"/login")
		if err != nil {
			return err
		}
		reference, err := paintOf(browser, word.URL)
		if err != nil {
			return err
		}
		b.loginPaint, b.wordPaint = append(b.loginPaint, page), append(b.wordPaint, reference)
	}
	b.loginPaint, b.wordPaint = b.loginPaint[1:], b.wordPaint[1:] // the first of each starts more than the page
	return nil
}

func paintOf(browser context.Context, url string) (time.Duration, error) {
	ctx, stop := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		return 0, err
	}
	ms, err := chromedp.Run(ctx, chromedp.Evaluate[float64](painted, chromedp.EvalAwaitPromise))
	return time.Duration(ms * float64(time.Millisecond)), err
}
