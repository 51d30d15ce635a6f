package gatehouse_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse"
	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// Passwords that the policy accepts.
const (
	secret  = "correct-horse-battery-staple-42"
	another = "seven-lamps-under-a-violet-river"
	wrong   = "this-is-not-the-right-one-at-all"
)

// engines make a configuration on a store of its own. They differ in all that a face could trip over: one is at the root and over http, one
// below a path and over https.
var engines = map[string]func(t *testing.T) gatehouse.Config{
	"SQLite": func(t *testing.T) gatehouse.Config {
		return gatehouse.Config{Database: "sqlite:" + filepath.Join(t.TempDir(), "app.db"), BaseURL: "http://localhost:8080"}
	},
	"PostgreSQL": func(t *testing.T) gatehouse.Config {
		return gatehouse.Config{
			Database: pgtest.DSN(t), SecretKeys: []string{seal.Generate()}, BaseURL: "https://app.example.com", PathPrefix: "/auth", Dev: "on",
		}
	},
}

// house is a real Gatehouse on a store of its own. Only hashing is cheap, and the clock is the test's.
type house struct {
	*gatehouse.Server
	t     *testing.T
	clock *fixture.Clock
	mux   *http.ServeMux
	log   *fixture.Journal
}

// newHouse opens a Gatehouse; without an engine on SQLite.
func newHouse(t *testing.T, engine string, set ...func(*gatehouse.Config)) *house {
	t.Helper()
	h := &house{t: t, clock: fixture.NewClock(), mux: http.NewServeMux(), log: &fixture.Journal{}}
	c := engines[engine](t)
	c.SiteName, c.Argon2Memory, c.Argon2Time, c.AllowedReturnOrigins = "Rosewood", 64<<10, 1, []string{"https://shop.example"}
	c.Logger = slog.New(slog.NewJSONHandler(h.log, nil))
	for _, f := range set {
		f(&c)
	}
	var err error
	h.Server, err = gatehouse.NewAt(t.Context(), c, h.clock.Now)
	must(t, err)
	t.Cleanup(func() { _ = h.Close() }) // some tests take the store away before
	h.mux.Handle(c.PathPrefix+"/", h.Handler())
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// account makes an account with a confirmed address.
func (h *house) account(email, name string) store.User {
	h.t.Helper()
	user, err := h.Flow().CreateUser(h.t.Context(), flow.NewUser{Email: email, Name: name, Password: secret, Verified: true})
	must(h.t, err)
	return user
}

// settle waits until all jobs are decided and all mails are in the mailbox.
func (h *house) settle() {
	h.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		var state store.OutboxState
		must(h.t, h.Flow().Store.View(h.t.Context(), func(tx *store.Tx) (err error) {
			state, err = tx.Outbox(h.t.Context())
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

var linkInMail = regexp.MustCompile(`(https?://[^\s/]+)(/[a-z/]+)\?token=([A-Za-z0-9_-]{43})`)

// letters are the mails to an address, the newest first.
func (h *house) letters(to string) (all []mail.Delivered) {
	h.t.Helper()
	h.settle()
	mailbox, err := h.Flow().Mail.Mailbox(h.t.Context())
	must(h.t, err)
	for _, m := range mailbox {
		if m.To == to {
			all = append(all, m)
		}
	}
	return all
}

// mailed is the token of the newest link to a page of ours that was mailed to an address; empty when there is none.
func (h *house) mailed(to, page string) string {
	h.t.Helper()
	for _, m := range h.letters(to) {
		for _, found := range linkInMail.FindAllStringSubmatch(m.Text, -1) {
			if found[2] == h.Settled().Prefixed(page) {
				return found[3]
			}
		}
	}
	return ""
}

// browser is somebody who asks over HTTP: with the cookies that they were given, or with a bearer token.
type browser struct {
	h       *house
	addr    string
	cookies map[string]string
	bearer  string
}

var addresses atomic.Int64

// stranger is a browser at an address of its own that was never here.
func (h *house) stranger() *browser {
	n := addresses.Add(1)
	return &browser{h: h, addr: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255), cookies: map[string]string{}}
}

// answer is a response, read to its end.
type answer struct {
	*http.Response
	body string
}

func (a answer) location() string { return a.Header.Get("Location") }

// request makes a request as a browser would: one that goes somewhere, unless it is for JSON.
func (b *browser) request(method, path, kind, body string) *http.Request {
	origin := b.h.Settled().Origin()
	r := httptest.NewRequestWithContext(context.Background(), method, origin+path, strings.NewReader(body))
	r.RequestURI = path // as over a line
	r.RemoteAddr = b.addr + ":4711"
	r.Header.Set("Accept-Language", "en")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if b.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+b.bearer)
		return r
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method != http.MethodGet && method != http.MethodHead {
		r.Header.Set("Origin", origin)
	}
	if kind == "application/json" || strings.Contains(path, "/api/") {
		r.Header.Set("Sec-Fetch-Mode", "cors")
		return r
	}
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	return r
}

// send sends a request to a handler and keeps the cookies.
func (b *browser) send(to http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	to.ServeHTTP(w, r)
	resp := w.Result()
	body, err := io.ReadAll(resp.Body)
	must(b.h.t, err)
	for _, c := range resp.Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return answer{resp, string(body)}
}

// ask asks Gatehouse itself; the path is below the prefix.
func (b *browser) ask(method, path, kind, body string) answer {
	return b.send(b.h.mux, b.request(method, b.h.Settled().Prefixed(path), kind, body))
}

// signIn signs the browser in by the pages.
func (b *browser) signIn(email string) *browser {
	b.h.t.Helper()
	if r := (&pages{b}).login(gatehouse.Login{Identifier: email, Password: secret}); r.step != gatehouse.SignedIn {
		b.h.t.Fatalf("log-in of %s: %v", email, r)
	}
	return b
}
