package flow

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
)

// returning is a Flow that only judges return_to.
func returning(prefix string) *Flow {
	c := config.Defaults()
	c.BaseURL, c.PathPrefix, c.AllowedReturnOrigins = "https://id.example.org", prefix, []string{"https://app.example.com", "http://localhost:3000"}
	return &Flow{Parts: Parts{Config: &c}}
}

// E-064 and E-071: spellings that lead off the site in some browser, or that some server in between reads in another way.
var badReturns = []string{
	"//e", "///e", "////e", "//e/", "/\\e", "\\e", "\\\\e", "/\\/e", "\\/e", "//\\e", "/%5ce", "/%5Ce", "/%2fe", "/%2Fe", "%2f%2fe", "/%252fe", "/%255ce",
	"https:e", "https:/e", "https://e", "https:///e", "https:\\\\e", "https:\\e", "http://id.example.org/x", "http:e", "HTTPS://id.example.org/", "hTTps:e",
	"https://id.example.org.evil.com/", "https://id.example.org@evil.com/", "https://id.example.org:443@evil.com", "https://id.example.org:444/", "https://id.example.org:443/",
	"https://id.example.org.", "https://id.example.org./x", "https://id.example.orgevil.com", "https://id.example.org\\@evil.com", "https://id.example.org#@evil.com",
	"https://id.example.org?@evil.com", "https://user@id.example.org/", "https://user:pw@app.example.com/", "https://app.example.com.evil.com", "https://app.example.com%2eevil.com",
	"https://app.example.com//e", "https://app.example.com/\\e", "https://app.example.com/%2f/e", "https://app.example.com:3000/", "http://app.example.com/", "https://evil.app.example.com/",
	"http://localhost/", "http://localhost:30000/", "http://localhost:3000.evil.com", "http://127.0.0.1:3000/",
	"https://[::1]/", "https://[fe80::1%25eth0]/", "https://1.2.3.4", "https://0x7f.1/", "https://2130706433/",
	"/..//e", "/../e", "/a/../../e", "/./e", "/a/./b", "/%2e%2e/e", "/%2e%2e//e", "/.%2e/e", "/%2E/e", "/a/%2e%2e%2f%2fe", "/a//b", "/a/..", "//",
	"\te", "/\te", "/\t/e", "/\n/e", "/\r/e", "\t//e", " //e", " /a", "/a ", "/a b", "\x00/a", "/a\x00", "/a\x7f", "/%00", "/a%0d%0aSet-Cookie:x", "/a%0ab", "/%09/e", "/a\r\nX: y",
	"javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "blob:https://id.example.org/x", "file:///etc/passwd", "mailto:a@b", "ftp://e",
	"e", "e/f", "www.evil.com", "?a=b", "#a", ".", "..", "./a", "../a", "/é", "/\u202e", "／／e", "/\u2028e", "/a\"b", "/a'b<", "/a<b", "/a>b", "/a`b", "/{a}", "/a|b", "/a^b", "/%", "/%zz", "/%f",
	"/" + strings.Repeat("a", 2048),
}

// E-067: our own journeys, by which a return would go round in circles or log somebody out.
var ownReturns = []string{
	"/logout", "/login", "/signup", "/signup/cancel", "/forgot", "/reset", "/verify", "/logout?x=1", "/logout#x", "/login?return_to=/login", "/login?return_to=%2Flogout",
	"/%6cogout", "/log%6Fut", "/verify?token=x", "https://id.example.org/logout", "https://id.example.org/login?return_to=/x", "https://id.example.org/log%6fut",
	"/login?return_to=" + strings.Repeat("%2Flogin%3Freturn_to%3D", 20) + "/x",
}

var goodReturns = []string{
	"/", "/a", "/a/", "/a/b?c=d&e=f#g", "/shop?next=//evil.com", "/shop?u=https://evil.com/%2f%2f", "/a#//evil.com", "/a.b/..c", "/a%20b", "/%C3%A9", "/a:b", "/a@b", "/login2", "/logouts",
	"/account", "/login/x", "/a;b=c", "/~anna", "/a+b,c!d*(e)", "https://id.example.org", "https://id.example.org/", "https://id.example.org/a?b#c", "https://app.example.com",
	"https://app.example.com/logout", "https://app.example.com/a/b?c=//d", "http://localhost:3000/x", "/" + strings.Repeat("a", 2047),
}

func TestReturnTo(t *testing.T) {
	t.Parallel()
	if n := len(badReturns) + len(ownReturns); n < 60 {
		t.Fatalf("only %d spellings", n)
	}
	f := returning("")
	for _, raw := range slices.Concat(badReturns, ownReturns, []string{""}) {
		if got := f.ReturnTo(raw); got != "" {
			t.Errorf("E-064: %q leads to %q", raw, got)
		}
	}
	for _, raw := range goodReturns {
		if got := f.ReturnTo(raw); got != raw {
			t.Errorf("%q became %q", raw, got)
		}
	}
}

// Below a path prefix the site's own pages may be called as ours are.
func TestReturnToBelowAPrefix(t *testing.T) {
	t.Parallel()
	f := returning("/auth")
	for _, raw := range slices.Concat(badReturns, []string{
		"/auth/", "/auth/login", "/auth/logout?x", "/auth/log%6fut", "/%61uth/logout", "https://id.example.org/auth/logout", "https://id.example.org/auth/verify?token=x",
	}) {
		if got := f.ReturnTo(raw); got != "" {
			t.Errorf("%q leads to %q", raw, got)
		}
	}
	for _, raw := range []string{"/", "/login", "/logout", "/authx/logout", "/auth/account", "https://id.example.org/logout", "https://app.example.com/auth/logout"} {
		if got := f.ReturnTo(raw); got != raw {
			t.Errorf("%q became %q", raw, got)
		}
	}
}

// E-066: what was stored with a sign-up is judged again where it is used.
func TestReturnToIsJudgedWhereItIsUsed(t *testing.T) {
	onBoth(t, func(c *config.Config) { c.AllowedReturnOrigins = []string{"https://app.example.com"} }, func(t *testing.T, h *house) {
		for allowed, want := range map[bool]string{true: "https://app.example.com/x", false: ""} {
			h.Config.AllowedReturnOrigins = []string{"https://app.example.com"}
			b, address := h.browser(), map[bool]string{true: "anna", false: "bert"}[allowed]+"@example.com"
			out := b.signUp(SignUpInput{Email: address, ReturnTo: "https://app.example.com/x"})
			if out.ReturnTo != "https://app.example.com/x" {
				t.Fatalf("%q", out.ReturnTo)
			}
			if !allowed {
				h.settle()
				h.Config.AllowedReturnOrigins = nil
			}
			out = b.keep(h.Verify(t.Context(), b.client(), VerifyInput{Token: h.link(address, mail.Verify)}))
			if out.ReturnTo != want {
				t.Fatalf("allowed %v: %q", allowed, out.ReturnTo)
			}
		}
	})
}

// FuzzReturnTo compares with how browsers resolve: whatever is let through leads to our origin or an allowed one, and not to our own log-out.
func FuzzReturnTo(f *testing.F) {
	for _, raw := range slices.Concat(badReturns, ownReturns, goodReturns) {
		f.Add(raw)
	}
	flows := map[string]*Flow{"": returning(""), "/auth": returning("/auth")}
	f.Fuzz(func(t *testing.T, raw string) {
		for prefix, flow := range flows {
			got := flow.ReturnTo(raw)
			if got == "" {
				continue
			}
			if got != raw || len(got) > maxReturnTo || strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Fatalf("%q became %q", raw, got)
			}
			origin, path := resolve(got, "https", "https://id.example.org")
			switch origin {
			case "https://app.example.com", "http://localhost:3000":
			case "https://id.example.org":
				if path == prefix+"/logout" || path == prefix+"/login" {
					t.Fatalf("%q leads to our own %s", raw, path)
				}
			default:
				t.Fatalf("%q leads to %q", raw, origin)
			}
		}
	})
}

func TestResolveIsWhatBrowsersDo(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"/a": "https://id.example.org", "//e": "https://e", "/\\e": "https://e", "\\\\e/x": "https://e", "https:e": "https://id.example.org", "https:/e": "https://id.example.org",
		"https:///e": "https://e", "http:e": "http://e", "http:/e": "http://e", "/\t/e": "https://e", "\n//e:443": "https://e", "https://a@b@e:8443/": "https://e:8443", "javascript:x": "null",
		"HTTPS://E": "https://e", "https:\\\\e": "https://e", "https://%65": "https://e", "x": "https://id.example.org", "?x": "https://id.example.org", " https://e#@id.example.org": "https://e",
	} {
		if got, _ := resolve(raw, "https", "https://id.example.org"); got != want {
			t.Errorf("%q leads to %q, want %q", raw, got, want)
		}
	}
	if _, path := resolve("/a/../b/%2e%2E/./log%6fut?x", "https", "https://id.example.org"); path != "/logout" {
		t.Error(path)
	}
}

// resolve is what the URL Standard of the WHATWG makes of a reference on a page of an origin, as far as origin and decoded path go. It shares
// no code with what it judges. "null" is an origin that is nobody's.
func resolve(raw, scheme, base string) (origin, path string) {
	s := strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' })
	s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	slash := func(s string) bool { return s != "" && (s[0] == '/' || s[0] == '\\') }
	given, rest, ok := cutScheme(s)
	switch {
	case ok && !slices.Contains([]string{"http", "https", "ws", "wss", "ftp"}, given):
		return "null", ""
	case ok && given != scheme, ok && strings.HasPrefix(rest, "//"), ok && slash(rest) && slash(rest[1:]):
		scheme = given
	case ok:
		return base, decodedPath(rest)
	case slash(s) && slash(s[1:]):
		rest = s
	default:
		return base, decodedPath(s)
	}
	rest = strings.TrimLeft(rest, "/\\")
	end := strings.IndexAny(rest, "/\\?#")
	if end < 0 {
		end = len(rest)
	}
	host := rest[:end]
	if at := strings.LastIndex(host, "@"); at >= 0 {
		host = host[at+1:]
	}
	if decoded, err := url.PathUnescape(host); err == nil {
		host = decoded
	}
	host = strings.TrimSuffix(strings.ToLower(host), map[string]string{"http": ":80", "https": ":443", "ws": ":80", "wss": ":443", "ftp": ":21"}[scheme])
	return scheme + "://" + host, decodedPath(rest[end:])
}

func cutScheme(s string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(s, ":")
	scheme = strings.ToLower(scheme)
	letter := func(r rune) bool { return r >= 'a' && r <= 'z' }
	if !ok || scheme == "" || !letter(rune(scheme[0])) || strings.ContainsFunc(scheme, func(r rune) bool {
		return !letter(r) && (r < '0' || r > '9') && r != '+' && r != '-' && r != '.'
	}) {
		return "", s, false
	}
	return scheme, rest, true
}

// decodedPath removes query, fragment and dot segments, and decodes what is left as a router does.
func decodedPath(s string) string {
	if end := strings.IndexAny(s, "?#"); end >= 0 {
		s = s[:end]
	}
	var kept []string
	for _, segment := range strings.Split(strings.TrimPrefix(strings.ReplaceAll(s, "\\", "/"), "/"), "/") {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
		}
	}
	path := "/" + strings.Join(kept, "/")
	if decoded, err := url.PathUnescape(path); err == nil {
		return decoded
	}
	return path
}
