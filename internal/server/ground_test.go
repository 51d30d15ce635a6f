package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// endless is a body that never ends.
type endless struct{ sent int }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	e.sent += len(b)
	return len(b), nil
}

// M-203: a body that is too large is refused when 64 KiB of it are read, whatever was said of its length; one that is packed is not unpacked.
func TestLargeBodiesAreRefusedEarly(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		member := h.member()
		csrf := member.csrf()
		before := h.state()
		for _, r := range h.table {
			if !unsafe(r.method) || r.audience != page && r.audience != json {
				continue
			}
			kind := jsonType
			if r.audience == page {
				kind = formType
			}
			send := func(body io.Reader, length int64, change ...func(*http.Request)) int {
				q, w := member.request(r.method, h.pathOf(r), kind, "", change...), httptest.NewRecorder()
				q.Body, q.ContentLength, q.RequestURI, q.RemoteAddr = io.NopCloser(body), length, "", "127.0.0.1:1"
				h.Handler().ServeHTTP(w, q)
				return w.Code
			}
			told, untold := &endless{}, &endless{}
			for name, got := range map[string]int{
				"10 MiB":  send(told, 10<<20),
				"endless": send(untold, -1),
				"64 KiB and one": send(strings.NewReader("csrf="+csrf+"&x="+strings.Repeat("x", visit.BodyLimit+1-len(csrf)-8)),
					visit.BodyLimit+1),
				"more than was told": send(strings.NewReader(strings.Repeat("x", visit.BodyLimit+1)), 5),
			} {
				if got != 413 {
					t.Errorf("%s %s, %s: %d", r.method, r.path, name, got)
				}
			}
			if told.sent > 0 || untold.sent > visit.BodyLimit+4096 {
				t.Errorf("%s %s: %d and %d bytes were read", r.method, r.path, told.sent, untold.sent)
			}
			for _, encoding := range []string{"gzip", "deflate", "br", "zstd", "gzip, identity"} {
				if got := send(strings.NewReader("\x1f\x8b"), 2, headers("Content-Encoding", encoding)); got != 415 {
					t.Errorf("%s %s as %s: %d", r.method, r.path, encoding, got)
				}
			}
		}
		h.unchanged(before, "a large body")
	})
}

// The connection of who goes on sending is closed: the rest of the body is not read to find the next request.
func TestALargeBodyEndsTheConnection(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, head := range map[string]string{
		"told":    h.lines("POST", "/api/v1/login", "Content-Type: application/json", "Content-Length: 10485760"),
		"endless": h.lines("POST", "/api/v1/login", "Content-Type: application/json", "Transfer-Encoding: chunked"),
	} {
		conn, err := net.Dial("tcp", h.address)
		must(t, err)
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = io.WriteString(conn, strings.Replace(head, "Connection: close\r\n", "", 1))
		go func() {
			for chunk := "10000\r\n" + strings.Repeat(" ", 0x10000) + "\r\n"; ; {
				if _, err := io.WriteString(conn, chunk); err != nil {
					return
				}
			}
		}()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != 413 || !resp.Close {
			t.Errorf("%s: %v %v", name, resp, err)
		}
		_, _ = io.Copy(io.Discard, conn) // until it is closed
		_ = conn.Close()
	}
}

// M-204: bodies that are no well-formed object of ours.
func TestBodiesThatAreNoJSON(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser()
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"as deep as it fits":    {strings.Repeat(`{"a":`, 10_000), 400},
		"deep lists":            {strings.Repeat(`[`, 60_000), 400},
		"many names":            {"{" + strings.Repeat(`"a":1,`, 9000) + `"a":1}`, 400},
		"a long number":         {`{"identifier":` + strings.Repeat("9", 60_000) + "}", 422},
		"bad UTF-8":             {"{\"identifier\":\"\xff\",\"password\":\"x\"}", 400},
		"half a surrogate":      {`{"identifier":"\ud800","password":"x"}`, 400},
		"something behind":      {credentials("a@example.com", wrong) + "{}", 400},
		"a byte order mark":     {"\ufeff" + credentials("a@example.com", wrong), 400},
		"a name twice":          {`{"identifier":"a@example.com","identifier":"b@example.com","password":"x"}`, 400},
		"a name in other case":  {`{"Identifier":"a@example.com","password":"x"}`, 422},
		"an unknown name":       {`{"identifier":"a@example.com","password":"x","admin":true}`, 422},
		"a list for a text":     {`{"identifier":["a@example.com"],"password":"x"}`, 422},
		"null":                  {`null`, 400},
		"a text":                {`"x"`, 400},
		"nothing but spaces":    {`   `, 400},
		"a comment":             {`{/**/}`, 400},
		"single quotes":         {`{'identifier':'a'}`, 400},
		"NaN":                   {`{"identifier":NaN}`, 400},
		"a NUL in an address":   {`{"identifier":"a\u0000@example.com","password":"x"}`, 422},
		"a megabyte of nothing": {strings.Repeat(" ", 1<<20), 413},
	} {
		if a := b.call("POST", "/login", c.body); a.StatusCode != c.want {
			t.Errorf("%s: %d, not %d: %s", name, a.StatusCode, c.want, a.body)
		}
	}
}

// I-141, I-153: forms are read as strictly: each field once, all of it UTF-8, nothing of the query.
func TestFormsThatAreNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.member()
	csrf := b.csrf()
	for name, c := range map[string]struct {
		query, body string
		want        int
	}{
		"a field twice":           {"", "csrf=" + csrf + "&name=a&name=b", 400},
		"bad UTF-8":               {"", "csrf=" + csrf + "&name=%ff", 400},
		"a bad escape":            {"", "csrf=" + csrf + "&name=%zz", 400},
		"a semicolon":             {"", "csrf=" + csrf + ";name=a", 400},
		"too many fields":         {"", "csrf=" + csrf + "&" + strings.Repeat("&", 10) + many(200), 400},
		"all of it in the query":  {"?csrf=" + csrf + "&name=Eve", "", 403},
		"the token in the query":  {"?csrf=" + csrf, "name=Eve", 403},
		"the name in the query":   {"?name=Eve", "csrf=" + csrf, 303},
		"a NUL":                   {"", "csrf=" + csrf + "&name=a%00b", 422},
		"a list, as PHP reads it": {"", "csrf=" + csrf + "&name[]=Eve", 303},
	} {
		if a := b.do("POST", "/account/profile"+c.query, formType, c.body); a.StatusCode != c.want {
			t.Errorf("%s: %d, not %d: %s", name, a.StatusCode, c.want, a.body)
		}
	}
	if got := b.want(200, "GET", "/account", "").at("name"); got != "Ada Lovelace" {
		t.Errorf("the name is now %s", got)
	}
}

func many(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("f%d=1", i))
	}
	return strings.Join(all, "&")
}

// M-205: who sends headers or a body too slowly is dropped within 15 s, and nobody waits for them meanwhile.
func TestSlowClientsAreDropped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var slow sync.WaitGroup
	for name, head := range map[string]string{
		"nothing at all":    "",
		"slow headers":      "GET /login HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
		"slow body":         h.lines("POST", "/api/v1/login", "Content-Type: application/json", "Content-Length: 1000") + `{"identifier":"`,
		"slow chunks":       h.lines("POST", "/api/v1/login", "Content-Type: application/json", "Transfer-Encoding: chunked") + "1\r\n{\r\n",
		"slow body of none": h.lines("POST", "/nowhere", "Content-Length: 1000"),
	} {
		for range 20 {
			slow.Go(func() {
				conn, err := net.Dial("tcp", h.address)
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = conn.Close() }()
				began := time.Now()
				_, _ = io.WriteString(conn, head)
				go func() {
					for time.Since(began) < 20*time.Second {
						if _, err := io.WriteString(conn, map[bool]string{true: "1\r\n \r\n", false: "a"}[name == "slow chunks"]); err != nil {
							return
						}
						time.Sleep(500 * time.Millisecond)
					}
				}()
				_ = conn.SetReadDeadline(began.Add(20 * time.Second))
				_, _ = io.Copy(io.Discard, conn)
				if took := time.Since(began); took > 17*time.Second {
					t.Errorf("%s: still there after %v", name, took)
				}
			})
		}
	}
	for range 20 {
		if a := h.browser().get("/login"); a.StatusCode != 200 {
			t.Errorf("somebody else gets %d", a.StatusCode)
		}
	}
	slow.Wait()
}

// M-206: headers that are too large are refused before anything is made of them.
func TestLargeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, line := range map[string]string{
		"1 MiB":          "X-Large: " + strings.Repeat("x", 1<<20),
		"10,000 cookies": "Cookie: " + strings.Repeat("gatehouse=x; ", 10_000),
		"a long token":   "Authorization: Bearer " + strings.Repeat("x", 64<<10),
	} {
		conn, err := net.Dial("tcp", h.address)
		must(t, err)
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		go func() { _, _ = io.WriteString(conn, h.lines("GET", "/login", line)) }()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != 431 {
			t.Errorf("%s: %v %v", name, resp, err)
		}
		_ = conn.Close()
	}
	if a := h.raw(h.lines("GET", "/"+strings.Repeat("x", 64<<10)), false); a.StatusCode != 431 {
		t.Errorf("a long path: %d", a.StatusCode)
	}
}

// M-208: who only looks costs no row in any table, however often.
func TestLookingCostsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := h.state()
	var looking sync.WaitGroup
	for range 4 {
		looking.Go(func() {
			for range 500 {
				h.browser().get("/login")
			}
		})
	}
	looking.Wait()
	h.unchanged(before, "a look at the log-in page")
	if events := h.count("events"); events != 0 {
		t.Errorf("%d events", events)
	}
}

func (h *house) count(table string) int {
	h.t.Helper()
	return len(h.state()[table])
}

// OPTIONS * is answered by us, with our headers, and not by net/http.
func TestOptionsOfAllIsAnAnswerLikeAllOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if a := h.raw(h.lines("OPTIONS", "*"), true); a.StatusCode != 404 {
		t.Errorf("%d", a.StatusCode)
	}
	for _, target := range []string{"http://evil.example/login", "login", "?x", "//"} {
		if a := h.raw(h.lines("GET", target), false); a.StatusCode >= 500 {
			t.Errorf("%s: %d", target, a.StatusCode)
		}
	}
	if a := h.raw("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n", false); a.StatusCode != 404 {
		t.Errorf("CONNECT: %d", a.StatusCode)
	}
}

// The probes are at the root also below a path, need no session and no store to say that the process lives.
func TestProbes(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*config.Config){"at the root": func(*config.Config) {}, "below a path": below} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, set)
			ask := func(path string) int { return h.raw(h.lines("GET", path), true).StatusCode }
			for _, path := range []string{"/healthz", "/readyz", h.config.Prefixed("/healthz"), h.config.Prefixed("/readyz")} {
				if got := ask(path); got != 200 {
					t.Errorf("%s: %d", path, got)
				}
			}
			h.trouble.Store(true)
			h.draining.Store(true)
			if ask("/healthz") != 200 || ask("/readyz") != 503 {
				t.Error("while it drains, it lives and is not ready")
			}
			h.draining.Store(false)
			must(t, h.store.Close())
			if ask("/healthz") != 200 || ask("/readyz") != 503 {
				t.Error("without its store, it lives and is not ready")
			}
		})
	}
}

// A store that is down is 503 for everybody and everything that needs it, never «wrong password», «signed out» or «unknown link», and says nothing of
// our inside (P-240). It is the driver's own error here, of a PostgreSQL that was killed; when that is back, so are we.
func TestAStoreThatIsDownIs503(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Cluster(t, false)
	h := newHouse(t, func(c *config.Config) {
		c.Database, c.SecretKeys = cluster.DSN(), []config.Secret{config.Secret(seal.Generate())}
	})
	email := h.person()
	b, n := h.browser().signIn(email), h.native().signIn(email)
	csrf := b.csrf()
	h.trouble.Store(true)
	cluster.Kill()
	time.Sleep(800 * time.Millisecond) // until the cache is not trusted any more
	for _, r := range h.table {
		if r.audience == static || r.path == "/healthz" || r.path == devOpenPath {
			continue
		}
		for _, c := range []*client{b, n} {
			kind, body := h.bodyOf(r, csrf)
			a := c.do(r.method, h.pathOf(r), kind, body)
			if a.StatusCode != 503 || a.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s %s: %d %v %.200s", r.method, r.path, a.StatusCode, a.Cookies(), a.body)
			}
		}
	}
	refused := h.browser().call("POST", "/login", credentials(email, secret))
	if refused.StatusCode != 503 || refused.code() != "unavailable" {
		t.Errorf("%d %s", refused.StatusCode, refused.body)
	}
	time.Sleep(time.Second) // several times it was tried to record that, in vain
	cluster.Start()
	for end := time.Now().Add(20 * time.Second); b.call("GET", "/session", "").StatusCode != 200; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come back")
		}
	}
	h.browser().want(200, "POST", "/login", credentials(email, secret))
	if cause := h.recorded(refused.at("reference")); cause != "our_own_trouble" {
		t.Errorf("the code that was shown meanwhile leads to %s", cause)
	}
}

// N-225 in the small: told to stop under parallel log-ins, it finishes what it has accepted. Whoever was answered «signed in» is; whoever was not
// got a clean error; nothing is left running.
func TestAStopFinishesWhatWasAccepted(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		email := h.person()
		h.trouble.Store(true)
		var mu sync.Mutex
		var given []string
		var working sync.WaitGroup
		stopped, cancel := context.WithCancel(context.Background())
		for range 16 {
			working.Go(func() {
				for stopped.Err() == nil {
					r := h.native().request("POST", "/api/v1/login", jsonType, strings.Replace(credentials(email, secret), "{", `{"transport":"token",`, 1))
					resp, err := h.transport.RoundTrip(r)
					if err != nil {
						continue // not accepted
					}
					text, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					a := answer{resp, string(text)}
					switch {
					case err != nil, resp.StatusCode != 200 && resp.StatusCode != 503:
						t.Errorf("cut off or wrong: %v %d %s", err, resp.StatusCode, text)
					case resp.StatusCode == 200:
						mu.Lock()
						given = append(given, a.at("session", "token"))
						mu.Unlock()
					}
				}
			})
		}
		time.Sleep(200 * time.Millisecond)
		h.stop()
		cancel()
		working.Wait()
		if len(given) < 5 {
			t.Fatalf("only %d log-ins: too few to tell", len(given))
		}
		again := newHouse(t, func(c *config.Config) {
			c.Database, c.SecretKeys, c.BaseURL, c.Dev, c.PathPrefix = h.dsn, h.config.SecretKeys, h.config.BaseURL, config.On, h.config.PathPrefix
		})
		recent := given[max(0, len(given)-50):] // an account has a hundred sessions at most
		for _, token := range recent {
			again.native().want(200, "GET", "/session", "", bearer(token))
		}
	})
}

// N-225: a request whose body is still on its way when the stop comes is answered in full. The server asks for the body (100 Continue), so that it is
// certain that the request was accepted before.
func TestAStopWaitsForARequestThatIsUnderWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	body := credentials(h.person(), secret)
	conn, err := net.Dial("tcp", h.address)
	must(t, err)
	defer func() { _ = conn.Close() }()
	must(t, conn.SetDeadline(time.Now().Add(14*time.Second)))
	_, err = io.WriteString(conn, h.lines("POST", "/api/v1/login", "Content-Type: application/json", "Expect: 100-continue", fmt.Sprintf("Content-Length: %d", len(body))))
	must(t, err)
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatal(line, err)
	}
	_, _ = answers.ReadString('\n')
	stopped := make(chan struct{})
	go func() { h.stop(); close(stopped) }()
	for { // until nothing new is taken
		another, err := net.Dial("tcp", h.address)
		if err != nil {
			break
		}
		_ = another.Close()
		time.Sleep(5 * time.Millisecond)
	}
	_, err = io.WriteString(conn, body)
	must(t, err)
	resp, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal("it was cut off:", err)
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != 200 || !strings.HasSuffix(string(text), "}") {
		t.Errorf("%d %s %v", resp.StatusCode, text, err)
	}
	<-stopped
}
