package server

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// spellings are other ways to write a path, which some proxy, cache or browser takes for the same or for a file.
func spellings(path string) []string {
	rest := path[1:]
	return []string{
		path + "/x.css", path + ";/a.js", path + ";a=b", path + "%0a.png", path + "%0a", path + "%00", path + "%3b.css", path + "%2fx.css", path + "%23.css",
		path + "%3f.css", path + "%20", path + "/", path + "//", path + "/.", path + "/..%2f" + rest, path + "/x/..", path + "%2f", path + "%5c", path + "\\",
		"//" + rest, "/." + path, "/x/.." + path, "/./" + rest, "/%2e/" + rest, "/%2e%2e/" + rest, "/" + fmt.Sprintf("%%%02x", rest[0]) + rest[1:],
		"/" + fmt.Sprintf("%%%02X", rest[0]) + rest[1:], "/" + fmt.Sprintf("%%25%02x", rest[0]) + rest[1:], "/" + strings.ToUpper(rest),
		"/" + strings.ToUpper(rest[:1]) + rest[1:], path + ".css", path + ".html", path + "~", path + "%c0%af", "/%c0%af" + rest, "/%u0061" + rest[1:], path + "\t",
	}
}

// D-063: whatever a path is spelled like that a cache would keep or a rule would miss, there is nobody's data at it.
func TestOtherSpellingsOfAPathDoNotExist(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		b := h.member()
		email := b.want(200, "GET", "/account", "").at("email")
		before := h.state()
		for _, r := range h.table {
			if r.who != signedIn || r.method != get {
				continue
			}
			path := h.config.Prefixed(r.path)
			for _, spelled := range append(spellings(path), path+"?x=/a.css") {
				a := h.raw(h.lines("GET", spelled, b.cookieHeader()), false)
				if spelled == path+"?x=/a.css" {
					if a.StatusCode != 200 || a.Header.Get("Cache-Control") != "no-store" {
						t.Errorf("%s: %d %v", spelled, a.StatusCode, a.Header)
					}
					continue
				}
				if a.StatusCode != 404 && a.StatusCode != 400 && a.StatusCode != 405 || strings.Contains(a.body, email) || strings.Contains(a.body, "Lovelace") {
					t.Errorf("%q: %d %s", spelled, a.StatusCode, a.body)
				}
				if a.StatusCode == 404 && a.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%q may be cached", spelled)
				}
			}
		}
		h.unchanged(before, "another spelling")
	})
}

// Every path that has a second reading somewhere is refused before anything is looked up, also below routes that take any word.
func TestOnlyCanonicalPathsArePaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/": true, "/account": true, "/account/": true, "/a/b-c_d.e~f/g": true, "/a@b:c": true, "/a%25": true,
		"/account;x": false, "/a//b": false, "//": false, "/.": false, "/a/..": false, "/a/../b": false, "/%61": false, "/a%2fb": false, "/a%5Cb": false,
		"/a%20b": false, "/a%00": false, "/a%7f": false, "/%C3%A9": false, "/a%3B": false,
	} {
		u, err := url.ParseRequestURI(path)
		must(t, err)
		if got := canonical(&http.Request{Method: get, URL: u}); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// evil are values of return_to that lead off the site in some browser, or run something, or go round in circles (E-064, E-067).
var evil = strings.Fields(`
	//evil.example ///evil.example ////evil.example //evil.example/%2e%2e /\evil.example \\evil.example \/evil.example /\/evil.example
	https://evil.example https:evil.example https:/evil.example https:///evil.example https:\\evil.example hTTps://evil.example http://evil.example
	https://localhost@evil.example https://localhost:x@evil.example https://localhost.evil.example https://evil.example#@localhost
	https://evil.example?@localhost https://evil.example\@localhost //localhost@evil.example /..//evil.example /.//evil.example /x/..//evil.example
	/x/../../evil.example /%2f/evil.example /%2f%2fevil.example /%2F%2Fevil.example /%5cevil.example /%5c%5cevil.example /x%2f..%2f..//evil.example
	/%09/evil.example /%0d/evil.example /%0a/evil.example /%00/evil.example /%252f/evil.example /.%2e/x /%2e%2e/x
	javascript:alert(1) JavaScript:alert(1) java%0ascript:alert(1) data:text/html,x vbscript:x file:///etc/passwd blob:x about:blank mailto:a@b.c
	http://[::1%25eth0]/ http://[::ffff:127.0.0.1]/ http://127.1/ http://0x7f000001/ //127.0.0.1 evil.example ./evil ../evil ?x=//evil #x
	/login /logout /signup /verify /reset /forgot /logout?x=1 /login?return_to=/login /%6cogout /log%6Fut //google%E3%80%82com /x//y
	https://localhost. http://localhost.:80/ ftp://localhost/ ws://localhost/ /x%0d%0aSet-Cookie:x=y`)

// evilMore cannot be written in words.
var evilMore = []string{
	"/\t/evil.example", "\t//evil.example", " //evil.example", "/\n/evil.example", "\r\n//evil.example", "\x00//evil.example", "/a b", "//evil.example\x00", "https://ex\u00e4mple.com",
	"\u2044\u2044evil.example", "/\u3002/evil", strings.Repeat("/x", 3000), "/login?return_to=" + strings.Repeat("%2Flogin%3Freturn_to%3D", 20) + "/x",
}

// E-064, E-067: by every door a return_to comes in, and after every journey that uses it, only what stays on the site is gone to.
func TestReturnToNeverLeavesTheSite(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	email := h.person()
	b := h.browser()
	csrf := b.csrf()
	in := h.member() // somebody else: an account has a hundred sessions at most
	for _, to := range append(slices.Clone(evil), evilMore...) {
		text := fmt.Sprintf("%q", to)
		if a := in.get("/login?return_to=" + url.QueryEscape(to)); a.StatusCode != 303 || a.location() != "/account" {
			t.Errorf("already signed in, %q: %d %s", to, a.StatusCode, a.location())
		}
		page := b.get("/login?return_to=" + url.QueryEscape(to))
		if found := regexp.MustCompile(`name="return_to" value="([^"]+)"`).FindString(page.body); found != "" {
			t.Errorf("the page hands on %q: %s", to, found)
		}
		kind, body := form(map[string]string{"csrf": csrf, "identifier": email, "password": secret, "return_to": to})
		one := &client{h: h, cookies: clone(b.cookies)}
		if a := one.do("POST", "/login", kind, body); a.StatusCode != 303 || a.location() != "/account" {
			t.Errorf("the log-in page, %q: %d %s", to, a.StatusCode, a.location())
		}
		if strings.Contains(text, `\x`) {
			continue // no JSON
		}
		a := h.browser().call("POST", "/login", fmt.Sprintf(`{"identifier":%q,"password":%q,"return_to":%s}`, email, secret, quote(to)))
		if a.StatusCode != 200 || a.at("return_to") != "" {
			t.Errorf("JSON, %q: %d %s", to, a.StatusCode, a.at("return_to"))
		}
	}
	for to, lands := range map[string]string{"/articles/7?page=2#end": "/articles/7?page=2#end", "/account#devices": "/account#devices", h.config.Origin() + "/x": h.config.Origin() + "/x"} {
		if a := h.browser().post("/login", map[string]string{"identifier": email, "password": secret, "return_to": to}); a.location() != lands {
			t.Errorf("%s leads to %s", to, a.location())
		}
	}
}

func quote(s string) string {
	text := fmt.Sprintf("%q", s)
	return strings.NewReplacer(`\x00`, `\u0000`, `\a`, `\u0007`, `\v`, `\u000b`).Replace(text)
}

// E-066: a return_to is kept over the mails of sign-up and reset, and judged again where it is used: what the site no longer allows is not gone
// to, though it is stored.
func TestAStoredReturnToIsJudgedAgain(t *testing.T) {
	t.Parallel()
	const elsewhere = "https://app.example.com/inbox"
	allows := func(c *config.Config) { c.AllowedReturnOrigins = []string{"https://app.example.com"} }
	first := newHouse(t, allows)
	email, fresh := first.person(), "fresh@example.com"
	b, n := first.browser(), first.browser()
	b.want(202, "POST", "/signup", fmt.Sprintf(`{"email":%q,"password":%q,"return_to":%q}`, fresh, secret, elsewhere))
	_, verify := first.mailed(fresh, "/verify")
	for range 2 {
		if a := n.post("/forgot", map[string]string{"email": email, "return_to": elsewhere}); a.StatusCode != 303 {
			t.Fatal(a.StatusCode, a.body)
		}
	}
	_, reset := first.mailed(email, "/reset")
	kept := first.browser().call("POST", "/login", fmt.Sprintf(`{"identifier":%q,"password":%q,"return_to":%q}`, email, secret, elsewhere))
	if kept.at("return_to") != elsewhere {
		t.Errorf("while it is allowed: %s", kept.body)
	}
	first.stop()

	second := newHouse(t, func(c *config.Config) { c.Database = first.dsn })
	b.h, n.h = second, second
	a := b.want(200, "POST", "/verify", fmt.Sprintf(`{"token":%q}`, verify))
	if a.at("return_to") != "" {
		t.Errorf("sign-up leads to %s", a.at("return_to"))
	}
	done := n.post("/reset", map[string]string{"token": reset, "password": another})
	if done.StatusCode != 303 || strings.Contains(done.location(), "example.com") {
		t.Errorf("reset leads to %d %s", done.StatusCode, done.location())
	}
}

// E-068: whatever a request says of where it came to, a mailed link is built of the configuration alone.
func TestMailedLinksAreBuiltFromTheBaseURL(t *testing.T) {
	for name, set := range map[string]func(*config.Config){
		"as it is": func(*config.Config) {}, "behind a proxy": func(c *config.Config) { c.TrustedProxies = networks("127.0.0.1/32") },
		"below a path over https": func(c *config.Config) { secure(c); below(c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, set)
			path := h.config.Prefixed("/api/v1/password/forgot")
			for name, head := range map[string]string{
				"Host":              "POST " + path + " HTTP/1.1\r\nHost: evil.example\r\n",
				"absolute form":     "POST http://evil.example" + path + " HTTP/1.1\r\nHost: " + h.host() + "\r\n",
				"X-Forwarded":       h.lines("POST", path, "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher", "X-Forwarded-Port: 1", "X-Forwarded-Server: evil.example", "X-Forwarded-For: 203.0.113.9"),
				"Forwarded":         h.lines("POST", path, "Forwarded: host=evil.example;proto=https", "X-Host: evil.example", "X-Original-Host: evil.example"),
				"X-Forwarded-Path":  h.lines("POST", path, "X-Forwarded-Prefix: //evil.example", "X-Original-URL: /evil", "X-Rewrite-URL: /evil"),
				"a Host with port":  "POST " + path + " HTTP/1.1\r\nHost: evil.example:8443\r\n",
				"a Host in the end": "POST " + path + " HTTP/1.1\r\nHost: " + strings.ToUpper(h.host()) + ".evil.example\r\n",
			} {
				email := h.person()
				body := fmt.Sprintf(`{"email":%q}`, email)
				head = strings.TrimSuffix(head, "\r\n")
				head = strings.TrimSuffix(head, "\r\n")
				a := h.raw(fmt.Sprintf("%s\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body), false)
				if a.StatusCode != 202 && a.StatusCode != 400 {
					t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
				}
				if strings.Contains(a.body, "evil") || strings.Contains(a.location(), "evil") {
					t.Errorf("%s: it is in the answer", name)
				}
				if a.StatusCode == 400 {
					continue
				}
				if link, _ := h.mailed(email, "/reset"); !strings.HasPrefix(link, h.config.URL("/reset?token=")) {
					t.Errorf("%s: the link is %s", name, link)
				}
			}
		})
	}
}

// E-069: a Host that is none is refused.
func TestABadHostIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, head := range map[string]string{
		"two":             "Host: localhost\r\nHost: localhost\r\n",
		"a user":          "Host: user@localhost\r\n",
		"a port too high": "Host: localhost:99999\r\n",
		"no number":       "Host: localhost:http\r\n",
		"a signed port":   "Host: localhost:+80\r\n",
		"an empty port":   "Host: localhost:\r\n",
		"a negative port": "Host: localhost:-1\r\n",
		"4 KB":            "Host: " + strings.Repeat("a", 4096) + "\r\n",
		"none":            "",
		"empty":           "Host: \r\n",
		"a path":          "Host: localhost/x\r\n",
		"a zone":          "Host: [fe80::1%25eth0]\r\n",
		"open brackets":   "Host: [::1\r\n",
		"no address":      "Host: [localhost]\r\n",
		"an IPv4 inside":  "Host: [127.0.0.1]\r\n",
		"bare IPv6":       "Host: ::1\r\n",
		"a space":         "Host: local host\r\n",
		"a quote":         "Host: local\"host\r\n",
		"beyond ASCII":    "Host: l\u00f6calhost\r\n",
		"a comma":         "Host: localhost,evil.example\r\n",
	} {
		if a := h.raw("GET /login HTTP/1.1\r\n"+head+"Connection: close\r\n\r\n", false); a.StatusCode != 400 {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	for _, good := range []string{"localhost", "LOCALHOST:80", "id.example.com:8443", "[2001:db8::1]:443", "[2001:db8::1]", "192.0.2.1:80", "under_score.example"} {
		if a := h.raw("GET /healthz HTTP/1.1\r\nHost: "+good+"\r\nConnection: close\r\n\r\n", true); a.StatusCode != 200 {
			t.Errorf("%s: %d", good, a.StatusCode)
		}
	}
}

// once are the parts of an answer that are new each time.
var once = regexp.MustCompile(`nonce[-=]"?[A-Za-z0-9_-]{22}|name="csrf" value="[^"]+"|` +
	`[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}|"request_id":"[^"]+"|"reference":"[^"]+"|[0-9a-f]{8}-[0-9a-f-]{27}|T\d\d:\d\d:\d\d(\.\d+)?Z`)

// recorded are the events of an export: refusals are written a moment after their answer.
var recorded = regexp.MustCompile(`"events": ?\[[^\]]*\]`)

// same is an answer as everybody sees it who gets it twice.
func same(a answer) string {
	head := a.Header.Clone()
	for _, name := range []string{"X-Request-Id", "Date", "Content-Length"} { // times are as long as their fraction
		head.Del(name)
	}
	var all []string
	for name, values := range head {
		for _, v := range values {
			if name == "Set-Cookie" {
				pair, attributes, _ := strings.Cut(v, ";")
				key, value, _ := strings.Cut(pair, "=")
				v = fmt.Sprint(key, "=", len(value), attributes)
			}
			all = append(all, name+": "+once.ReplaceAllString(v, "…"))
		}
	}
	slices.Sort(all)
	return fmt.Sprintln(a.StatusCode) + strings.Join(all, "\n") + "\n\n" + once.ReplaceAllString(recorded.ReplaceAllString(a.body, "…"), "…")
}

// E-070: headers by which other software moves requests elsewhere do nothing here.
func TestHeadersDoNotMoveRequests(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		b := h.member()
		move := headers("X-Forwarded-Prefix", "/evil", "X-Original-URL", "/account", "X-Rewrite-URL", "/account", "X-Forwarded-Uri", "/account",
			"X-Original-Uri", "/account", "X-Forwarded-Path", "/account", "X-Script-Name", "/evil", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https")
		for _, r := range h.table {
			if r.method != get || r.audience == dev || r.audience == devAPI { // the dev pages go by whether there is such a header
				continue
			}
			one, other := &client{h: h, cookies: clone(b.cookies)}, &client{h: h, cookies: clone(b.cookies)}
			plain, moved := same(one.get(h.pathOf(r))), same(other.get(h.pathOf(r), move))
			if plain != moved {
				t.Errorf("%s:\n%s\nand with the headers\n%s", r.path, plain, moved)
			}
		}
	})
}

// E-071, P-238: a line end in anything that comes from outside begins no header and no line in the log.
func TestLineEndsStayInside(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		b := h.member()
		csrf := b.csrf()
		for _, end := range []string{"\r\n", "\n", "\r", "\u2028", "\x1b[31m", "\"}\n{\"", "%0d%0a", "\u0085"} {
			tail := "x" + end + "X-Injected: yes" + end + end + `{"level":"ERROR"}`
			for _, r := range h.table {
				kind, body := "", ""
				if unsafe(r.method) && (r.audience == page || r.audience == dev) {
					fields := map[string]string{"csrf": csrf}
					for name := range samples {
						fields[name] = tail
					}
					kind, body = form(fields)
				} else if r.endpoint != nil && r.endpoint.In != nil {
					right, text := h.bodyOf(r, "")
					kind, body = right, regexp.MustCompile(`:"[^"]*"`).ReplaceAllLiteralString(text, ":"+strings.ReplaceAll(quote(tail), `\x1b`, `\u001b`))
				}
				query := "?return_to=" + url.QueryEscape(tail) + "&token=" + url.QueryEscape(tail) + "&notice=" + url.QueryEscape(tail)
				one := &client{h: h, cookies: clone(b.cookies)}
				a := one.do(r.method, h.pathOf(r)+query, kind, body, headers("Accept-Language", strings.Map(printable, tail), "User-Agent", strings.Map(printable, tail)))
				if a.Header.Get("X-Injected") != "" || a.StatusCode >= 500 {
					t.Errorf("%s %s: %d %v", r.method, r.path, a.StatusCode, a.Header)
				}
			}
		}
		for _, line := range h.journal.lines() {
			if strings.HasPrefix(line, `{"level"`) || strings.ContainsAny(line, "\x1b\r\u2028") {
				t.Errorf("a line of somebody else's: %q", line)
			}
		}
	})
}

// printable takes out what net/http would not send in a header.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '?'
	}
	return r
}
