package browser

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is for a machine that has much else to do. Nothing waits that long unless it fails.
const patience = 60 * time.Second

var chromium struct {
	once  sync.Once
	ctx   context.Context
	close context.CancelFunc
	err   error
}

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", fmt.Sprint(max(4, runtime.GOMAXPROCS(0)))) // most of the time everybody waits for Chromium
	code := 1
	if err := trustPostOffice(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	if chromium.close != nil {
		chromium.close()
	}
	if programDir != "" {
		_ = os.RemoveAll(programDir)
	}
	os.Exit(code)
}

// started is the one Chromium of the package. Everybody in it has a browser context of their own: cookies, cache and history are nobody else's.
func started(t *testing.T) context.Context {
	t.Helper()
	chromium.once.Do(func() {
		path := ""
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"} {
			if found, err := exec.LookPath(name); err == nil {
				path = found
				break
			}
		}
		if path == "" {
			chromium.err = fmt.Errorf("there is no Chromium: install it with `apt-get install --no-install-recommends chromium`")
			return
		}
		flags := append(chromedp.DefaultExecAllocatorOptions[:], // headless, with a profile of its own
			chromedp.ExecPath(path), chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
			chromedp.Flag("disable-component-update", true),
			chromedp.Flag("allow-pre-commit-input", true), // otherwise what is pressed before the first frame is painted is lost
		)
		allocator, stop := chromedp.NewExecAllocator(context.Background(), flags...)
		ctx, cancel := chromedp.NewContext(allocator)
		chromium.ctx, chromium.close = ctx, func() { cancel(); stop() }
		chromium.err = chromedp.Do(ctx)
	})
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	return chromium.ctx
}
