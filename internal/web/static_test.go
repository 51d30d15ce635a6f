package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Files may be kept for good under the address that the pages use, which changes with their content; anybody else asks again.
func TestStaticFiles(t *testing.T) {
	t.Parallel()
	b := open(t).browser()
	page := b.page("/login").body
	for name, kind := range map[string]string{"app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"} {
		to := regexp.MustCompile(`/static/` + regexp.QuoteMeta(name) + `\?v=[0-9a-f]{16}`).FindString(page)
		a := b.page(to)
		if a.Header.Get("Content-Type") != kind || a.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || len(a.Cookies()) > 0 {
			t.Errorf("%s has the headers %v", to, a.Header)
		}
		for _, other := range []string{"/static/" + name, "/static/" + name + "?v=0"} {
			if a := b.page(other); a.Header.Get("Cache-Control") != "public, no-cache" {
				t.Errorf("%s may be kept: %s", other, a.Header.Get("Cache-Control"))
			}
		}
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, b.h.Config().Origin()+"/static/"+name, nil)
		r.Header.Set("If-None-Match", a.Header.Get("ETag"))
		again, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = again.Body.Close()
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s is sent again: %d", name, again.StatusCode)
		}
	}
	for _, nothing := range []string{"/static/", "/static/app.css.map", "/static/templates", "/static/..%2fdoc.go"} {
		if a := b.get(nothing); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", nothing, a.StatusCode)
		}
	}
}

// Files go packed to who can unpack them, under an ETag of their own; pages, which hold secrets, never do.
func TestOnlyFilesArePacked(t *testing.T) {
	t.Parallel()
	b := open(t).browser()
	ask := func(path, accept string) (http.Header, []byte) {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, b.h.Config().Origin()+path, nil)
		r.Header.Set("Accept-Encoding", accept)
		a, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = a.Body.Close() }()
		body, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return a.Header, body
	}
	plain, whole := ask("/static/app.css", "identity")
	for accept, want := range map[string]bool{
		"gzip": true, "br, GZIP ; q=0.5": true, "deflate, gzip;q=1.0, *;q=0.5": true, "": false, "br": false, "gzip;q=0": false, "gzip; q=0.000": false, "x-gzip": false,
	} {
		h, body := ask("/static/app.css", accept)
		if got := h.Get("Content-Encoding") == "gzip"; got != want || !strings.Contains(h.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%q: packed %v, want %v: %v", accept, got, want, h)
			continue
		}
		if !want {
			continue
		}
		if h.Get("ETag") == plain.Get("ETag") || len(body) > len(whole)/2 {
			t.Errorf("%q: %d of %d bytes under the ETag %s", accept, len(body), len(whole), h.Get("ETag"))
		}
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if unpacked, err := io.ReadAll(r); err != nil || !bytes.Equal(unpacked, whole) {
			t.Errorf("%q: what was packed is something else: %v", accept, err)
		}
	}
	if h, _ := ask("/login", "gzip"); h.Get("Content-Encoding") != "" {
		t.Error("a page is packed, and its length tells of the secrets in it")
	}
}

// Only what is a link becomes one, and the words around it stay.
func TestTheDevMailbox(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	if a := b.page("/dev/mail"); !strings.Contains(a.body, "No mail yet") {
		t.Errorf("empty:\n%s", a.body)
	}
	h.browser().signUp("mia@example.com")
	link := h.mailed("mia@example.com", "/verify")
	a := b.page("/dev/mail")
	if !strings.Contains(a.body, "\n"+`<a href="`+link+`">`+link+"</a>\n") {
		t.Errorf("the link does not stand alone:\n%s", a.body)
	}
	look := regexp.MustCompile(`href="(/dev/mail/[^"]+)"`).FindStringSubmatch(a.body)
	if look == nil {
		t.Fatalf("there is no way to see the mail as it looks:\n%s", a.body)
	}
	letter := b.page(look[1])
	if !strings.Contains(letter.body, `style="`) || !strings.Contains(letter.body, link) {
		t.Errorf("the mail:\n%s", letter.body)
	}
	// It may have styles of its own and nothing more: what it runs or loads would run and load beside the mailbox, which opens every account.
	if policy := letter.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; ") ||
		!strings.HasSuffix(policy, "; sandbox") || strings.Contains(policy, "script-src") {
		t.Errorf("the mail may do more than be looked at: %s", policy)
	}
	if gone := b.get("/dev/mail/7f0c1a52-6f0e-4f7b-9d3c-0a8e5b2f4c11"); gone.StatusCode != http.StatusNotFound {
		t.Errorf("a mail that there is not: %d", gone.StatusCode)
	}
}
