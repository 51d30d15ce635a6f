package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// cookieTokens are the values of cookies that are random.
var cookieTokens = regexp.MustCompile(`=[A-Za-z0-9_.-]{43,}`)

func login(identifier, typed, more string) string {
	return fmt.Sprintf(`{"identifier":%q,"password":%q%s}`, identifier, typed, more)
}

// The browser has the token in a cookie that scripts can't read; in a body they could.
func TestABrowserNeverSeesAToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	b := h.client()
	for _, call := range [][2]string{
		{"/login", login(ada, secret, "")},
		{"/login", login(ada, secret, `,"transport":"cookie"`)},
		{"/reauthenticate", `{"password":"` + secret + `"}`},
		{"/password/change", `{"current_password":"` + secret + `","password":"` + another + `"}`},
	} {
		before := b.cookies["gatehouse"]
		a := b.want(200, "POST", call[0], call[1])
		if after := b.cookies["gatehouse"]; after == "" || after == before || strings.Contains(a.body, after) || strings.Contains(a.body, "token") {
			t.Errorf("%s: cookie %q, then %q; %s", call[0], before, after, a.body)
		}
		if before != "" { // C-034
			old := h.client()
			if old.cookies["gatehouse"] = before; old.send("GET", "/session", "").Code != 401 {
				t.Errorf("%s: the old token still works", call[0])
			}
		}
		b.want(200, "GET", "/session", "")
	}
}

func TestANativeClientNeverGetsACookie(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	n := h.client()
	token := func(a answer) string {
		t.Helper()
		if set := a.Header().Values("Set-Cookie"); len(set) > 0 {
			t.Errorf("cookies: %v", set)
		}
		return a.at("session", "token")
	}
	n.bearer = token(n.want(200, "POST", "/login", login(ada, secret, `,"transport":"token"`)))
	id := n.want(200, "GET", "/session", "").at("session", "id")
	for _, call := range [][2]string{
		{"/reauthenticate", `{"password":"` + secret + `"}`},
		{"/password/change", `{"current_password":"` + secret + `","password":"` + another + `"}`},
	} {
		a := n.want(200, "POST", call[0], call[1])
		next := token(a)
		if next == "" || next == n.bearer || a.at("session", "id") != id {
			t.Errorf("%s: %s", call[0], a.body)
		}
		if n.want(401, "GET", "/session", "").at("code") != "unauthenticated" { // C-034
			t.Errorf("%s: the old token still works", call[0])
		}
		n.bearer = next
	}
	// Who comes with a bearer token and says nothing stays native.
	n.bearer = token(n.want(200, "POST", "/login", login(ada, another, "")))
	n.want(202, "POST", "/password/forgot", `{"email":"ada@example.com"}`)
	token(n.want(200, "POST", "/password/reset", fmt.Sprintf(`{"token":%q,"password":%q}`, h.link(ada, "/reset"), secret)))
	n.want(401, "GET", "/session", "") // C-036

	n.bearer = ""
	n.bearer = token(n.want(200, "POST", "/login", login(ada, secret, `,"transport":"token"`)))
	token(n.want(204, "POST", "/logout", ""))
	n.want(401, "GET", "/session", "") // C-035
}

// With Authorization, cookies are ignored: a page's script that uses a token must not log its browser out.
func TestABearersLogoutLeavesTheBrowserAlone(t *testing.T) {
	t.Parallel()
	h, b := atHome(t)
	n := h.client()
	b.bearer = n.want(200, "POST", "/login", login(ada, secret, `,"transport":"token"`)).at("session", "token")
	a := b.want(204, "POST", "/logout", "")
	if set := a.Header().Values("Set-Cookie"); len(set) > 0 {
		t.Errorf("cookies: %v", set)
	}
	b.want(401, "GET", "/session", "")
	b.bearer = ""
	b.want(200, "GET", "/session", "")
}

func TestLogoutIsAlwaysDone(t *testing.T) {
	t.Parallel()
	_, b := atHome(t)
	token := b.cookies["gatehouse"]
	for _, who := range []string{"signed in", "signed out", "with a dead cookie", "with junk"} {
		a := b.want(204, "POST", "/logout", "")
		if _, still := b.cookies["gatehouse"]; still || a.Header().Get("Clear-Site-Data") != `"cache", "storage"` {
			t.Errorf("%s: %v %v", who, b.cookies, a.Header())
		}
		b.want(401, "GET", "/session", "")
		if b.cookies["gatehouse"] = token; who == "with a dead cookie" {
			b.cookies["gatehouse"] = "junk"
		}
	}
}

func TestRememberMakesTheCookieLast(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	for more, want := range map[string]int{"": 0, `,"remember":false`: 0, `,"remember":true`: int(h.Config.RememberAbsolute / time.Second)} {
		a := h.client().want(200, "POST", "/login", login(ada, secret, more))
		for _, c := range a.Result().Cookies() {
			if c.Name == "gatehouse" && c.MaxAge != want {
				t.Errorf("%q: Max-Age %d, want %d", more, c.MaxAge, want)
			}
		}
	}
}

func TestAnythingButTheTwoTransportsIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	for _, transport := range []string{"", "bearer", "Token", "cookies", "cookie "} {
		a := h.client().send("POST", "/login", login(ada, secret, fmt.Sprintf(`,"transport":%q`, transport)))
		if a.Code != 422 || a.fields() != "transport: not_allowed" {
			t.Errorf("%q: %d %s", transport, a.Code, a.body)
		}
	}
}

// Nothing tells whether the address is somebody's: body, cookies and headers are the same.
func TestASignUpWithATakenAddressLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	for _, more := range []string{"", `,"transport":"token"`} {
		seen := map[string]string{}
		for _, email := range []string{ada, "new@example.com"} {
			a := h.client().want(202, "POST", "/signup", fmt.Sprintf(`{"email":%q,"password":%q%s}`, email, another, more))
			cookies := cookieTokens.ReplaceAllString(strings.Join(a.Header().Values("Set-Cookie"), "\n"), "=TOKEN")
			seen[email] = fmt.Sprint(tokens.ReplaceAllString(a.body, "TOKEN"), cookies, len(a.Header()), a.Body.Len())
		}
		if seen[ada] != seen["new@example.com"] {
			t.Errorf("taken: %s\nnew: %s", seen[ada], seen["new@example.com"])
		}
	}
	if got := h.mails(); !slices.ContainsFunc(got, func(m mail.Delivered) bool { return m.To == ada }) {
		t.Error("the owner got no mail")
	}
}

// One answer, whatever was wrong.
func TestAFailedLoginTellsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	h.client().want(202, "POST", "/signup", fmt.Sprintf(`{"email":"waiting@example.com","password":%q}`, secret))
	h.deliver()
	first := h.client().want(401, "POST", "/login", login(ada, another, ""))
	for _, identifier := range []string{"nobody@example.com", "waiting@example.com"} {
		a := h.client().want(401, "POST", "/login", login(identifier, secret, ""))
		if a.body != first.body || fmt.Sprint(clean(a.Header())) != fmt.Sprint(clean(first.Header())) || a.at("code") != "invalid_credentials" {
			t.Errorf("%s: %s %v\n%s %v", identifier, a.body, a.Header(), first.body, first.Header())
		}
	}
}

// clean leaves out what only these tests see.
func clean(h http.Header) http.Header {
	h = h.Clone()
	h.Del("Test-Fault")
	return h
}

func TestALinkOpenedElsewhereAsksForThePassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client().want(202, "POST", "/signup", signUpBodyText+`,"return_to":"/welcome"}`)
	token := h.link(ada, "/verify")
	elsewhere := h.client()
	elsewhere.cookies["gatehouse-pending"] = strings.Repeat("A", 43)
	verify := func(more string) answer {
		return elsewhere.send("POST", "/verify", fmt.Sprintf(`{"token":%q%s}`, token, more))
	}
	for more, want := range map[string]string{
		``:                                 "422 password: required",
		`,"pending_token":"` + token + `"`: "422 password: required",
		`,"password":"` + another + `"`:    "401 ",
		`,"new_password":"password"`:       "422 new_password: breached_password",
	} {
		if a := verify(more); fmt.Sprint(a.Code, " ", a.fields()) != want {
			t.Errorf("%s: %d %s", more, a.Code, a.body)
		}
	}
	a := verify(`,"password":"` + secret + `"`)
	if a.Code != 200 || a.at("return_to") != "/welcome" || a.at("user", "name") != "Ada" {
		t.Errorf("%d %s", a.Code, a.body)
	}
	if a := verify(`,"password":"` + secret + `"`); a.Code != 410 || a.at("hint") != "used" {
		t.Errorf("a second time: %d %s", a.Code, a.body)
	}
}

func TestANewPasswordDropsWhatTheSignUpChose(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client().want(202, "POST", "/signup", signUpBodyText+`}`)
	a := h.client().want(200, "POST", "/verify", fmt.Sprintf(`{"token":%q,"new_password":%q}`, h.link(ada, "/verify"), another))
	if a.at("user", "name") != "" {
		t.Errorf("%s", a.body)
	}
	h.client().want(401, "POST", "/login", login(ada, secret, ""))
	h.client().want(200, "POST", "/login", login(ada, another, ""))
}

func TestASignUpCanBeCancelled(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.client()
	b.want(202, "POST", "/signup", signUpBodyText+`}`)
	token := fmt.Sprintf(`{"token":%q}`, h.link(ada, "/signup/cancel"))
	h.client().want(204, "POST", "/signup/cancel", token)
	if a := b.want(410, "POST", "/verify", token); a.at("code") != "link_expired" {
		t.Errorf("%s", a.body)
	}
}

func TestASiteThatDoesNotWaitAnswers201(t *testing.T) {
	t.Parallel()
	for _, verification := range []string{"optional", "off"} {
		h := newHouse(t, func(c *config.Config) { c.EmailVerification = verification })
		b := h.client()
		a := b.want(201, "POST", "/signup", signUpBodyText+`,"return_to":"/welcome"}`)
		if a.at("user", "email_verified") != "false" || a.at("session", "current") != "true" || a.at("return_to") != "/welcome" || a.at("status") != "" {
			t.Errorf("%s: %s", verification, a.body)
		}
		b.want(200, "GET", "/session", "")
		if a := h.client().want(409, "POST", "/signup", signUpBodyText+`}`); a.at("code") != "conflict" {
			t.Errorf("%s", a.body)
		}
		n := h.client().want(201, "POST", "/signup", `{"email":"new@example.com","password":"`+secret+`","transport":"token"}`)
		if n.at("session", "token") == "" || len(n.Header().Values("Set-Cookie")) > 0 {
			t.Errorf("%s %v", n.body, n.Header())
		}
	}
}

// I-154 for this door.
func TestAClosedSiteTakesNoSignUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *config.Config) { c.Signup = []string{"closed"} })
	if a := h.client().want(403, "POST", "/signup", signUpBodyText+`}`); a.at("code") != "signup_closed" {
		t.Errorf("%s", a.body)
	}
}

// E-064 for this door: what is told to go to is safe to go to.
func TestReturnToIsToldOnlyWhenItIsSafe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	for typed, want := range map[string]string{
		"/articles?page=2": "/articles?page=2", "//evil.example": "", `/\\evil.example`: "", "https://evil.example/": "", "javascript:alert(1)": "", "/logout": "", "": "",
	} {
		a := h.client().want(200, "POST", "/login", login(ada, secret, `,"return_to":"`+typed+`"`))
		if a.at("return_to") != want || want == "" && strings.Contains(a.body, "return_to") {
			t.Errorf("%s: %s", typed, a.body)
		}
	}
}

func TestOwnSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	here, there, third := h.signedIn(ada), h.signedIn(ada), h.signedIn(ada)
	list := here.want(200, "GET", "/sessions", "")
	if strings.Count(list.body, `"current":true`) != 1 || strings.Count(list.body, `"current":false`) != 2 || strings.Contains(list.body, `"token"`) {
		t.Errorf("%s", list.body)
	}
	id := there.want(200, "GET", "/session", "").at("session", "id")
	here.want(204, "DELETE", "/sessions/"+id, "")
	there.want(401, "GET", "/session", "")
	if a := here.want(404, "DELETE", "/sessions/"+id, ""); a.at("code") != "not_found" {
		t.Errorf("%s", a.body)
	}
	here.want(204, "DELETE", "/sessions", "")
	third.want(401, "GET", "/session", "")

	// One's own present session may be ended too; the browser forgets it.
	id = here.want(200, "GET", "/session", "").at("session", "id")
	here.want(204, "DELETE", "/sessions/"+id, "")
	if _, still := here.cookies["gatehouse"]; still {
		t.Error("the cookie of an ended session is kept")
	}
}

// C-045, I-141. Somebody else's session does not exist, nor does what is no id.
func TestOtherPeoplesSessionsAreNotThere(t *testing.T) {
	t.Parallel()
	for engine, dsn := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
		"postgres": func(t *testing.T) string { return pgtest.DSN(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			otherPeoplesSessions(t, newHouseOn(t, dsn(t)))
		})
	}
}

func otherPeoplesSessions(t *testing.T, h *house) {
	t.Helper()
	h.user(ada)
	h.user("eve@example.com")
	victim, eve := h.signedIn(ada), h.signedIn("eve@example.com")
	id := victim.want(200, "GET", "/session", "").at("session", "id")
	own := eve.want(200, "GET", "/session", "").at("session", "id")
	before := h.state()
	for _, ended := range []string{id, strings.ToUpper(own), "%7B" + own + "%7D", "urn:uuid:" + own, strings.ReplaceAll(own, "-", ""), own + "%00", "%00", "%FF", "1", "'%20OR%201=1--"} {
		if a := eve.send("DELETE", "/sessions/"+ended, ""); a.Code != 404 || a.at("code") != "not_found" {
			t.Errorf("%s: %d %s", ended, a.Code, a.body)
		}
	}
	if h.state() != before {
		t.Error("something was changed")
	}
	victim.want(200, "GET", "/session", "")
}

// ASVS 7.5.1. What cannot be undone, or lets somebody else in for good, asks for a young proof.
func TestSomeCallsAskForAFreshSession(t *testing.T) {
	t.Parallel()
	h, b := atHome(t)
	h.clock.Pass(h.Config.FreshFor)
	before := h.state()
	calls := [][3]string{{"GET", "/account/export", ""}, {"POST", "/account/email", `{"email":"new@example.com"}`}, {"DELETE", "/account", ""}}
	for _, c := range calls {
		a := b.want(403, c[0], c[1], c[2])
		if a.at("code") != "reauthentication_required" || a.at("methods") != "[password]" || a.at("max_age") != "600" {
			t.Errorf("%v: %s", c, a.body)
		}
	}
	if h.state() != before {
		t.Error("something was changed")
	}
	if a := b.want(422, "POST", "/reauthenticate", `{"password":"`+another+`"}`); a.fields() != "password: incorrect" {
		t.Errorf("while signed in 401 means «no longer signed in» and nothing else: %s", a.body)
	}
	b.want(200, "POST", "/reauthenticate", `{"password":"`+secret+`"}`)
	for _, c := range calls {
		if a := b.send(c[0], c[1], c[2]); a.Code >= 400 {
			t.Errorf("%v: %d %s", c, a.Code, a.body)
		}
	}
}

func TestADeletedAccountIsGone(t *testing.T) {
	t.Parallel()
	h, b := atHome(t)
	a := b.want(204, "DELETE", "/account", "")
	if _, still := b.cookies["gatehouse"]; still || a.Header().Get("Clear-Site-Data") == "" {
		t.Errorf("%v %v", b.cookies, a.Header())
	}
	b.want(401, "GET", "/session", "")
	h.client().want(401, "POST", "/login", login(ada, secret, ""))
}

// A-012, F-083.
func TestAnotherAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	h.user("eve@example.com")
	b, eve := h.signedIn(ada), h.signedIn("eve@example.com")
	free := b.want(202, "POST", "/account/email", `{"email":"new@example.com"}`)
	link := fmt.Sprintf(`{"token":%q}`, h.link("new@example.com", "/account/email/confirm"))
	if a := eve.want(403, "POST", "/account/email/confirm", link); a.at("code") != "forbidden" {
		t.Errorf("in somebody else's session: %s", a.body)
	}
	if taken := b.want(202, "POST", "/account/email", `{"email":"eve@example.com"}`); taken.body != free.body {
		t.Errorf("taken: %s, free: %s", taken.body, free.body)
	}
	b.want(202, "POST", "/account/email", `{"email":"new@example.com"}`)
	link = fmt.Sprintf(`{"token":%q}`, h.link("new@example.com", "/account/email/confirm"))
	b.want(204, "DELETE", "/account/email", "")
	if a := b.want(410, "POST", "/account/email/confirm", link); a.at("code") != "link_expired" {
		t.Errorf("cancelled: %s", a.body)
	}
	if a := b.want(200, "GET", "/account", ""); a.at("email") != ada {
		t.Errorf("%s", a.body)
	}
}

func TestARefusedPasswordDoesNotUseTheLinkUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	old := h.signedIn(ada)
	b := h.client()
	b.want(202, "POST", "/password/forgot", `{"email":"ada@example.com"}`)
	token := h.link(ada, "/reset")
	reset := func(typed string) answer {
		return b.send("POST", "/password/reset", fmt.Sprintf(`{"token":%q,"password":%q}`, token, typed))
	}
	if a := reset("password"); a.Code != 422 || a.fields() != "password: breached_password" {
		t.Errorf("%d %s", a.Code, a.body)
	}
	if a := reset(another); a.Code != 200 || b.cookies["gatehouse"] != "" || b.cookies["gatehouse-device"] == "" {
		t.Errorf("%d %s %v", a.Code, a.body, b.cookies)
	}
	if a := reset(secret); a.Code != 410 || a.at("hint") != "used" {
		t.Errorf("%d %s", a.Code, a.body)
	}
	old.want(401, "GET", "/session", "") // C-036
	h.client().want(200, "POST", "/login", login(ada, another, ""))
}

// F-077 for these doors: a link opens only what it was made for.
func TestALinkOpensOnlyItsOwnDoor(t *testing.T) {
	t.Parallel()
	h, b := atHome(t)
	b.want(202, "POST", "/signup", fmt.Sprintf(`{"email":"waiting@example.com","password":%q}`, secret))
	b.want(202, "POST", "/password/forgot", `{"email":"ada@example.com"}`)
	b.want(202, "POST", "/account/email", `{"email":"new@example.com"}`)
	links := map[string]string{
		"/verify": h.link("waiting@example.com", "/verify"), "/password/reset": h.link(ada, "/reset"), "/account/email/confirm": h.link("new@example.com", "/account/email/confirm"),
	}
	before := h.state()
	for door := range links {
		for other, token := range links {
			if door == other {
				continue
			}
			body := fmt.Sprintf(`{"token":%q}`, token)
			if door == "/password/reset" {
				body = fmt.Sprintf(`{"token":%q,"password":%q}`, token, another)
			}
			if a := b.send("POST", door, body); a.Code != 410 || a.at("hint") != "unknown" {
				t.Errorf("a link to %s at %s: %d %s", other, door, a.Code, a.body)
			}
		}
	}
	if h.state() != before {
		t.Error("something was changed")
	}
}

// A store that is down is never «wrong password», and a log-out that did not happen is not said to have: the cookie stays.
func TestTroubleOfOurOwnIs503(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(ada)
	s, err := h.sessions.Check(t.Context(), h.signedIn(ada).cookies["gatehouse"])
	must(t, err)
	must(t, h.store.Close())
	alone := []string{"/api/v1/config", "/api/v1/session", "/api/v1/account", "/api/v1/password/strength"} // these ask no store
	for _, r := range h.routes {
		if slices.Contains(alone, r.Path) && r.Method != "DELETE" && r.Method != "PATCH" {
			continue
		}
		body := r.complete()
		for name := range body {
			switch name {
			case "email", "identifier":
				body[name] = ada
			case "password":
				body[name] = another
			}
		}
		if _, ok := body["email"]; ok && r.Path == "/api/v1/account/email" { // her own would be refused before the store is asked
			body["email"] = "other@example.com"
		}
		if r.Path == "/api/v1/signup" {
			body["email"] = ada
		}
		text, err := json.Marshal(body)
		must(t, err)
		q := httptest.NewRequestWithContext(t.Context(), r.Method, r.path(), bytes.NewReader(text))
		q.Header.Set("Content-Type", jsonType)
		q.SetPathValue("id", s.ID)
		w := httptest.NewRecorder()
		v := &visit.Visit{Config: h.Config, Keys: h.keys, Texts: h.Texts, Now: h.clock.Now(), Client: flow.Client{Session: s, Locale: "en"}}
		fault := message.From(r.Endpoint.Serve(w, q, v))
		if fault == nil || fault.Code != message.Unavailable || len(w.Header()) > 0 {
			t.Errorf("%s %s: %v %d %v", r.Method, r.Path, fault, w.Code, w.Header())
		}
	}
}
