package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// cookie and bearer show something where a session's token belongs.
func (h *house) cookie(values ...string) func(*http.Request) {
	var all []string
	for _, value := range values {
		all = append(all, h.cookieName("")+"="+value)
	}
	return headers("Cookie", strings.Join(all, "; "))
}

func bearer(token string) func(*http.Request) { return headers("Authorization", "Bearer "+token) }

// both does the one and the other.
func both(changes ...func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) {
		for _, f := range changes {
			f(r)
		}
	}
}

// strangers are those who are not signed in, whatever they show: with what each shows.
func (h *house) strangers(member *client) map[string]func(*http.Request) {
	h.t.Helper()
	waiting := h.browser()
	email := fmt.Sprintf("waits.%d@example.com", people.Add(1))
	waiting.want(202, "POST", "/signup", fmt.Sprintf(`{"email":%q,"password":%q}`, email, secret))
	_, verify := h.mailed(email, "/verify")
	reset := h.person()
	h.browser().want(202, "POST", "/password/forgot", fmt.Sprintf(`{"email":%q}`, reset))
	_, resetToken := h.mailed(reset, "/reset")
	over := h.member()
	dead := over.cookies[h.cookieName("")]
	over.want(204, "POST", "/logout", "")
	good := member.cookies[h.cookieName("")]
	all := map[string]func(*http.Request){
		"nobody":               headers(),
		"a sign-up that waits": headers("Cookie", h.cookieName("-pending")+"="+waiting.cookies[h.cookieName("-pending")]),
		"a known device":       headers("Cookie", h.cookieName("-device")+"="+member.cookies[h.cookieName("-device")]),
		"an empty bearer token beside the cookie": both(h.cookie(good), headers("Authorization", "Bearer ")),
		"no bearer token beside the cookie":       both(h.cookie(good), headers("Authorization", "Bearer")),
		"junk as bearer token beside the cookie":  both(h.cookie(good), bearer("junk")),
		"two bearer tokens":                       headers("Authorization", "Bearer "+good+"|Bearer "+good),
		"a bearer token behind something else":    both(h.cookie(good), headers("Authorization", "Basic YTpi|Bearer junk")),
		"the token by Basic":                      headers("Authorization", "Basic "+good),
		"the token in the query":                  func(r *http.Request) { r.URL.RawQuery = "token=" + good + "&access_token=" + good },
		"the cookie under the other scheme's name": headers("Cookie", map[bool]string{true: "gatehouse", false: "__Host-gatehouse"}[h.config.Secure()]+
			"="+good),
		"the cookie under a name in capitals": headers("Cookie", strings.ToUpper(h.cookieName(""))+"="+good),
		"C-040 two cookies":                   h.cookie(good, good),
		"C-040 junk and a cookie":             h.cookie("junk", good),
		"C-040 a cookie and a broken one":     h.cookie(good, `a"b`),
		"C-040 in two lines":                  headers("Cookie", h.cookieName("")+"="+good+"|"+h.cookieName("")+"="+dead),
	}
	for name, token := range h.tokens(good, map[string]string{
		"of a sign-up that waits": waiting.cookies[h.cookieName("-pending")], "of a verification link": verify, "of a reset link": resetToken,
		"of a known device": member.cookies[h.cookieName("-device")], "of a form's cookie": member.cookies[h.cookieName("-form")],
		"of a form": member.csrf(), "of a session that was signed out": dead,
	}) {
		all["as cookie, the token "+name] = h.cookie(token)
		if !strings.ContainsAny(token, "\x00") {
			all["as bearer, the token "+name] = bearer(token)
		}
	}
	return all
}

// tokens adds those that are nearly good (C-042) and the junk (C-041).
func (h *house) tokens(good string, all map[string]string) map[string]string {
	flip := func(i int, to string) string { return good[:i] + to + good[i+1:] }
	swap := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 32
		}
		if r >= 'A' && r <= 'Z' {
			return r + 32
		}
		return r
	}, good)
	last := flip(42, map[bool]string{true: "B", false: "A"}[good[42] == 'A'])
	for name, token := range map[string]string{
		"C-042 cut": good[:42], "C-042 cut in front": good[1:], "C-042 longer": good + "A", "C-042 with padding": good + "=",
		"C-042 in other case": swap, "C-042 with another end": last, "C-042 with another beginning": flip(0, map[bool]string{true: "b", false: "a"}[good[0] == 'a']),
		"C-042 twice": good + good, "C-042 encoded": "%" + fmt.Sprintf("%x", good[0]) + good[1:],
		"C-042 in another alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(flip(5, "+")),
		"C-041 in quotes":           `""`, "C-041 of one letter": "x", "C-041 of 4 KB": strings.Repeat("A", 4096), "C-041 that is no base64": strings.Repeat("!", 43),
		"C-041 that looks like SQL": "'OR'1'='1", "C-041 beyond ASCII": strings.Repeat("é", 20),
	} {
		all[name] = token
	}
	return all
}

// Every route for who is signed in, for all who are not. Pending sign-ups, links and known devices open their own step and nothing else.
func TestWhoIsNotSignedInGetsNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		member := h.member()
		email := member.want(200, "GET", "/account", "").at("email")
		strangers := h.strangers(member)
		csrf := member.csrf()
		before := h.state()
		for _, r := range h.table {
			if r.who != signedIn {
				continue
			}
			kind, body := h.bodyOf(r, csrf)
			for name, change := range strangers {
				a := h.browser().do(r.method, h.pathOf(r), kind, body, change)
				ok := a.StatusCode == 401 && a.code() == "unauthenticated"
				if r.audience == page {
					to := h.config.Prefixed("/login") + "?return_to=" + url.QueryEscape(h.config.Prefixed(r.path))
					told := strings.TrimPrefix(a.location(), to)
					ok = a.StatusCode == 303 && (told == "" || told == "&notice=session_over")
					if strings.Contains(name, "a session that was signed out") { // nobody else learns why a session ended
						ok = a.StatusCode == 303 && told == "&notice=session_over_signed_out"
					}
				}
				if !ok || strings.Contains(a.body, email) {
					t.Errorf("%s %s, %s: %d %s %s", r.method, r.path, name, a.StatusCode, a.location(), a.body)
				}
			}
		}
		h.unchanged(before, "somebody who is not signed in")
		member.want(200, "GET", "/session", "") // and whom they imitate is still there
	})
}

// After the log-in a person is where they were going, with all that the address said, and learns why they have to sign in again.
func TestTheLogInLeadsBackToWhatWasAskedFor(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		asked := h.config.Prefixed("/reauthenticate") + "?return_to=" + url.QueryEscape(h.config.Prefixed("/account/export"))
		back := h.config.Prefixed("/login") + "?return_to=" + url.QueryEscape(asked)
		if a := h.browser().get("/reauthenticate?return_to=" + url.QueryEscape(h.config.Prefixed("/account/export"))); a.location() != back {
			t.Errorf("a stranger is sent to %s, not %s", a.location(), back)
		}
		// Who sends a form after signing out in another tab must not believe that it was saved.
		if a := h.browser().post("/account/profile", map[string]string{"name": "Ada"}); a.StatusCode != 303 || !strings.HasSuffix(a.location(), "&notice=session_over") {
			t.Errorf("a form of nobody is sent to %d %s", a.StatusCode, a.location())
		}
		member := h.member()
		elsewhere := h.browser()
		elsewhere.cookies[h.cookieName("")] = member.cookies[h.cookieName("")]
		member.want(204, "POST", "/logout", "")
		h.settle()
		// A script that asks first learns why, and leaves it to the page to say so too.
		if a := elsewhere.call("GET", "/session", ""); a.StatusCode != 401 || a.at("hint") != "signed_out" {
			t.Errorf("a script is told %d %s", a.StatusCode, a.body)
		}
		a := elsewhere.get("/account")
		if !strings.HasSuffix(a.location(), "&notice=session_over_signed_out") {
			t.Errorf("a session that has ended is sent to %s", a.location())
		}
		if a = elsewhere.get(strings.TrimPrefix(a.Header.Get("Location"), h.config.PathPrefix)); !strings.Contains(a.body, "You signed out here.") {
			t.Errorf("the log-in does not say why: %s", a.body)
		}
	})
}

// A path that only takes a form leads to the page with the form, for a person; a program learns what is wrong.
func TestAPersonWhoReloadsARefusedFormGetsTheFormAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		c := h.browser()
		for path, to := range map[string]string{
			"/account/password": "/account", "/account/email/cancel": "/account", "/account/sessions/end-others": "/account", "/verify/resend": "/verify",
		} {
			if a := c.get(path); a.StatusCode != 303 || a.location() != h.config.Prefixed(to) {
				t.Errorf("%s: %d %s", path, a.StatusCode, a.location())
			}
			if a := c.get(path, asProgram); a.StatusCode != 405 || a.Header.Get("Allow") != "POST" {
				t.Errorf("%s, for a program: %d %s", path, a.StatusCode, a.Header.Get("Allow"))
			}
		}
	})
}

// C-040: of two cookies of one name one may be a sibling host's. The browser is told to forget what it has.
func TestTwoSessionCookiesAreNone(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		good := h.member().cookies[h.cookieName("")]
		for _, path := range []string{"/", "/login", "/account", "/api/v1/session", "/api/v1/config"} {
			a := h.browser().get(path, h.cookie(good, "planted"))
			if c, ok := a.cookie(h, ""); !ok || c.MaxAge >= 0 || c.Value != "" {
				t.Errorf("%s: %v", path, a.Cookies())
			}
			for _, token := range []string{good, "junk", strings.Repeat("A", 43)} {
				a := h.browser().get(path, bearer(token), headers("Cookie", h.cookieName("")+"=junk"))
				if _, touched := a.cookie(h, ""); touched {
					t.Errorf("%s: a bearer's cookies are touched: %v", path, a.Cookies())
				}
			}
		}
		h.browser().want(200, "GET", "/session", "", h.cookie(good))
	})
}

// C-041: whatever stands in the cookies, nobody gets a server error, and none of it gets into the log.
func TestJunkInCookies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const canary = "canary-of-a-cookie"
	h.journal.hide(canary)
	n := h.cookieName
	many := strings.Repeat("a=b; ", 200)
	for name, line := range map[string]string{
		"no name": "=" + canary, "no value": n(""), "only signs": ";;; , =;", "quotes": n("") + `="` + canary + `"`, "open quotes": n("") + `="` + canary,
		"a tab": n("") + "=a\t" + canary, "8 KB": n("") + "=" + canary + strings.Repeat("x", 8000), "bad base64": n("") + "=" + canary + "!!",
		"200 cookies": many + n("") + "=" + canary, "bytes": n("") + "=" + canary + "\x80\xff", "in each of ours": strings.Join([]string{
			n("") + "=" + canary, n("-pending") + "=" + canary, n("-form") + "=" + canary, n("-device") + "=" + canary, n("-flow") + "=" + canary, n("-dev") + "=" + canary,
		}, "; "),
	} {
		for _, path := range []string{"/login", "/account", "/verify", "/signup?sent=1", "/api/v1/session", "/dev/mail"} {
			if a := h.raw(h.lines("GET", path, "Cookie: "+line), true); a.StatusCode >= 500 {
				t.Errorf("%s, %s: %d", path, name, a.StatusCode)
			}
		}
	}
	if a := h.raw(h.lines("GET", "/account", "Cookie: "+n("")+"=a\x00b"), false); a.StatusCode >= 500 { // net/http answers
		t.Errorf("NUL: %d", a.StatusCode)
	}
}

// C-033: a session that was planted before the log-in is worth nothing after it, whoever's it is.
func TestAPlantedSessionDiesAtLogin(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		victim := h.person()
		attacker := h.member()
		planted := attacker.cookies[h.cookieName("")]
		for name, enter := range map[string]func(b *client) answer{
			"JSON": func(b *client) answer { return b.call("POST", "/login", credentials(victim, secret)) },
			"a form": func(b *client) answer {
				return b.post("/login", map[string]string{"identifier": victim, "password": secret})
			},
		} {
			b := h.browser()
			b.cookies[h.cookieName("")] = planted
			if a := enter(b); a.StatusCode >= 400 {
				t.Fatalf("%s: %d %s", name, a.StatusCode, a.body)
			}
			if b.cookies[h.cookieName("")] == planted || b.want(200, "GET", "/account", "").at("email") != victim {
				t.Errorf("%s: the session is still the planted one", name)
			}
			h.browser().want(401, "GET", "/session", "", h.cookie(planted))
			planted = attacker.signIn(h.person()).cookies[h.cookieName("")]
		}
	})
}

// C-034: whatever raises what a session may do gives it another token, and the old one is dead at once.
func TestTheTokenChangesWithThePrivilege(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		for name, raise := range map[string]func(c *client) answer{
			"a proof": func(c *client) answer {
				return c.call("POST", "/reauthenticate", fmt.Sprintf(`{"password":%q}`, secret))
			},
			"another password": func(c *client) answer {
				return c.call("POST", "/password/change", fmt.Sprintf(`{"current_password":%q,"password":%q}`, secret, another))
			},
			"the same log-in again": func(c *client) answer {
				email := c.want(200, "GET", "/account", "").at("email")
				return c.call("POST", "/login", strings.Replace(credentials(email, secret), "{", map[bool]string{true: `{"transport":"token",`, false: "{"}[c.native], 1))
			},
		} {
			for _, c := range []*client{h.member(), h.native().signIn(h.person())} {
				old, id := c.token(), c.session()
				a := raise(c)
				if a.StatusCode != 200 {
					t.Fatalf("%s: %d %s", name, a.StatusCode, a.body)
				}
				if c.native {
					c.bearer = a.at("session", "token")
				}
				if c.token() == old || (c.session() == id) == (name == "the same log-in again") {
					t.Errorf("%s: the token or the id is not as it should be", name)
				}
				h.browser().want(401, "GET", "/session", "", h.cookie(old))
				h.native().want(401, "GET", "/session", "", bearer(old))
			}
		}
	})
}

func (c *client) token() string {
	if c.native {
		return c.bearer
	}
	return c.cookies[c.h.cookieName("")]
}

// C-035: a log-out holds for whoever has copied the token, on every surface.
func TestALoggedOutTokenIsDead(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		for name, leave := range map[string]func(c *client) answer{
			"JSON":            func(c *client) answer { return c.call("POST", "/logout", "") },
			"a form":          func(c *client) answer { return c.post("/logout", nil) },
			"its own device":  func(c *client) answer { return c.call("DELETE", "/sessions/"+c.session(), "") },
			"its own, a form": func(c *client) answer { return c.post("/account/sessions/end", map[string]string{"id": c.session()}) },
			"the account":     func(c *client) answer { return c.call("DELETE", "/account", "") },
			"the account, by a form": func(c *client) answer {
				return c.post("/account/delete", nil)
			},
		} {
			c := h.member()
			old := c.token()
			a := leave(c)
			if a.StatusCode != 204 && a.StatusCode != 303 {
				t.Fatalf("%s: %d %s", name, a.StatusCode, a.body)
			}
			if c.cookies[h.cookieName("")] != "" {
				t.Errorf("%s: the cookie is still there", name)
			}
			if strings.Contains(name, "form") && !strings.Contains(a.Header.Get("Clear-Site-Data"), `"cache"`) { // D-059: «back» shows nothing
				t.Errorf("%s: the browser keeps the pages", name)
			}
			h.browser().want(401, "GET", "/session", "", h.cookie(old))
			h.native().want(401, "GET", "/account", "", bearer(old))
			if a := h.browser().get("/account", h.cookie(old)); a.StatusCode != 303 {
				t.Errorf("%s: the page is still there: %d", name, a.StatusCode)
			}
		}
		h.browser().want(204, "POST", "/logout", "") // also when already logged out
	})
}

// C-036: who sets another password is alone with the account afterwards.
func TestAnotherPasswordEndsTheOthers(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		email := h.person()
		for name, change := range map[string]func(own *client, from, to string) answer{
			"change": func(own *client, from, to string) answer {
				return own.call("POST", "/password/change", fmt.Sprintf(`{"current_password":%q,"password":%q}`, from, to))
			},
			"reset": func(_ *client, _, to string) answer {
				h.browser().want(202, "POST", "/password/forgot", fmt.Sprintf(`{"email":%q}`, email))
				_, token := h.mailed(email, "/reset")
				return h.browser().call("POST", "/password/reset", fmt.Sprintf(`{"token":%q,"password":%q}`, token, to))
			},
		} {
			own, thief, native := h.browser().signIn(email), h.browser().signIn(email), h.native().signIn(email)
			if a := change(own, secret, another); a.StatusCode != 200 {
				t.Fatalf("%s: %d %s", name, a.StatusCode, a.body)
			}
			thief.want(401, "GET", "/session", "")
			native.want(401, "GET", "/session", "")
			if got := own.call("GET", "/session", "").StatusCode; (got == 200) != (name == "change") {
				t.Errorf("%s: one's own session: %d", name, got)
			}
			h.browser().want(401, "POST", "/login", credentials(email, secret))
			must(t, h.flow.SetUserPassword(t.Context(), h.user(email), secret))
		}
	})
}

func (h *house) user(email string) store.User {
	h.t.Helper()
	u, err := h.flow.FindUser(h.t.Context(), email)
	must(h.t, err)
	return u
}

// within fails when something has not come true in a second: what the command line does holds on a running server that soon.
func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a second", what)
		}
	}
}

// C-037: a command beside the server, through a store of its own, ends what the server has in its cache.
func TestWhatACommandEndsIsDeadWithinASecond(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		tools, err := OpenTools(t.Context(), *h.config, h.log)
		must(t, err)
		t.Cleanup(func() { _ = tools.Close() })
		for name, end := range map[string]func(store.User) error{
			"disabled": func(u store.User) error { return tools.Flow.SetUserState(t.Context(), u.ID, store.StateDisabled) },
			"deleted":  func(u store.User) error { return tools.Flow.DeleteUser(t.Context(), u) },
			"given another password": func(u store.User) error {
				return tools.Flow.SetUserPassword(t.Context(), u, another)
			},
		} {
			email := h.person()
			b, n := h.browser().signIn(email), h.native().signIn(email)
			b.want(200, "GET", "/session", "")
			n.want(200, "GET", "/session", "")
			must(t, end(h.user(email)))
			within(t, name, func() bool {
				return b.call("GET", "/session", "").StatusCode == 401 && n.call("GET", "/session", "").StatusCode == 401 && b.get("/account").StatusCode == 303
			})
			h.browser().call("POST", "/login", credentials(email, secret))
		}
	})
}

// C-038: the limits go by our clock; what the cookie says of its age is not asked.
func TestSessionsRunOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.member()
	h.clock.Pass(h.config.SessionIdle - time.Minute)
	b.want(200, "GET", "/session", "")
	for range 13 {
		h.clock.Pass(h.config.SessionIdle - time.Second)
		b.want(200, "GET", "/session", "")
	}
	for h.clock.Now().Before(time.Date(2026, 5, 10, 10, 0, 0, 0, time.UTC)) {
		h.clock.Pass(time.Hour)
	}
	b.want(401, "GET", "/session", "")
	idle := h.member()
	h.clock.Pass(h.config.SessionIdle + time.Second)
	idle.want(401, "GET", "/session", "")
	idle.want(401, "GET", "/session", "")
}

// C-045, J-156: another's session does not exist, and the list of one's own has no token.
func TestAnothersSessionDoesNotExist(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		a, b := h.member(), h.member()
		id := b.session()
		before := h.state()
		for _, named := range []string{id, parameters["{id}"], strings.ToUpper(id), "%00", "..", "'", strings.Repeat("x", 5000), "a%2Fb"} {
			if got := a.call("DELETE", "/sessions/"+named, ""); got.StatusCode != 404 {
				t.Errorf("%.40s: %d", named, got.StatusCode)
			}
		}
		for _, named := range []string{id, "", "\x00", strings.ToUpper(id), strings.Repeat("x", 5000)} {
			if got := a.post("/account/sessions/end", map[string]string{"id": named}); got.StatusCode != 404 {
				t.Errorf("a form, %.40s: %d", named, got.StatusCode)
			}
		}
		h.unchanged(before, "somebody else")
		list := b.want(200, "GET", "/sessions", "").body
		if strings.Contains(list, "token") || strings.Contains(list, b.token()) || !strings.Contains(list, id) {
			t.Error(list)
		}
	})
}

// C-048: after a log-out, rotations and checks at once nothing is alive, whichever came first.
func TestALogOutAmongRotations(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		email := h.person()
		for range 5 {
			c := h.native().signIn(email)
			var mu sync.Mutex
			given := []string{c.bearer}
			var racing sync.WaitGroup
			start := make(chan struct{})
			race := func(do func()) { racing.Go(func() { <-start; do() }) }
			for range 10 {
				race(func() {
					if a := c.call("POST", "/reauthenticate", fmt.Sprintf(`{"password":%q}`, secret)); a.StatusCode == 200 {
						mu.Lock()
						defer mu.Unlock()
						given = append(given, a.at("session", "token"))
					}
				})
			}
			for range 40 {
				race(func() { c.call("GET", "/session", "") })
			}
			race(func() { c.call("POST", "/logout", "") })
			close(start)
			racing.Wait()
			alive := func() (all []string) {
				for _, token := range given {
					if h.native().call("GET", "/session", "", bearer(token)).StatusCode == 200 {
						all = append(all, token)
					}
				}
				return all
			}
			if left := alive(); len(left) > 0 || len(given) > 2 {
				t.Fatalf("%d of %d tokens are good after the log-out", len(left), len(given))
			}
		}
	})
}

// C-049: passwords never go over plain http to another machine unless that was asked for by name.
func TestPlainHTTPElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	c := config.Defaults()
	c.BaseURL = "http://id.example.com"
	if wrong := c.Validate(); !slices.ContainsFunc(wrong, func(p config.Problem) bool { return p.Setting == "base-url" }) {
		t.Errorf("%v", wrong)
	}
	// Behind a proxy that ends TLS and says nothing of it, cookies are still Secure: the base URL decides.
	h := newHouse(t, secure)
	a := h.browser().call("POST", "/login", credentials(h.person(), secret), headers("X-Forwarded-Proto", "http"))
	if c, ok := a.cookie(h, ""); !ok || !c.Secure {
		t.Errorf("%v", a.Cookies())
	}
}

// J-166, I-137: while somebody is signed in, 401 means only «no longer signed in».
func TestAWrongPasswordWhileSignedInIsNo401(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.member()
	for path, body := range map[string]string{
		"/reauthenticate":  fmt.Sprintf(`{"password":%q}`, wrong),
		"/password/change": fmt.Sprintf(`{"current_password":%q,"password":%q}`, wrong, another),
	} {
		if a := b.call("POST", path, body); a.StatusCode != 422 || a.code() != string(message.InvalidFields) {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	b.want(200, "GET", "/session", "")
}
