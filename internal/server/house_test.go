package server

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
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

const chromium = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// house is the real server on a real socket and a store of its own. Only hashing is cheap, and the clock is the test's.
type house struct {
	*Server
	t         *testing.T
	dsn       string
	clock     *fixture.Clock
	journal   *journal
	document  openAPIDocument
	transport *http.Transport
	address   string // where it listens
	stop      func() // ends it; nil error or the test fails
	trouble   *atomic.Bool
}

func newHouse(t *testing.T, set ...func(*config.Config)) *house {
	t.Helper()
	l := listen(t)
	h := &house{
		t: t, clock: fixture.NewClock(), journal: &journal{}, address: l.Addr().String(),
		trouble: &atomic.Bool{},
	}
	h.transport = h.dial()
	c := config.Defaults()
	c.Database, c.SiteName = "sqlite:"+filepath.Join(t.TempDir(), "gatehouse.db"), "Rosewood"
	c.Argon2Memory, c.Argon2Time, c.Limits = 64<<10, 1, "off"
	for _, f := range set {
		f(&c)
	}
	if wrong := c.Validate(); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	must(t, c.Finish(l.Addr()))
	h.dsn = c.Database
	log := slog.New(slog.NewJSONHandler(h.journal, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	h.Server, err = Open(t.Context(), c, log, Options{Version: "1.2.3", Clock: h.clock.Now})
	must(t, err)
	h.document = readDocument(t, h.openAPI)
	h.start(l)
	return h
}

// dial is a transport that finds the house whatever name it is asked for.
func (h *house) dial() *http.Transport {
	address := h.address
	return &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return l
}

func (h *house) start(l net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, l) }()
	t := h.t
	h.stop = sync.OnceFunc(func() {
		h.transport.CloseIdleConnections()
		cancel()
		if err := <-served; err != nil {
			t.Error("Serve:", err)
		}
		if err := h.Close(); err != nil && !h.trouble.Load() {
			t.Error("Close:", err)
		}
	})
	t.Cleanup(func() {
		h.stop()
		h.journal.check(t)
	})
}

func onPostgres(t *testing.T) func(*config.Config) {
	dsn := pgtest.DSN(t)
	return func(c *config.Config) {
		c.Database, c.SecretKeys = dsn, []config.Secret{config.Secret(seal.Generate())}
	}
}

// secure is a site behind a proxy that ends TLS. Mails go to the mailbox.
func secure(c *config.Config) { c.BaseURL, c.Dev = "https://id.example.com", config.On }

func below(c *config.Config) { c.PathPrefix = "/auth" }

// everywhere runs a test in two houses that differ in all that a row could trip over: one on SQLite, at the root and over http, one on
// PostgreSQL, below a path and over https.
func everywhere(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	t.Run("SQLite, at the root, http", func(t *testing.T) {
		t.Parallel()
		test(t, newHouse(t))
	})
	t.Run("PostgreSQL, below a path, https", func(t *testing.T) {
		t.Parallel()
		test(t, newHouse(t, onPostgres(t), secure, below))
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// journal is the log, and all that must not be in it.
type journal struct {
	fixture.Journal
	mu      sync.Mutex
	secrets map[string]bool
}

func (j *journal) lines() []string { return strings.Split(strings.TrimRight(j.String(), "\n"), "\n") }

func (j *journal) hide(secrets ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.secrets == nil {
		j.secrets = map[string]bool{secret: true, another: true, wrong: true}
	}
	for _, s := range secrets {
		j.secrets[s] = true
	}
}

// check holds the log of every test against every secret that went over the line in it (P-235), and sees that each entry is one line of JSON
// (P-238).
func (j *journal) check(t *testing.T) {
	t.Helper()
	all := j.String()
	for s := range j.secrets {
		if strings.Contains(all, s) {
			t.Errorf("P-235: the log tells the secret %q", s)
		}
	}
	for _, line := range j.lines() {
		if line != "" && !stdjson.Valid([]byte(line)) {
			t.Errorf("P-238: a line of the log is no JSON: %q", line)
		}
	}
}

// client is a browser with its cookies, or a native client with its bearer token.
type client struct {
	h       *house
	cookies map[string]string
	bearer  string
	native  bool
}

func (h *house) browser() *client { return &client{h: h, cookies: map[string]string{}} }

func (h *house) native() *client { return &client{h: h, native: true} }

// answer is a response, read to its end.
type answer struct {
	*http.Response
	body string
}

// location is where the answer leads, without the code that binds a notice to its browser.
func (a answer) location() string { return noticeCode.ReplaceAllString(a.Header.Get("Location"), "$1") }

var noticeCode = regexp.MustCompile(`(notice=[a-z_]+)\.[A-Za-z0-9_-]{43}`)

// at is the value at the end of a path of names in a JSON body, as text.
func (a answer) at(names ...string) string { return fixture.At(a.body, names...) }

func (a answer) code() string { return a.at("code") }

// cookie is what the answer sets under the name that ends so; ok is whether it sets anything.
func (a answer) cookie(h *house, end string) (c *http.Cookie, ok bool) {
	for _, c := range a.Cookies() {
		if c.Name == h.cookieName(end) {
			return c, true
		}
	}
	return nil, false
}

func (h *house) cookieName(end string) string {
	if h.config.Secure() {
		return "__Host-gatehouse" + end
	}
	return "gatehouse" + end
}

func (h *house) host() string {
	_, host, _ := strings.Cut(h.config.Origin(), "://")
	return host
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

func form(fields map[string]string) (kind, body string) {
	values := url.Values{}
	for name, value := range fields {
		values.Set(name, value)
	}
	return formType, values.Encode()
}

// request makes a request as the client would. The path is below the prefix.
func (c *client) request(method, path, kind, body string, change ...func(*http.Request)) *http.Request {
	c.h.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+c.h.host()+c.h.config.Prefixed(path), strings.NewReader(body))
	must(c.h.t, err)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if c.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	if !c.native {
		c.asChromium(r, path)
	}
	for _, f := range change {
		f(r)
	}
	return r
}

// asChromium adds what the browser sends by itself: from a page for what is below /api, else as a person who clicks.
func (c *client) asChromium(r *http.Request, path string) {
	for name, value := range c.cookies {
		r.Header.Add("Cookie", name+"="+value)
	}
	if cookies := r.Header["Cookie"]; len(cookies) > 0 {
		r.Header["Cookie"] = []string{strings.Join(cookies, "; ")}
	}
	set := func(site, mode, dest, accept string) {
		r.Header.Set("Sec-Fetch-Site", site)
		r.Header.Set("Sec-Fetch-Mode", mode)
		r.Header.Set("Sec-Fetch-Dest", dest)
		r.Header.Set("Accept", accept)
	}
	switch {
	case strings.HasPrefix(path, "/api/"):
		set("same-origin", "cors", "empty", "*/*")
	case r.Method == http.MethodPost:
		set("same-origin", "navigate", "document", "text/html")
	default:
		set("none", "navigate", "document", "text/html")
	}
	if unsafe(r.Method) {
		r.Header.Set("Origin", c.h.config.Origin())
	}
	r.Header.Set("User-Agent", chromium)
	r.Header.Set("Accept-Language", "en")
}

// asProgram is a request that no person waits for.
func asProgram(r *http.Request) {
	r.Header.Set("Accept", "*/*")
	r.Header.Del("Sec-Fetch-Mode")
}

// do sends a request and looks at what every answer must have.
func (c *client) do(method, path, kind, body string, change ...func(*http.Request)) answer {
	c.h.t.Helper()
	r := c.request(method, path, kind, body, change...)
	resp, err := c.h.transport.RoundTrip(r)
	must(c.h.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	must(c.h.t, err)
	a := answer{resp, string(text)}
	c.h.look(r, a)
	for _, cookie := range a.Cookies() {
		if c.cookies == nil {
			break
		}
		if c.cookies[cookie.Name] = cookie.Value; cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		}
	}
	return a
}

func (c *client) get(path string, change ...func(*http.Request)) answer {
	c.h.t.Helper()
	return c.do(http.MethodGet, path, "", "", change...)
}

// call sends JSON to the API.
func (c *client) call(method, path, body string, change ...func(*http.Request)) answer {
	c.h.t.Helper()
	kind := jsonType
	if body == "" {
		kind = ""
	}
	return c.do(method, "/api/v1"+path, kind, body, change...)
}

// want is call, and insists on a status.
func (c *client) want(status int, method, path, body string, change ...func(*http.Request)) answer {
	c.h.t.Helper()
	a := c.call(method, path, body, change...)
	if a.StatusCode != status {
		c.h.t.Fatalf("%s %s: got %d, want %d\n%s", method, path, a.StatusCode, status, a.body)
	}
	return a
}

// post sends a form as its page would: with the token that the page had.
func (c *client) post(path string, fields map[string]string, change ...func(*http.Request)) answer {
	c.h.t.Helper()
	all := map[string]string{"csrf": c.csrf()}
	for name, value := range fields {
		all[name] = value
	}
	kind, body := form(all)
	return c.do(http.MethodPost, path, kind, body, change...)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// csrf is a form token, of a page that has a form for everybody.
func (c *client) csrf() string {
	c.h.t.Helper()
	a := c.get("/forgot")
	found := csrfField.FindStringSubmatch(a.body)
	if found == nil {
		c.h.t.Fatalf("no form token: %d %s", a.StatusCode, a.body)
	}
	return found[1]
}

var people atomic.Int64

// person makes an account with a confirmed address nobody else has.
func (h *house) person() (email string) {
	h.t.Helper()
	email = fmt.Sprintf("ada.lovelace.%d@example.com", people.Add(1))
	h.journal.hide()
	_, err := h.flow.CreateUser(h.t.Context(), flow.NewUser{Email: email, Name: "Ada Lovelace", Password: secret, Verified: true})
	must(h.t, err)
	return email
}

func credentials(email, password string) string {
	return fmt.Sprintf(`{"identifier":%q,"password":%q}`, email, password)
}

// signIn signs somebody in and returns the client.
func (c *client) signIn(email string) *client {
	c.h.t.Helper()
	body := credentials(email, secret)
	if c.native {
		body = strings.Replace(body, "{", `{"transport":"token",`, 1)
	}
	a := c.want(200, "POST", "/login", body)
	if c.native {
		c.bearer = a.at("session", "token")
	}
	return c
}

// member is a browser in which a new person is signed in.
func (h *house) member() *client {
	h.t.Helper()
	return h.browser().signIn(h.person())
}

func (c *client) session() string {
	c.h.t.Helper()
	return c.want(200, "GET", "/session", "").at("session", "id")
}

// settle waits until all jobs are decided and all mails are in the mailbox.
func (h *house) settle() {
	h.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		var state store.OutboxState
		must(h.t, h.store.View(h.t.Context(), func(tx *store.Tx) (err error) {
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

// mailed is the newest link to a page of ours that was mailed to an address, and its token.
func (h *house) mailed(to, page string) (link, token string) {
	h.t.Helper()
	h.settle()
	all, err := h.mail.Mailbox(h.t.Context())
	must(h.t, err)
	for _, m := range all {
		for _, found := range linkInMail.FindAllStringSubmatch(m.Text, -1) {
			if m.To == to && found[2] == h.config.Prefixed(page) {
				h.journal.hide(found[3])
				return found[0], found[3]
			}
		}
	}
	h.t.Fatalf("no link to %s was mailed to %s", page, to)
	return "", ""
}

// signUp signs somebody up by the API, opens the link and returns the browser.
func (h *house) signUp(email string) *client {
	h.t.Helper()
	b := h.browser()
	b.want(202, "POST", "/signup", fmt.Sprintf(`{"email":%q,"password":%q,"name":"Ada Lovelace"}`, email, secret))
	_, token := h.mailed(email, "/verify")
	b.want(200, "POST", "/verify", fmt.Sprintf(`{"token":%q}`, token))
	return b
}
