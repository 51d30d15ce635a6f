package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// headers sets headers as a browser or an attacker would; an empty value takes one away, and several are parted by |.
func headers(pairs ...string) func(*http.Request) {
	return func(r *http.Request) {
		for i := 0; i < len(pairs); i += 2 {
			r.Header.Del(pairs[i])
			if pairs[i+1] != "" {
				r.Header[http.CanonicalHeaderKey(pairs[i])] = strings.Split(pairs[i+1], "|")
			}
		}
	}
}

// foreign are the ways in which a browser says that a request is of another site's making.
func (h *house) foreign() map[string]func(*http.Request) {
	own := h.config.Origin()
	twin := map[string]string{"http": "https", "https": "http"}
	scheme, rest, _ := strings.Cut(own, "://")
	set := func(origin, site string) func(*http.Request) {
		return headers("Origin", origin, "Sec-Fetch-Site", site)
	}
	return map[string]func(*http.Request){
		"D-050 another site":                          set("https://evil.example", "cross-site"),
		"D-050 another site, by Origin alone":         set("https://evil.example", ""),
		"D-050 another site, by Sec-Fetch-Site alone": set("", "cross-site"),
		"D-050 our Origin, but cross-site":            set(own, "cross-site"),
		"D-050 another site that says none":           set("https://evil.example", "none"),
		"D-050 another site that says same-origin":    set("https://evil.example", "same-origin"),
		"D-051 a sibling":                             set(scheme+"://a.example.com", "same-site"),
		"D-051 a sibling, by Sec-Fetch-Site alone":    set("", "same-site"),
		"D-051 a sibling below us":                    set(scheme+"://a."+rest, ""),
		"D-052 null":                                  set("null", ""),
		"D-052 null, cross-site":                      set("null", "cross-site"),
		"D-052 null, none":                            set("null", "none"),
		"D-062 the twin with the other scheme":        set(twin[scheme]+"://"+rest, ""),
		"another port":                                set(own+"1", ""),
		"our name with a tail":                        set(own+".evil.example", ""),
		"our name as a user":                          set(own+"@evil.example", ""),
		"two origins, ours first":                     set(own+"|https://evil.example", "same-origin"),
		"two words for the site":                      set(own, "same-origin|cross-site"),
		"a list of origins":                           set(own+", https://evil.example", ""),
		"a word that no browser says":                 set(own, "same-site-ish"),
	}
}

// D-050, D-051, D-052, D-053, D-062: every route that changes something, signed in and not, is closed for what another site's page sends in a
// browser's name. The log-in too: it would put the victim into the attacker's account.
func TestNoOtherSiteCanChangeAnything(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		member := h.member()
		csrf := member.csrf()
		clients := map[string]*client{"a member": member, "a stranger": h.browser()}
		clients["a stranger"].csrf()
		before := h.state()
		for _, r := range h.table {
			if !unsafe(r.method) {
				continue
			}
			kind, body := h.bodyOf(r, csrf)
			if r.path == "/api/v1/login" {
				body = credentials("ada.lovelace@example.com", secret)
			}
			for name, change := range h.foreign() {
				for whose, c := range clients {
					a := c.do(r.method, h.pathOf(r), kind, body, change)
					if a.StatusCode == 404 && r.audience == dev {
						continue
					}
					if a.StatusCode != 403 || r.audience == json && a.code() != "cross_origin" || len(a.Cookies()) > 0 {
						t.Errorf("%s %s, %s, of %s: %d, sets %v", r.method, r.path, name, whose, a.StatusCode, a.Cookies())
					}
				}
			}
		}
		h.unchanged(before, "another site")
		member.want(200, "GET", "/session", "")
	})
}

// D-053: the attacker's own right password, sent by the victim's browser from the attacker's page, signs nobody in.
func TestLoginFromElsewhereSetsNoSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	attacker := h.person()
	for name, change := range h.foreign() {
		victim := h.browser()
		kind, body := form(map[string]string{"csrf": victim.csrf(), "identifier": attacker, "password": secret})
		for _, a := range []answer{
			victim.call("POST", "/login", credentials(attacker, secret), change), victim.do("POST", "/login", kind, body, change),
		} {
			if _, set := a.cookie(h, ""); set || a.StatusCode != 403 {
				t.Errorf("%s: %d %v", name, a.StatusCode, a.Cookies())
			}
		}
	}
}

// What our own pages and programs send gets past the check.
func TestOurOwnPagesAndProgramsMayChangeThings(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		email := h.person()
		own := h.config.Origin()
		for name, change := range map[string]func(*http.Request){
			"a browser of today":               headers(),
			"a browser without Sec-Fetch-Site": headers("Sec-Fetch-Site", ""),
			"a browser that hides its origin":  headers("Origin", "null", "Sec-Fetch-Site", "same-origin"),
			"typed into the address bar":       headers("Origin", own, "Sec-Fetch-Site", "none"),
			"D-052 neither header":             headers("Origin", "", "Sec-Fetch-Site", ""),
		} {
			b := h.browser()
			if a := b.call("POST", "/login", credentials(email, secret), change); a.StatusCode != 200 {
				t.Errorf("JSON, %s: %d %s", name, a.StatusCode, a.body)
			}
			b = h.browser()
			if a := b.post("/login", map[string]string{"identifier": email, "password": secret}, change); a.StatusCode != 303 {
				t.Errorf("a form, %s: %d %s", name, a.StatusCode, a.body)
			}
		}
	})
}

// D-052, D-061: whatever the headers say, each form needs the token of its own browser and its own session.
func TestAFormNeedsItsToken(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		member, other, stranger := h.member(), h.member(), h.browser()
		own, others, before := member.csrf(), other.csrf(), stranger.csrf()
		tossed := clone(member.cookies)
		tossed[h.cookieName("-form")] = other.cookies[h.cookieName("-form")]
		prelogin := clone(member.cookies)
		prelogin[h.cookieName("-form")] = stranger.cookies[h.cookieName("-form")]
		bare := clone(member.cookies)
		delete(bare, h.cookieName("-form"))
		digest := h.state()
		for name, c := range map[string]struct {
			cookies map[string]string
			token   string
		}{
			"no token":                           {member.cookies, ""},
			"junk":                               {member.cookies, "junk"},
			"the cookie itself":                  {member.cookies, member.cookies[h.cookieName("-form")]},
			"cut":                                {member.cookies, own[:len(own)-1]},
			"another spelling of the same bytes": {member.cookies, own + "="},
			"D-061 of another session":           {member.cookies, others},
			"D-061 of before the log-in":         {member.cookies, before},
			"D-061 of before the log-in, with its cookie tossed": {prelogin, before},
			"D-061 of another session, with its cookie tossed":   {tossed, others},
			"its own, with a tossed cookie":                      {tossed, own},
			"its own, without the cookie":                        {bare, own},
			"a member's, signed out":                             {stranger.cookies, own},
		} {
			for _, r := range h.table {
				if !unsafe(r.method) || r.audience != page || r.who == signedIn && name == "a member's, signed out" {
					continue
				}
				for _, change := range []func(*http.Request){headers(), headers("Origin", "", "Sec-Fetch-Site", "")} {
					kind, body := h.bodyOf(r, c.token)
					if a := (&client{h: h, cookies: clone(c.cookies)}).do(r.method, h.pathOf(r), kind, body, change); a.StatusCode != 403 {
						t.Errorf("%s, %s: %d", r.path, name, a.StatusCode)
					}
				}
			}
		}
		h.unchanged(digest, "a form without its token")
		if a := member.post("/account/profile", map[string]string{"name": "Ada King"}); a.StatusCode != 303 {
			t.Errorf("with its token: %d %s", a.StatusCode, a.body)
		}
	})
}

// A session that gets another token is still the same session: the forms of other tabs work on.
func TestAFormOutlivesARotation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.member()
	csrf := b.csrf()
	b.want(200, "POST", "/reauthenticate", `{"password":"`+secret+`"}`)
	kind, body := form(map[string]string{"csrf": csrf, "name": "Ada King"})
	if a := b.do("POST", "/account/profile", kind, body); a.StatusCode != 303 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// The contract says «every unsafe request»: what another site sends learns nothing of a path, not even whether it is there.
func TestAnotherSiteLearnsOfNoPath(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		for name, change := range h.foreign() {
			for _, path := range []string{"/nothing-here", "/api/v1/nothing-here", "/login", "/api/v1/session", "/static/app.css", "/healthz", "/dev/nothing"} {
				for _, method := range []string{"POST", "PUT", "DELETE", "BREW"} {
					if a := h.browser().do(method, path, "", "", change); a.StatusCode != 403 {
						t.Errorf("%s %s, %s: %d", method, path, name, a.StatusCode)
					}
				}
			}
		}
	})
}

// Below /api programs ask, and get what programs read.
func TestTheRootOfTheAPIIsForPrograms(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		for _, path := range []string{"/api", "/api/", "/api/v1", "/api/v2/login"} {
			if a := h.browser().get(path); a.StatusCode != 404 || a.code() != "not_found" {
				t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
			}
		}
	})
}

// D-056: a body of a type that a foreign page may send without asking first is none for the API, and forms are read as forms alone.
func TestABodyOfAnotherTypeIsRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		member := h.member()
		csrf := member.csrf()
		before := h.state()
		multipart := "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n" + csrf + "\r\n--x--\r\n"
		for _, r := range h.table {
			if !unsafe(r.method) || r.audience != page && r.audience != json {
				continue
			}
			right, body := h.bodyOf(r, csrf)
			if body == "" {
				right, body = jsonType, "{}"
			}
			kinds := map[string]string{"text/plain": body, "": body, "multipart/form-data; boundary=x": multipart, "application/*": body, right + "|text/plain": body}
			kinds[right+"; charset=iso-8859-1"] = body // it would be read as something else than what was meant
			if r.audience == json {
				kinds[formType] = body
				kinds["application/json+x"] = body
			} else {
				kinds[jsonType] = `{"csrf":"` + csrf + `"}`
			}
			for kind, body := range kinds {
				if a := member.do(r.method, h.pathOf(r), "", body, headers("Content-Type", kind)); a.StatusCode != 415 {
					t.Errorf("%s %s as %q: %d %s", r.method, r.path, kind, a.StatusCode, a.body)
				}
			}
		}
		h.unchanged(before, "a body of another type")
	})
}

// D-057: only the exact origins that are listed may read answers, with cookies; pages and files are nobody's to read.
func TestOnlyAllowedOriginsMayRead(t *testing.T) {
	t.Parallel()
	const good = "https://app.example.com"
	h := newHouse(t, secure, func(c *config.Config) { c.AllowedOrigins = []string{good, "https://other.example.com:8443"} })
	member := h.member()
	evil := []string{
		"https://evil.example", "null", good + ".evil.example", "https://appXexample.com", "http://app.example.com", good + ":8443", good + "/",
		"https://APP.example.com", "https://other.example.com", "https://evil.example?" + good, "*", "", good + "|" + good,
		"https://id.example.com", "https://x.app.example.com",
	}
	for _, r := range h.table {
		for _, method := range []string{r.method, "OPTIONS"} {
			for _, origin := range evil {
				c := h.browser()
				if !unsafe(method) {
					c = &client{h: h, cookies: clone(member.cookies)}
				}
				a := c.do(method, h.pathOf(r), "", "", headers("Origin", origin, "Access-Control-Request-Method", r.method))
				for name := range a.Header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%s %s of %s: %s: %s", method, r.path, origin, name, a.Header.Get(name))
					}
				}
				if r.audience == json && a.Header.Get("Vary") != "Origin" {
					t.Errorf("%s %s: Vary is %q", method, r.path, a.Header.Get("Vary"))
				}
			}
			a := member.do(method, h.pathOf(r), "", "", headers("Origin", good, "Sec-Fetch-Site", "same-site", "Access-Control-Request-Method", r.method))
			allowed := a.Header.Get("Access-Control-Allow-Origin") == good && a.Header.Get("Access-Control-Allow-Credentials") == "true"
			if allowed != (r.audience == json) || r.audience == page && unsafe(method) && a.StatusCode != 403 && a.StatusCode != 405 {
				t.Errorf("%s %s of an allowed origin: %d %v", method, r.path, a.StatusCode, a.Header)
			}
			if method == "OPTIONS" && r.audience == json && (a.StatusCode != 204 || !strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), r.method)) {
				t.Errorf("a preflight for %s %s: %d %v", r.method, r.path, a.StatusCode, a.Header)
			}
		}
	}
}

// A page on an allowed origin can really work with the API, and its write is no foreign one.
func TestAnAllowedOriginMaySignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, secure, func(c *config.Config) { c.AllowedOrigins = []string{"https://app.example.com"} })
	email := h.person()
	a := h.browser().call("POST", "/login", credentials(email, secret), headers("Origin", "https://app.example.com", "Sec-Fetch-Site", "same-site"))
	if _, set := a.cookie(h, ""); a.StatusCode != 200 || !set {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
