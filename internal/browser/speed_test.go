package browser

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// loads are the files that the page has asked for, its icon too, which Chromium without a window does not show.
func (p *person) loads() []string {
	p.t.Helper()
	return look[[]string](p, `[...new Set([...performance.getEntriesByType("resource").map(e => e.name), ...[...document.querySelectorAll("link[rel~=icon]")].map(e => e.href)])]`)
}

// ask asks for a file as a browser with an empty cache does, and returns what came.
func ask(t *testing.T, at string) (http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip") // said by us, so that what comes is counted as it was sent
	a, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		t.Fatal(at, a.StatusCode, err)
	}
	return a.Header, body
}

// The log-in page with all that it loads is small, counted as it comes over the line by the browser itself, heads and all.
func TestTheLoginPageIsSmall(t *testing.T) {
	t.Parallel()
	h := stages[0].open(t)
	p := h.person().open("/login")
	sent := 0.0
	p.seen.mu.Lock()
	for _, e := range p.seen.finished {
		sent += e.EncodedDataLength
	}
	requests := len(p.seen.finished)
	p.seen.mu.Unlock()
	for _, file := range p.loads() {
		if strings.Contains(file, "icon") {
			_, icon := ask(t, file)
			sent, requests = sent+float64(len(icon)), requests+1
		}
	}
	const most = 60 * 1000
	if t.Logf("%d requests, %.0f bytes", requests, sent); requests < 4 || sent > most {
		t.Errorf("the page loads %d files with %.0f bytes, want at least 4 and at most %d bytes", requests, sent, most)
	}
}

var hash = regexp.MustCompile(`[0-9a-f]{12,64}`)

// A file may be kept for good, because its URL changes with its content; so no page loads what an earlier one of the visit has loaded.
func TestFilesAreLoadedOnce(t *testing.T) {
	t.Parallel()
	h := stages[2].open(t)
	h.account("mia@example.com")
	p := h.person().open("/login")
	files := p.loads()
	if len(files) < 3 {
		t.Fatalf("the page loads %q", files)
	}
	for _, file := range files {
		header, body := ask(t, file)
		if header.Get("Content-Encoding") == "gzip" {
			body = unpacked(t, body)
		}
		sum := sha256.Sum256(body)
		if named := hash.FindString(file); named == "" || !strings.HasPrefix(hex.EncodeToString(sum[:]), named) {
			t.Errorf("%s does not have the hash of its content", file)
		}
		if got := header.Get("Cache-Control"); !strings.Contains(got, "immutable") || !strings.Contains(got, "max-age=31536000") {
			t.Errorf("%s: Cache-Control: %s", file, got)
		}
	}
	const loaded = `performance.getEntriesByType("resource").filter(e => e.transferSize > 0).map(e => e.name)`
	met := map[string]bool{}
	for _, turn := range []func(){
		func() {}, func() { p.open("/login") }, func() { p.open("/signup") }, func() { p.login("mia@example.com", secret).sees("/account", "Your account") },
	} {
		turn()
		for _, file := range look[[]string](p, loaded) {
			if met[file] {
				t.Errorf("%s loads %s again", look[string](p, `location.pathname`), file)
			}
			met[file] = true
		}
	}
	if len(met) < 2 {
		t.Errorf("all that was loaded is %v", met)
	}
}

func unpacked(t *testing.T, body []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
