package gatehouse_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse"
	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// below puts Gatehouse where most sites have it.
func below(c *gatehouse.Config) { c.PathPrefix = "/auth" }

// hello is a site's own handler.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	user, ok := gatehouse.UserFrom(r.Context())
	w.Header().Set("X-Site", "yes")
	_, _ = fmt.Fprint(w, "hello ", user.Email, " ", ok)
})

// site is a site with Gatehouse at its prefix and everything else for who meets the needs.
func (h *house) site(needs ...gatehouse.Need) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(h.Settled().PathPrefix+"/", h.Handler())
	mux.Handle("/", h.Require(needs...)(hello))
	return mux
}

// script makes the request one of a page's own scripts.
func script(r *http.Request) {
	r.Header.Set("Sec-Fetch-Mode", "cors")
	r.Header.Set("Accept", "*/*")
}

// oldScript makes it one of a browser that tells nothing about where it comes from.
func oldScript(r *http.Request) {
	r.Header.Del("Sec-Fetch-Mode")
	r.Header.Set("Accept", "*/*")
}

// greedyScript wants HTML, as a script does that puts pieces of it into its page.
func greedyScript(r *http.Request) { r.Header.Set("Sec-Fetch-Mode", "cors") }

func aPerson(*http.Request) {}

const (
	htmlType    = "text/html; charset=utf-8"
	problemType = "application/problem+json"
)

func TestRequireRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite", below)
	h.account("ada@example.com", "Ada")
	member := h.stranger().signIn("ada@example.com")
	for _, c := range []struct {
		name, method string
		who          *browser
		how          func(*http.Request)
		status       int
		kind, code   string
	}{
		{"a stranger's script", "GET", h.stranger(), script, 401, problemType, "unauthenticated"},
		{"a stranger's script in an old browser", "GET", h.stranger(), oldScript, 401, problemType, "unauthenticated"},
		{"a stranger's script that wants HTML", "GET", h.stranger(), greedyScript, 401, problemType, "unauthenticated"},
		{"a stranger's script that sends", "POST", h.stranger(), script, 401, problemType, "unauthenticated"},
		{"a stranger's script that deletes", "DELETE", h.stranger(), script, 401, problemType, "unauthenticated"},
		{"a stranger's form", "POST", h.stranger(), aPerson, 401, htmlType, "unauthenticated"},
		{"a bearer token that is none", "GET", &browser{h: h, addr: "192.0.2.7", bearer: "junk"}, aPerson, 401, problemType, "unauthenticated"},
		{"who lacks a permission, at a page", "GET", member, aPerson, 403, htmlType, "forbidden"},
		{"who lacks a permission, with a form", "POST", member, aPerson, 403, htmlType, "forbidden"},
		{"who lacks a permission, by a script", "GET", member, script, 403, problemType, "forbidden"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reached := false
			app := h.Require(gatehouse.Permission("articles.edit"))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
			r := c.who.request(c.method, "/edit", "", "")
			c.how(r)
			a := c.who.send(app, r)
			if reached || a.StatusCode != c.status || a.Header.Get("Content-Type") != c.kind {
				t.Fatalf("the handler was reached: %v; %d %s\n%s", reached, a.StatusCode, a.Header.Get("Content-Type"), a.body)
			}
			code := read(a.body).code
			if c.kind == problemType {
				code = regexp.MustCompile(`"code":"(.*?)"`).FindStringSubmatch(a.body)[1]
			}
			if code != c.code {
				t.Errorf("%s instead of %s", code, c.code)
			}
			if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Content-Security-Policy") == "" {
				t.Errorf("the refusal is Gatehouse's own, but without its headers: %v", a.Header)
			}
		})
	}
}

func TestRequireSendsAPersonToTheLogInAndBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite", below)
	h.account("ada@example.com", "Ada")
	for name, site := range map[string]http.Handler{
		"at the root":         h.site(),
		"behind a cut prefix": http.StripPrefix("/site", h.Require()(hello)), // back means to where the browser was
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			t.Run(method+" "+name, func(t *testing.T) {
				const wanted = "/site/reports?year=2026&q=a%20b%26c"
				b := h.stranger()
				a := b.send(site, b.request(method, wanted, "", ""))
				to, err := url.Parse(a.location())
				must(t, err)
				if a.StatusCode != http.StatusSeeOther || to.Path != "/auth/login" || to.Query().Get("return_to") != wanted {
					t.Fatalf("%d to %q", a.StatusCode, a.location())
				}
				r := (&pages{b}).login(gatehouse.Login{Identifier: "ada@example.com", Password: secret, ReturnTo: to.Query().Get("return_to")})
				if r.String() != "signed_in → "+wanted {
					t.Fatal(r)
				}
				if a := b.send(site, b.request(http.MethodGet, r.returnTo, "", "")); a.body != "hello ada@example.com true" {
					t.Errorf("%d %s", a.StatusCode, a.body)
				}
			})
		}
	}
}

func TestRequireAddsNothingToTheSitesOwnAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite", below)
	h.account("ada@example.com", "Ada")
	member := h.stranger().signIn("ada@example.com")
	a := member.send(h.site(), member.request(http.MethodGet, "/", "", ""))
	bare := httptest.NewRecorder()
	hello(bare, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if got, want := slices.Sorted(maps.Keys(a.Header)), slices.Sorted(maps.Keys(bare.Result().Header)); !slices.Equal(got, want) {
		t.Errorf("headers %v instead of %v", got, want)
	}
	if a.body != "hello ada@example.com true" {
		t.Error(a.body)
	}
}

func TestRequireTakesBearerTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite", below)
	h.account("ada@example.com", "Ada")
	native := &api{browser: h.stranger(), native: true}
	if r := native.login(gatehouse.Login{Identifier: "ada@example.com", Password: secret}); r.step != gatehouse.SignedIn {
		t.Fatal(r)
	}
	if a := native.send(h.site(), native.request(http.MethodDelete, "/", "", "")); a.body != "hello ada@example.com true" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	// With the header cookies play no part.
	both := h.stranger().signIn("ada@example.com")
	r := both.request(http.MethodGet, "/", "", "")
	r.Header.Set("Authorization", "Bearer junk")
	if a := both.send(h.site(), r); a.StatusCode != http.StatusSeeOther {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestRequireAsksForAllNeeds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite", below)
	user := h.account("ada@example.com", "Ada")
	must(t, h.Flow().CreateRole(t.Context(), "editor", []string{"articles.edit"}))
	_, err := h.Flow().ChangeRoles(t.Context(), user.ID, []string{"editor"}, nil)
	must(t, err)
	member := h.stranger().signIn("ada@example.com")
	edit, remove, editor, admin := gatehouse.Permission("articles.edit"), gatehouse.Permission("articles.delete"), gatehouse.Role("editor"), gatehouse.Role("admin")
	for _, c := range []struct {
		needs  []gatehouse.Need
		status int
	}{
		{nil, 200}, {[]gatehouse.Need{edit}, 200}, {[]gatehouse.Need{editor}, 200}, {[]gatehouse.Need{edit, editor}, 200},
		{[]gatehouse.Need{remove}, 403}, {[]gatehouse.Need{admin}, 403}, {[]gatehouse.Need{edit, remove}, 403}, {[]gatehouse.Need{admin, edit}, 403},
		{[]gatehouse.Need{gatehouse.Permission("articles")}, 403}, {[]gatehouse.Need{gatehouse.Permission("")}, 403}, {[]gatehouse.Need{gatehouse.Role("")}, 403},
	} {
		if a := member.send(h.site(c.needs...), member.request(http.MethodGet, "/", "", "")); a.StatusCode != c.status {
			t.Errorf("%d needs: %d instead of %d", len(c.needs), a.StatusCode, c.status)
		}
	}
}

// TestWhatAnotherProcessEndsIsOverWithinASecond: a node that hears nothing asks the store, so that this does not hang on how busy the machine is.
func TestWhatAnotherProcessEndsIsOverWithinASecond(t *testing.T) {
	t.Parallel()
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, engine)
			command, err := server.OpenTools(t.Context(), *h.Settled(), slog.New(slog.DiscardHandler))
			must(t, err)
			t.Cleanup(func() { _ = command.Close() })
			must(t, h.Flow().CreateRole(t.Context(), "editor", nil))
			for what, end := range map[string]func(user store.User) error{
				"the account is disabled": func(u store.User) error { return command.Flow.SetUserState(t.Context(), u.ID, store.StateDisabled) },
				"the account is deleted":  func(u store.User) error { return command.Flow.DeleteUser(t.Context(), u) },
				"a password is set":       func(u store.User) error { return command.Flow.SetUserPassword(t.Context(), u, another) },
				"the role is taken away": func(u store.User) error {
					_, err := command.Flow.ChangeRoles(t.Context(), u.ID, nil, []string{"editor"})
					return err
				},
			} {
				t.Run(what, func(t *testing.T) {
					email := fmt.Sprintf("ada.%d@example.com", addresses.Add(1))
					user := h.account(email, "Ada")
					user, err := h.Flow().ChangeRoles(t.Context(), user.ID, []string{"editor"}, nil)
					must(t, err)
					app := h.Require(gatehouse.Role("editor"))(hello)
					member := h.stranger().signIn(email)
					ask := func() int {
						r := member.request(http.MethodGet, "/", "", "")
						script(r)
						return member.send(app, r).StatusCode
					}
					for range 3 { // it is in the cache now
						if status := ask(); status != http.StatusOK {
							t.Fatal(status)
						}
					}
					must(t, end(user))
					time.Sleep(time.Second)
					want := http.StatusUnauthorized
					if strings.Contains(what, "role") {
						want = http.StatusForbidden
					}
					if status := ask(); status != want {
						t.Errorf("%d instead of %d", status, want)
					}
				})
			}
		})
	}
}

func TestADeadCookieIsTakenAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite", below)
	h.account("ada@example.com", "Ada")
	dropped := func(a answer) bool {
		return slices.ContainsFunc(a.Cookies(), func(c *http.Cookie) bool { return c.Name == "gatehouse" && c.MaxAge < 0 })
	}
	ended := h.stranger().signIn("ada@example.com")
	client, err := h.ClientFrom(ended.request(http.MethodGet, "/", "", ""))
	must(t, err)
	must(t, h.Logout(t.Context(), client))
	if a := ended.send(h.site(), ended.request(http.MethodGet, "/", "", "")); a.StatusCode != http.StatusSeeOther || !dropped(a) {
		t.Errorf("%d, cookies %v", a.StatusCode, a.Cookies())
	}
	// C-040: of two cookies of a name none counts.
	twice := h.stranger().signIn("ada@example.com")
	r := twice.request(http.MethodGet, "/", "", "")
	r.AddCookie(&http.Cookie{Name: "gatehouse", Value: "planted"})
	if a := twice.send(h.site(), r); a.StatusCode != http.StatusSeeOther || !dropped(a) {
		t.Errorf("two cookies: %d, cookies %v", a.StatusCode, a.Cookies())
	}
}

func TestTwoServersInOneProcessShareNothing(t *testing.T) {
	t.Parallel()
	one, two := newHouse(t, "SQLite", below), newHouse(t, "SQLite", below)
	for _, h := range []*house{one, two} {
		h.account("ada@example.com", "Ada")
	}
	b := one.stranger().signIn("ada@example.com")
	if a := b.send(one.site(), b.request(http.MethodGet, "/", "", "")); a.StatusCode != http.StatusOK {
		t.Errorf("at home: %d", a.StatusCode)
	}
	// A form token of the one is none of the other's.
	token := (&pages{b}).formToken()
	kept := maps.Clone(b.cookies)
	form := url.Values{"csrf": {token}, "email": {"ada@example.com"}}.Encode()
	if a := b.send(two.mux, b.request(http.MethodPost, "/auth/forgot", "application/x-www-form-urlencoded", form)); read(a.body).hint != "form_token" {
		t.Errorf("a form token of another server: %d", a.StatusCode)
	}
	b.cookies = kept
	if a := b.send(two.site(), b.request(http.MethodGet, "/", "", "")); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a session of another server: %d", a.StatusCode)
	}
	must(t, one.Close())
	if r := two.stranger().signIn("ada@example.com"); len(r.cookies) == 0 {
		t.Error("closing one server stops the other")
	}
}

func TestHandlerBehindStripPrefixIsNotFoundAndSaysWhy(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite", below)
	b := h.stranger()
	if a := b.ask(http.MethodGet, "/login", "", ""); a.StatusCode != http.StatusOK {
		t.Errorf("mounted as it should be: %d", a.StatusCode)
	}
	if strings.Contains(h.log.String(), "StripPrefix") {
		t.Error("the log complains about nothing")
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", http.StripPrefix("/auth", h.Handler()))
	for range 3 {
		if a := b.send(mux, b.request(http.MethodGet, "/auth/login", "", "")); a.StatusCode != http.StatusNotFound || read(a.body).code != "not_found" {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	if n := strings.Count(h.log.String(), "mount Handler without http.StripPrefix"); n != 1 {
		t.Errorf("the log says so %d times", n)
	}
}

func TestAPanicOfTheSiteIsTheSites(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite", below)
	h.account("ada@example.com", "Ada")
	member := h.stranger().signIn("ada@example.com")
	own := errors.New("the site's own")
	w := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != own { //nolint:errorlint // this very value
			t.Errorf("panic %v", p)
		}
		if w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("Gatehouse has answered: %v %s", w.Header(), w.Body)
		}
	}()
	h.Require()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(own) })).ServeHTTP(w, member.request(http.MethodGet, "/", "", ""))
}

func TestUserFromIsNobodyElsewhere(t *testing.T) {
	t.Parallel()
	if user, ok := gatehouse.UserFrom(context.Background()); ok || user.ID != "" {
		t.Error(user)
	}
}

func TestRequireWithoutTheStore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite", below)
	h.account("ada@example.com", "Ada")
	member := h.stranger().signIn("ada@example.com")
	must(t, h.Flow().Store.Close())
	for name, how := range map[string]func(*http.Request){"a person": aPerson, "a script": script} {
		r := member.request(http.MethodGet, "/", "", "")
		how(r)
		if a := member.send(h.site(), r); a.StatusCode != http.StatusServiceUnavailable || len(a.Cookies()) > 0 {
			t.Errorf("%s: %d, cookies %v", name, a.StatusCode, a.Cookies()) // the cookie is good: it must stay
		}
	}
}

func TestCloseWhileRequestsRun(t *testing.T) {
	t.Parallel()
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, engine)
			h.account("ada@example.com", "Ada")
			member := h.stranger().signIn("ada@example.com")
			guarded := h.Require()(hello)
			var asking sync.WaitGroup
			stop, begun := make(chan struct{}), make(chan struct{}, 64)
			for n := range 8 {
				asking.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						to, path := http.Handler(h.mux), h.Settled().Prefixed("/account")
						if n%2 == 0 {
							to, path = guarded, "/"
						}
						w := httptest.NewRecorder()
						to.ServeHTTP(w, member.request(http.MethodGet, path, "", ""))
						if w.Code != http.StatusOK && w.Code != http.StatusServiceUnavailable {
							t.Errorf("%s: %d", path, w.Code)
						}
						select {
						case begun <- struct{}{}:
						default:
						}
					}
				})
			}
			for range 32 {
				<-begun
			}
			var closing sync.WaitGroup
			for range 3 {
				closing.Go(func() {
					if err := h.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			closing.Wait()
			close(stop)
			asking.Wait()
			must(t, h.Close())
		})
	}
}
