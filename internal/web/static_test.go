package web_test

import (
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
