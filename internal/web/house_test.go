package web_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/server"
	"golang.org/x/net/html"
)

const goodPassword = "correct-horse-battery-staple-42"

// house is the real server on a store of its own. Only hashing is cheap.
type house struct {
	*server.Server
	t    *testing.T
	base string
	file string // the SQLite file
}

func open(t *testing.T, change ...func(*config.Config)) *house {
	t.Helper()
	return openAt(t, nil, change...)
}

// openAt is open with a clock of the test's.
func openAt(t *testing.T, clock func() time.Time, change ...func(*config.Config)) *house {
	t.Helper()
	c := config.Defaults()
	file := filepath.Join(t.TempDir(), "gatehouse.db")
	c.Database, c.SiteName, c.Argon2Memory, c.Argon2Time, c.Limits = "sqlite:"+file, "Acorn", 64<<10, 1, "off"
	for _, f := range change {
		f(&c)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Finish(l.Addr()); err != nil {
		t.Fatal(err)
	}
	s, err := server.Open(t.Context(), c, slog.New(slog.DiscardHandler), server.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = h.Serve(l) }()
	t.Cleanup(func() {
		_ = h.Close()
		_ = s.Close()
	})
	return &house{s, t, s.Config().URL(""), file}
}

// browser keeps cookies and follows no redirect by itself.
type browser struct {
	h      *house
	client *http.Client
}

func (h *house) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is a response, read to its end.
type answer struct {
	*http.Response
	body string
}

// location is where the answer leads, without the code that binds a notice to its browser.
func (a answer) location() string { return noticeCode.ReplaceAllString(a.Header.Get("Location"), "$1") }

var noticeCode = regexp.MustCompile(`(notice=[a-z_]+)\.[A-Za-z0-9_-]{43}`)

func (b *browser) do(method, to string, form url.Values) answer {
	b.h.t.Helper()
	if !strings.HasPrefix(to, "http") {
		to = b.h.Config().Origin() + to
	}
	r, err := http.NewRequestWithContext(b.h.t.Context(), method, to, strings.NewReader(form.Encode()))
	if err != nil {
		b.h.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.h.Config().Origin())
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	return answer{resp, string(body)}
}

func (b *browser) get(to string) answer {
	b.h.t.Helper()
	return b.do(http.MethodGet, to, nil)
}

// page gets a page that is expected to be there.
func (b *browser) page(to string) answer {
	b.h.t.Helper()
	a := b.get(to)
	if a.StatusCode != http.StatusOK {
		b.h.t.Fatalf("GET %s: %d %s\n%s", to, a.StatusCode, a.location(), a.body)
	}
	return a
}

// send fills in the form of a page that goes to the path, the first that has all the fields, and sends it as a browser does.
func (b *browser) send(a answer, action string, typed map[string]string) answer {
	b.h.t.Helper()
	action = b.h.Config().Prefixed(action)
	for _, form := range elements(parse(b.h.t, a.body), "form") {
		if attr(form, "action") != action {
			continue
		}
		fields, boxes := url.Values{}, map[string]bool{"remember": true}
		for _, input := range elements(form, "input") {
			if name := attr(input, "name"); name != "" && attr(input, "type") != "checkbox" {
				fields.Set(name, attr(input, "value"))
			}
			boxes[attr(input, "name")] = true
		}
		for _, choice := range elements(form, "select") {
			boxes[attr(choice, "name")] = true
		}
		fits := true
		for name, value := range typed {
			fits = fits && (fields.Has(name) || boxes[name])
			fields.Set(name, value)
		}
		if fits {
			return b.do(http.MethodPost, action, fields)
		}
	}
	b.h.t.Fatalf("there is no form for %s with %v in\n%s", action, typed, a.body)
	return answer{}
}

// member is a browser in which somebody has just signed up, confirmed the address and is signed in.
func (h *house) member(email string) *browser {
	h.t.Helper()
	b := h.browser()
	b.signUp(email)
	a := b.send(b.follow(h.mailed(email, "/verify")), "/verify", nil)
	if a.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("verify: %d\n%s", a.StatusCode, a.body)
	}
	return b
}

func (b *browser) signUp(email string) answer {
	b.h.t.Helper()
	a := b.send(b.page(b.h.Config().Prefixed("/signup")), "/signup", map[string]string{"email": email, "password": goodPassword, "name": "Mia"})
	if a.StatusCode != http.StatusSeeOther {
		b.h.t.Fatalf("sign-up: %d\n%s", a.StatusCode, a.body)
	}
	return a
}

func (b *browser) login(email, password string) answer {
	b.h.t.Helper()
	return b.send(b.page(b.h.Config().Prefixed("/login")), "/login", map[string]string{"identifier": email, "password": password})
}

// follow opens a link and goes where it leads, to the page.
func (b *browser) follow(link string) answer {
	b.h.t.Helper()
	a := b.get(link)
	for range 5 {
		if a.StatusCode != http.StatusSeeOther {
			break
		}
		a = b.get(a.location())
	}
	return a
}

// mailed waits for the newest mail to an address that has a link to the page, and returns the link as the dev mailbox shows it.
func (h *house) mailed(to, page string) string {
	h.t.Helper()
	b := h.browser()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, mail := range elements(parse(h.t, b.page(h.Config().Prefixed("/dev/mail")).body), "article") {
			if !strings.Contains(text(mail), to) {
				continue
			}
			for _, a := range elements(mail, "a") {
				if link := attr(a, "href"); strings.HasPrefix(link, h.Config().URL(page)+"?token=") {
					return link
				}
			}
		}
	}
	h.t.Fatalf("no mail to %s with a link to %s", to, page)
	return ""
}

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// elements are those of a tag below a node, in order.
func elements(n *html.Node, tag string) (all []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == tag {
			all = append(all, d)
		}
	}
	return all
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
