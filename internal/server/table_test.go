package server

import (
	"cmp"
	"database/sql"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// The tests over the whole table: a new row is in all of them without being named. A row that needs what they can't make up fails here and
// says so.

// parameters stand in for what is in braces in a path.
var parameters = map[string]string{"{id}": "7f0c1a52-6f0e-4f7b-9d3c-0a8e5b2f4c11", "{file}": "app.css"}

// samples are well-formed values for every member of a body and every field of a form. The links and passwords are nobody's.
var samples = map[string]string{
	"email": "nobody@example.com", "identifier": "nobody@example.com", "username": "nobody", "name": "Nobody", "locale": "en",
	"password": another, "current_password": wrong, "new_password": another, "token": strings.Repeat("A", 43), "id": parameters["{id}"],
	"return_to": "/", "then": "verify",
}

// pathOf is a path that a row answers.
func (h *house) pathOf(r route) string {
	h.t.Helper()
	path := r.path
	for name, value := range parameters {
		path = strings.ReplaceAll(path, name, value)
	}
	if strings.Contains(path, "{") {
		h.t.Fatalf("%s: add a sample for its parameter to the variable parameters", r.path)
	}
	return path
}

// bodyOf is a body that a row reads without complaint.
func (h *house) bodyOf(r route, csrf string) (kind, body string) {
	h.t.Helper()
	switch {
	case !unsafe(r.method):
		return "", ""
	case r.audience == page || r.audience == dev:
		fields := map[string]string{"csrf": csrf}
		for name, value := range samples {
			fields[name] = value
		}
		return form(fields)
	case r.endpoint == nil || r.endpoint.In == nil:
		return "", ""
	}
	members := map[string]string{}
	for i := range r.endpoint.In.NumField() {
		f := r.endpoint.In.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		value, known := samples[name]
		if f.Tag.Get("req") == "" && f.Type.Kind() != reflect.String || f.Tag.Get("one") != "" || name == "pending_token" {
			continue
		}
		if f.Type.Kind() == reflect.Pointer {
			continue
		}
		if !known {
			h.t.Fatalf("%s %s: add a sample for its member %s to the variable samples", r.method, r.path, name)
		}
		if name != "username" && name != "current_password" && name != "new_password" || f.Tag.Get("req") != "" {
			members[name] = value
		}
	}
	text, err := stdjson.Marshal(members)
	must(h.t, err)
	return jsonType, string(text)
}

// ask sends a row's request as its own page or program would.
func (c *client) ask(r route, change ...func(*http.Request)) answer {
	c.h.t.Helper()
	csrf := ""
	if unsafe(r.method) && (r.audience == page || r.audience == dev) && !c.native {
		csrf = c.csrf()
	}
	kind, body := c.h.bodyOf(r, csrf)
	return c.do(r.method, c.h.pathOf(r), kind, body, change...)
}

// state is all that is in the store, by table, but for what may change at any time: when a session was last used, and the record of refusals.
func (h *house) state() map[string][]string {
	h.t.Helper()
	h.settle()
	return h.dump(" WHERE kind <> 'refused'")
}

// dump is all that is in the store, but for the events that are not asked for.
func (h *house) dump(events string) map[string][]string {
	h.t.Helper()
	driver, source, list := "sqlite3", "file:"+strings.TrimPrefix(h.dsn, "sqlite:"), `SELECT name FROM sqlite_master WHERE type = 'table'`
	if h.store.Engine() == "postgres" {
		driver, source, list = "pgx", h.dsn, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	}
	db, err := sql.Open(driver, source)
	must(h.t, err)
	defer func() { _ = db.Close() }()
	all := map[string][]string{}
	for _, row := range h.rows(db, list) {
		name := strings.TrimSpace(row)
		query := `SELECT * FROM ` + name
		if name == "events" {
			query += events
		}
		all[name] = h.rows(db, query)
	}
	if len(all) < 8 {
		h.t.Fatalf("there are more tables than %v", all)
	}
	return all
}

func (h *house) rows(db *sql.DB, query string) (texts []string) {
	h.t.Helper()
	rows, err := db.QueryContext(h.t.Context(), query)
	must(h.t, err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	must(h.t, err)
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		must(h.t, rows.Scan(into...))
		text := ""
		for i, v := range values {
			if columns[i] != "seen_at" {
				text += fmt.Sprintf("%s ", v)
			}
		}
		texts = append(texts, text)
	}
	must(h.t, rows.Err())
	slices.Sort(texts)
	return texts
}

// unchanged fails when the store holds something else than before.
func (h *house) unchanged(before map[string][]string, what string) {
	h.t.Helper()
	after := h.state()
	for table := range after {
		if !slices.Equal(before[table], after[table]) {
			h.t.Errorf("%s changed %s from\n%s\nto\n%s", what, table, strings.Join(before[table], "\n"), strings.Join(after[table], "\n"))
		}
	}
}

// methods are those that some row has, and some that none has.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"}

// Every answer there is goes through look: of each row for a browser, a native client and a stranger, of each method on each path, of
// paths that are not there.
func TestEveryAnswerHasItsHeaders(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		for _, r := range h.table {
			for _, c := range []*client{h.browser(), h.member(), h.native().signIn(h.person())} {
				if a := c.ask(r); a.StatusCode == 405 || a.StatusCode == 404 && r.audience != dev && r.audience != devAPI && !ofOne(r) {
					t.Errorf("%s %s is not found: %d", r.method, r.path, a.StatusCode)
				}
			}
		}
		for _, path := range []string{"/nowhere", "/api/nowhere", "/api/v1/nowhere", "/static/nowhere.css", "/account/", "/api/v1/", "/.well-known/x"} {
			if a := h.browser().get(path); a.StatusCode != 404 {
				t.Errorf("%s: %d", path, a.StatusCode)
			}
		}
	})
}

// ofOne reports whether a row is about one thing of one's own; that of the samples is nobody's.
func ofOne(r route) bool {
	return strings.Contains(r.path, "{id}") || r.path == "/account/sessions/end"
}

func TestAWrongMethodIsRefusedWithThoseThatThereAre(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		byPath := map[string][]string{}
		for _, r := range h.table {
			path := h.pathOf(r)
			byPath[path] = append(byPath[path], r.method)
			if r.method == get {
				byPath[path] = append(byPath[path], "HEAD")
			}
		}
		b := h.browser()
		for path, there := range byPath {
			for _, method := range methods {
				if slices.Contains(there, method) {
					continue
				}
				a := b.do(method, path, "", "", asProgram)
				if a.StatusCode == 404 && strings.Contains(path, "/dev/") { // nobody learns what there would be
					continue
				}
				if a.StatusCode != 405 {
					t.Errorf("%s %s: %d", method, path, a.StatusCode)
				}
				allowed := strings.Split(a.Header.Get("Allow"), ", ")
				slices.Sort(allowed)
				slices.Sort(there)
				if !slices.Equal(allowed, there) {
					t.Errorf("%s %s: Allow is %v, not %v", method, path, allowed, there)
				}
			}
		}
	})
}

// HEAD is GET without the body, and neither changes anything: link previews, mail scanners (F-078) and browsers that fetch ahead ask for
// whatever they see.
func TestSafeMethodsChangeNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		member := h.member()
		email := "waits@example.com"
		h.browser().want(202, "POST", "/signup", fmt.Sprintf(`{"email":%q,"password":%q}`, email, secret))
		_, token := h.mailed(email, "/verify")
		before := h.state()
		for _, r := range h.table {
			if r.method != get {
				continue
			}
			for _, query := range []string{"", "?token=" + token, "?token=x&notice=welcome&return_to=/x&sent=1"} {
				for _, jar := range []map[string]string{{}, member.cookies} {
					c := func() *client { return &client{h: h, cookies: clone(jar)} }
					whole, head := c().get(h.pathOf(r)+query), c().do("HEAD", h.pathOf(r)+query, "", "")
					if whole.StatusCode != head.StatusCode || !slices.Equal(names(whole), names(head)) {
						t.Errorf("%s%s: GET says %d %v, HEAD says %d %v", r.path, query, whole.StatusCode, names(whole), head.StatusCode, names(head))
					}
					if whole.StatusCode == 405 || whole.StatusCode == 403 && r.path != "/api/v1/account/export" {
						t.Errorf("%s%s: %d", r.path, query, whole.StatusCode)
					}
				}
			}
		}
		h.unchanged(before, "a safe method")
	})
}

func clone(m map[string]string) map[string]string {
	c := map[string]string{}
	for k, v := range m {
		c[k] = v
	}
	return c
}

// names are the headers of an answer but for those that only go with a body.
func names(a answer) (all []string) {
	for name := range a.Header {
		if name != "Content-Length" && name != "Transfer-Encoding" && name != "Accept-Ranges" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// D-054: the method is the method. What frameworks read out of headers, queries and forms lets a link or a form do what only a script may.
func TestAMethodElsewhereIsNoMethod(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		member := h.member()
		csrf := member.csrf()
		before := h.state()
		for _, r := range h.table {
			if !unsafe(r.method) {
				continue
			}
			override := func(q *http.Request) {
				for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
					q.Header.Set(name, r.method)
				}
				q.URL.RawQuery = "_method=" + r.method + "&method=" + r.method
			}
			for _, method := range []string{"GET", "HEAD", "POST"} {
				if method == r.method {
					continue
				}
				kind, body := h.bodyOf(r, csrf)
				fields := "_method=" + r.method + "&csrf=" + csrf
				if method == "POST" {
					kind, body = formType, fields
				}
				plain, tricky := member.do(method, h.pathOf(r), kind, body), member.do(method, h.pathOf(r), kind, body, override)
				if _, there := h.rowOf(method, h.config.Prefixed(h.pathOf(r))); there && method == "POST" {
					continue // a row of its own, which the other tests are about
				}
				if plain.StatusCode != tricky.StatusCode || method == "POST" && tricky.StatusCode != 405 {
					t.Errorf("%s %s as %s: %d, without the trick %d", r.method, r.path, method, tricky.StatusCode, plain.StatusCode)
				}
			}
		}
		h.unchanged(before, "a method that was only said")
	})
}

// withRow is a door to the same house with one more row in its table.
func (h *house) withRow(r route) *house {
	s := &Server{parts: h.parts, pages: h.pages, table: append(slices.Clone(h.table), r)}
	s.handler = s.mount()
	l := listen(h.t)
	door := &http.Server{Handler: s.handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = door.Serve(l) }()
	here := *h
	here.Server, here.address = s, l.Addr().String()
	here.transport = here.dial()
	h.t.Cleanup(func() {
		here.transport.CloseIdleConnections()
		_ = door.Close()
	})
	return &here
}

func TestAPanicIsAnAnswerLikeAllOthers(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]visit.Handler{
		"before anything is written": func(http.ResponseWriter, *http.Request, *visit.Visit) error { panic("a canary of a panic") },
		"an error that nobody knows": func(http.ResponseWriter, *http.Request, *visit.Visit) error {
			return errors.New(`pq: a canary of SQL in "users" at /tmp/x.go:12`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range []audience{page, json, static, health} {
				h := newHouse(t, below)
				h.trouble.Store(true)
				path := map[audience]string{page: "/boom", json: "/api/v1/boom", static: "/static/boom/x", health: "/boomz"}[kind]
				a := h.withRow(route{method: get, path: path, audience: kind, serve: serve}).browser().get(path)
				if a.StatusCode < 500 || strings.Contains(a.body, "canary") {
					t.Errorf("%v: %d %s", kind, a.StatusCode, a.body)
				}
				if !strings.Contains(h.journal.String(), "canary") {
					t.Error("the log does not tell what happened")
				}
				found := referenceIn.FindString(a.body)
				if found == "" {
					t.Fatalf("no reference: %s", a.body)
				}
				h.recorded(found)
			}
		})
	}
}

// recorded waits until a reference is found in the store.
func (h *house) recorded(reference string) string {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		events, err := h.flow.Explain(h.t.Context(), reference)
		if err == nil {
			return cmp.Or(events[0].Cause, "?")
		}
		if time.Now().After(end) {
			h.t.Fatalf("reference %s: %v", reference, err)
		}
	}
}
