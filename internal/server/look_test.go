package server

import (
	"bufio"
	stdjson "encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// look holds an answer against everything that the contract says of all answers. Every answer of every test here goes through it, so that each
// of them is a test of the headers, cookies, problems and the OpenAPI document too.
func (h *house) look(r *http.Request, a answer) {
	h.t.Helper()
	row, found := h.rowOf(r.Method, r.URL.Path)
	for _, wrong := range slices.Concat(h.wrongHeaders(row, a), h.wrongCookies(a), h.wrongBody(r, row, found, a)) {
		h.t.Errorf("%s %s answers %d: %s\n%.600s", r.Method, r.URL, a.StatusCode, wrong, a.body)
	}
	h.hideTokens(a)
}

// rowOf is the row of the table that a request is for.
func (h *house) rowOf(method, path string) (route, bool) {
	if method == http.MethodHead {
		method = get
	}
	rest, below := strings.CutPrefix(path, h.config.PathPrefix)
	for _, r := range h.table {
		before, after, parameter := strings.Cut(r.path, "{")
		fits := rest == r.path
		if parameter {
			_, after, _ = strings.Cut(after, "}")
			middle, ok := strings.CutPrefix(rest, before)
			fits = ok && strings.HasSuffix(middle, after) && middle != "" && !strings.Contains(middle, "/")
		}
		if below && fits && r.method == method {
			return r, true
		}
	}
	return route{}, false
}

var policy = regexp.MustCompile(`^default-src 'none'; script-src 'nonce-[A-Za-z0-9_-]{22}' 'strict-dynamic'; style-src 'self'; img-src 'self' data:; ` +
	`font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'$`)

func (h *house) wrongHeaders(row route, a answer) (wrong []string) {
	want := func(name, value string) {
		if got := a.Header.Values(name); len(got) != 1 || got[0] != value {
			wrong = append(wrong, fmt.Sprintf("%s is %q, not %q", name, got, value))
		}
	}
	want("X-Content-Type-Options", "nosniff")
	want("X-Frame-Options", "DENY") // D-058
	want("Cross-Origin-Opener-Policy", "same-origin")
	if a.Header.Get("Access-Control-Allow-Origin") == "" {
		want("Cross-Origin-Resource-Policy", "same-origin")
	}
	if a.Header.Get("Referrer-Policy") != "no-referrer" { // of what takes a token out of the URL
		want("Referrer-Policy", "same-origin")
	}
	if row.audience != static || a.StatusCode >= 400 { // D-059
		want("Cache-Control", "no-store")
	}
	if h.config.Secure() {
		want("Strict-Transport-Security", "max-age=63072000")
	} else if a.Header.Get("Strict-Transport-Security") != "" {
		wrong = append(wrong, "HSTS over http")
	}
	if got := a.Header.Values("Content-Security-Policy"); len(got) != 1 || !policy.MatchString(got[0]) {
		wrong = append(wrong, fmt.Sprintf("Content-Security-Policy is %q", got))
	}
	if a.Header.Get("Permissions-Policy") == "" {
		wrong = append(wrong, "no Permissions-Policy")
	}
	if len(a.Header.Get("X-Request-Id")) != 22 {
		wrong = append(wrong, "X-Request-Id is "+a.Header.Get("X-Request-Id"))
	}
	for _, name := range []string{"Server", "X-Powered-By"} {
		if a.Header.Get(name) != "" {
			wrong = append(wrong, name+" tells what runs here")
		}
	}
	return wrong
}

// wrongCookies: C-039.
func (h *house) wrongCookies(a answer) (wrong []string) {
	for _, line := range a.Header.Values("Set-Cookie") {
		pair, attributes, _ := strings.Cut(line, "; ")
		name, _, _ := strings.Cut(pair, "=")
		all := strings.Split(attributes, "; ")
		ours := strings.HasPrefix(name, "gatehouse")
		if h.config.Secure() {
			ours = strings.HasPrefix(name, "__Host-gatehouse")
		}
		if !ours || slices.Contains(all, "Secure") != h.config.Secure() || !slices.Contains(all, "HttpOnly") ||
			!slices.Contains(all, "SameSite=Lax") || !slices.Contains(all, "Path=/") || strings.Contains(strings.ToLower(attributes), "domain") {
			wrong = append(wrong, "C-039: the cookie "+line)
		}
	}
	return wrong
}

func (h *house) wrongBody(r *http.Request, row route, found bool, a answer) (wrong []string) {
	kind := a.Header.Get("Content-Type")
	switch {
	case a.StatusCode >= 500 && !h.trouble.Load():
		wrong = append(wrong, "our own trouble\n"+h.journal.String())
	case r.Method == http.MethodHead && a.body != "":
		wrong = append(wrong, "HEAD has a body")
	case a.body != "" && kind == "":
		wrong = append(wrong, "a body without a type")
	case kind == "application/problem+json" && r.Method != http.MethodHead:
		wrong = append(wrong, wrongProblem(a)...)
	}
	if a.StatusCode >= 500 { // P-240
		for _, ours := range []string{"sql", "pgx", "goroutine", ".go:", "dial", "/tmp", "gatehouse.db"} {
			if strings.Contains(strings.ToLower(once.ReplaceAllString(a.body, "…")), ours) { // what is random may spell anything
				wrong = append(wrong, "P-240: it tells of our inside: "+ours)
			}
		}
	}
	if found && row.endpoint != nil && row.audience == json {
		if problem := h.document.check(row, r, a); problem != "" {
			wrong = append(wrong, "this is not in the OpenAPI document: "+problem)
		}
	}
	return wrong
}

// referenceIn finds a reference in a page.
var referenceIn = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b`)

var reference = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)

func wrongProblem(a answer) (wrong []string) {
	var p message.Problem
	decode := stdjson.NewDecoder(strings.NewReader(a.body))
	decode.DisallowUnknownFields()
	if err := decode.Decode(&p); err != nil {
		return []string{err.Error()}
	}
	if p.Status != a.StatusCode || p.Type == "" || p.Title == "" || p.Detail == "" || p.Code == "" {
		wrong = append(wrong, "an incomplete problem")
	}
	if !reference.MatchString(p.Reference) || p.RequestID != a.Header.Get("X-Request-Id") {
		wrong = append(wrong, "a problem that can't be found again")
	}
	if (p.RetryAfter > 0) != (a.Header.Get("Retry-After") != "") || p.RetryAfter > 0 && a.Header.Get("Retry-After") != strconv.Itoa(p.RetryAfter) {
		wrong = append(wrong, "Retry-After and retry_after differ")
	}
	return wrong
}

var tokens = regexp.MustCompile(`"(?:token|pending_token)":"([^"]{20,})"|name="(?:csrf|token)" value="([^"]{20,})"|token=([A-Za-z0-9_-]{43})`)

// hideTokens notes every secret that an answer gives, so that the log can be searched for it.
func (h *house) hideTokens(a answer) {
	h.journal.hide()
	for _, found := range tokens.FindAllStringSubmatch(a.body, -1) {
		h.journal.hide(found[1] + found[2] + found[3])
	}
	for _, c := range a.Cookies() {
		if len(c.Value) >= 20 {
			h.journal.hide(c.Value)
		}
	}
}

// raw writes bytes to the server and reads one answer, for requests that no client library makes. With checks the answer must have what all have;
// what net/http refuses by itself has not.
func (h *house) raw(text string, checks bool) answer {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.address)
	must(h.t, err)
	defer func() { _ = conn.Close() }()
	must(h.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, text)
	must(h.t, err)
	method, rest, _ := strings.Cut(text, " ")
	target, _, _ := strings.Cut(rest, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		h.t.Fatalf("%.200q: %v", text, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	must(h.t, err)
	a := answer{resp, string(body)}
	if checks {
		r, err := http.NewRequest(method, "http://host/", nil)
		must(h.t, err)
		r.URL.Path, _, _ = strings.Cut(target, "?")
		h.look(r, a)
	}
	return a
}

// lines is a request as bytes.
func (h *house) lines(method, target string, headers ...string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: " + h.host() + "\r\nConnection: close\r\n" + strings.Join(append(headers, "", ""), "\r\n")
}

// cookieHeader is what the client would send, as a header line.
func (c *client) cookieHeader() string {
	var all []string
	for name, value := range c.cookies {
		all = append(all, name+"="+value)
	}
	return "Cookie: " + strings.Join(all, "; ")
}

// The tests of the helpers above: what they are to find, they find.
func TestTheLookBites(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	good := h.browser().get("/login")
	row, _ := h.rowOf(get, "/login")
	for name, spoil := range map[string]func(http.Header){
		"no nosniff":      func(h http.Header) { h.Del("X-Content-Type-Options") },
		"may be cached":   func(h http.Header) { h.Set("Cache-Control", "private") },
		"twice a header":  func(h http.Header) { h.Add("X-Frame-Options", "DENY") },
		"unsafe-inline":   func(h http.Header) { h.Set("Content-Security-Policy", "script-src 'unsafe-inline'") },
		"HSTS":            func(h http.Header) { h.Set("Strict-Transport-Security", "max-age=63072000") },
		"tells software":  func(h http.Header) { h.Set("Server", "gatehouse") },
		"no request id":   func(h http.Header) { h.Del("X-Request-Id") },
		"cookie's domain": func(h http.Header) { h.Add("Set-Cookie", "gatehouse=1; Path=/; Domain=a; HttpOnly; SameSite=Lax") },
		"readable cookie": func(h http.Header) { h.Add("Set-Cookie", "gatehouse=1; Path=/; SameSite=Lax") },
	} {
		bad := answer{&http.Response{StatusCode: 200, Header: good.Header.Clone()}, ""}
		spoil(bad.Header)
		if len(h.wrongHeaders(row, bad))+len(h.wrongCookies(bad)) != 1 {
			t.Errorf("%s is not found", name)
		}
	}
	if wrong := append(h.wrongHeaders(row, good), h.wrongCookies(good)...); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// Who took a wrong turn is still signed in: the page that says so shows the way to the account and out, also where the method was wrong.
func TestAWrongTurnLeavesTheWayBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	member, stranger := h.signUp("ada@example.com"), h.browser()
	for _, path := range []string{"/nothing", "/account/nothing"} {
		if a := member.get(path); a.StatusCode != http.StatusNotFound || !strings.Contains(a.body, `action="/logout"`) {
			t.Errorf("%s: %d\n%s", path, a.StatusCode, a.body)
		}
		if a := stranger.get(path); a.StatusCode != http.StatusNotFound || strings.Contains(a.body, `action="/logout"`) {
			t.Errorf("%s for a stranger: %d\n%s", path, a.StatusCode, a.body)
		}
	}
}
