package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/password"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	sessions "github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

const (
	ada      = "ada@example.com"
	secret   = "correct-horse-battery-staple-42"
	another  = "seven-lamps-under-a-violet-river"
	firefox  = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	jsonType = "application/json"
)

// table is the endpoints and where the contract has them.
func table(a *API) []Route {
	row := func(method, path string, signedIn bool, e Endpoint) Route {
		return Route{method, "/api/v1" + path, signedIn, e}
	}
	return []Route{
		row("GET", "/config", false, a.ConfigInfo()),
		row("POST", "/signup", false, a.SignUp()),
		row("POST", "/signup/cancel", false, a.CancelSignUp()),
		row("POST", "/verify", false, a.Verify()),
		row("POST", "/verify/resend", false, a.ResendVerification()),
		row("POST", "/login", false, a.Login()),
		row("POST", "/logout", false, a.Logout()),
		row("GET", "/session", true, a.Session()),
		row("GET", "/sessions", true, a.Sessions()),
		row("DELETE", "/sessions", true, a.EndOtherSessions()),
		row("DELETE", "/sessions/{id}", true, a.EndSession()),
		row("POST", "/password/strength", false, a.PasswordStrength()),
		row("POST", "/password/forgot", false, a.ForgotPassword()),
		row("POST", "/password/reset", false, a.ResetPassword()),
		row("POST", "/password/change", true, a.ChangePassword()),
		row("GET", "/account", true, a.Account()),
		row("PATCH", "/account", true, a.UpdateAccount()),
		row("DELETE", "/account", true, a.DeleteAccount()),
		row("POST", "/account/email", true, a.ChangeEmail()),
		row("DELETE", "/account/email", true, a.CancelEmailChange()),
		row("POST", "/account/email/confirm", true, a.ConfirmEmail()),
		row("GET", "/account/export", true, a.ExportAccount()),
		row("POST", "/reauthenticate", true, a.Reauthenticate()),
		{"GET", "/api/dev/mail", false, a.DevMail()},
	}
}

// house is a Gatehouse without its server: the endpoints over a flow of their own, on SQLite.
type house struct {
	*API
	t        *testing.T
	store    *store.Store
	sessions *sessions.Manager
	keys     *seal.Keys
	mux      *http.ServeMux
	routes   []Route
	document document
	clock    *fixture.Clock
}

func newHouse(t *testing.T, set ...func(*config.Config)) *house {
	t.Helper()
	return newHouseOn(t, "sqlite:"+filepath.Join(t.TempDir(), "a.db"), set...)
}

func newHouseOn(t *testing.T, dsn string, set ...func(*config.Config)) *house {
	t.Helper()
	h := &house{t: t, clock: fixture.StoppedClock()}
	c := config.Defaults()
	c.SiteName = "Rosewood"
	for _, change := range set {
		change(&c)
	}
	must(t, c.Finish(nil))
	var err error
	h.store, err = store.Open(t.Context(), dsn, store.Options{Synchronous: "off"})
	must(t, err)
	t.Cleanup(func() { _ = h.store.Close() })
	must(t, h.store.Migrate(t.Context()))
	h.keys, err = seal.New(seal.Generate())
	must(t, err)
	texts, err := message.Load()
	must(t, err)
	hasher, err := password.NewHasher(password.Params{Format: "argon2id", Argon2Memory: 64 << 10, Argon2Time: 1, Argon2Threads: 1}, 1<<20, 2)
	must(t, err)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	outbox := mail.NewOutbox(mail.Parts{
		Store: h.store, Keys: h.keys, Dev: true, Clock: h.clock.Now, Log: log,
		Render: &mail.Renderer{Texts: texts, SiteName: c.SiteName, From: c.MailFrom},
	})
	h.sessions = sessions.NewManager(h.store, h.clock.Now, sessions.Lifetimes{
		Idle: c.SessionIdle, Absolute: c.SessionAbsolute, RememberIdle: c.RememberIdle, RememberAbsolute: c.RememberAbsolute, Fresh: c.FreshFor,
	})
	f := flow.New(flow.Parts{
		Config: &c, Store: h.store, Sessions: h.sessions, Hasher: hasher, Policy: password.NewPolicy(c.PasswordMinLength), Keys: h.keys,
		Limits: throttle.Off(), Mail: outbox, Clock: h.clock.Now, Log: log,
	})
	h.API = New(Parts{Flow: f, Config: &c, Texts: texts, Mail: outbox})
	h.mount()
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) mount() {
	h.routes, h.mux = table(h.API), http.NewServeMux()
	text, err := Document(h.routes, "1.2.3")
	must(h.t, err)
	h.document = readDocument(h.t, text)
	for _, route := range h.routes {
		h.mux.HandleFunc(route.Method+" "+route.Path, func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, route) })
	}
}

// serve does what the server does around an endpoint, as far as an endpoint sees it.
func (h *house) serve(w http.ResponseWriter, r *http.Request, route Route) {
	v := &visit.Visit{Config: h.Config, Keys: h.keys, Texts: h.Texts, Now: h.clock.Now()}
	v.Client = flow.Client{
		Addr: netip.MustParseAddr("192.0.2.7"), UserAgent: r.UserAgent(), Locale: "en", RequestID: "the-request", Reference: "7F3K-9QWM",
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if v.Bearer = bearer; !bearer {
		token = v.ReadCookies(r)
	}
	if token != "" {
		s, err := h.sessions.Check(r.Context(), token)
		if v.Session = s; err != nil {
			v.Why = message.From(err)
		}
	}
	err := route.Endpoint.Serve(w, r, v)
	if err == nil {
		return
	}
	problem := v.Refuse(w, err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Test-Fault", strings.ReplaceAll(v.Fault.Error(), "\n", "\\n"))
	w.WriteHeader(problem.Status)
	_ = json.NewEncoder(w).Encode(problem)
}

// deliver works the outbox off.
func (h *house) deliver() {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	var working sync.WaitGroup
	working.Go(func() { h.Mail.Run(ctx, h.Flow.Jobs()) })
	defer working.Wait()
	defer cancel()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		var state store.OutboxState
		must(h.t, h.store.View(ctx, func(tx *store.Tx) (err error) {
			state, err = tx.Outbox(ctx)
			return err
		}))
		if state.Waiting == 0 {
			return
		}
		if time.Now().After(end) {
			h.t.Fatalf("the outbox does not empty: %+v", state)
		}
	}
}

func (h *house) mails() []mail.Delivered {
	h.t.Helper()
	h.deliver()
	all, err := h.Mail.Mailbox(h.t.Context())
	must(h.t, err)
	return all
}

var linkToken = regexp.MustCompile(`(/[a-z/]+)\?token=([A-Za-z0-9_-]{43})`)

// link is the token of the newest link to a page that was mailed to an address.
func (h *house) link(to, page string) string {
	h.t.Helper()
	for _, m := range h.mails() {
		for _, found := range linkToken.FindAllStringSubmatch(m.Text, -1) {
			if m.To == to && found[1] == page {
				return found[2]
			}
		}
	}
	h.t.Fatalf("no link to %s was mailed to %s", page, to)
	return ""
}

// user makes a user whose address is confirmed.
func (h *house) user(email string, roles ...string) store.User {
	h.t.Helper()
	u, err := h.Flow.CreateUser(h.t.Context(), flow.NewUser{Email: email, Name: "Ada", Password: secret, Roles: roles, Verified: true})
	must(h.t, err)
	return u
}

// atHome is a house with Ada in it, and her browser, signed in.
func atHome(t *testing.T) (*house, *client) {
	t.Helper()
	h := newHouse(t)
	h.user(ada)
	return h, h.signedIn(ada)
}

// state is all that a call could change, to compare.
func (h *house) state() string {
	h.t.Helper()
	var s strings.Builder
	ctx := h.t.Context()
	must(h.t, h.store.View(ctx, func(tx *store.Tx) error {
		users, err := tx.Users(ctx, "", 100)
		if err != nil {
			return err
		}
		for _, u := range users {
			ids, err1 := tx.Identifiers(ctx, u.ID)
			pw, err2 := tx.PasswordOf(ctx, u.ID)
			all, err3 := tx.SessionsOf(ctx, u.ID)
			events, err4 := tx.EventsOf(ctx, u.ID, 100)
			filled, err5 := tx.UserFields(ctx, u.ID)
			fmt.Fprintln(&s, u, ids, pw, all, events, filled, err1, err2, err3, err4, err5)
		}
		outbox, err := tx.Outbox(ctx)
		fmt.Fprintln(&s, outbox)
		return err
	}))
	return s.String()
}

// client is a browser with its cookies, or a native client with its token.
type client struct {
	*house
	cookies map[string]string
	bearer  string
}

func (h *house) client() *client { return &client{h, map[string]string{}, ""} }

// signedIn is a browser that somebody has signed in with.
func (h *house) signedIn(email string) *client {
	h.t.Helper()
	b := h.client()
	b.want(200, "POST", "/login", fmt.Sprintf(`{"identifier":%q,"password":%q}`, email, secret))
	return b
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	body string
}

// at is the value at the end of a path of names, as text.
func (a answer) at(names ...string) string { return fixture.At(a.body, names...) }

// fields are the fields of a problem as name: code.
func (a answer) fields() string {
	var p message.Problem
	_ = json.Unmarshal([]byte(a.body), &p)
	var all []string
	for _, f := range p.Fields {
		all = append(all, f.Name+": "+f.Code)
	}
	return strings.Join(all, ", ")
}

func (c *client) request(method, path string, body io.Reader, change ...func(*http.Request)) answer {
	c.t.Helper()
	if !strings.HasPrefix(path, "/api/") {
		path = "/api/v1" + path
	}
	r := httptest.NewRequestWithContext(c.t.Context(), method, path, body)
	r.Header.Set("User-Agent", firefox)
	if body != nil {
		r.Header.Set("Content-Type", jsonType)
	}
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if c.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	_, pattern := c.mux.Handler(r)
	if pattern == "" {
		c.t.Fatalf("%s %s is no route", method, path)
	}
	c.mux.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if c.cookies[cookie.Name] = cookie.Value; cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		}
	}
	a := answer{w, w.Body.String()}
	if problem := c.document.check(pattern, w); problem != "" {
		c.t.Errorf("%s %s answers what is not described: %s\n%d %s", method, path, problem, w.Code, a.body)
	}
	return a
}

func (c *client) send(method, path, body string) answer {
	c.t.Helper()
	if body == "" {
		return c.request(method, path, nil)
	}
	return c.request(method, path, strings.NewReader(body))
}

// want sends and insists on a status.
func (c *client) want(status int, method, path, body string) answer {
	c.t.Helper()
	a := c.send(method, path, body)
	if a.Code != status {
		c.t.Fatalf("%s %s: got %d, want %d\n%s\n%s", method, path, a.Code, status, a.body, a.Header().Get("Test-Fault"))
	}
	return a
}
