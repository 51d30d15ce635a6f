package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// canary stands for what must not come back.
const canary = "canary-Zm9vYmFy"

// path is a route's path with an id that is nobody's.
func (r Route) path() string {
	return strings.ReplaceAll(r.Path, "{id}", "00000000-0000-4000-8000-000000000000")
}

// complete is a body that is right in form.
func (r Route) complete() map[string]any {
	body := map[string]any{}
	if in := r.Endpoint.In; in != nil {
		for i := range in.NumField() {
			f := in.Field(i)
			if f.Tag.Get("req") != "" {
				body[f.Tag.Get("json")] = canary
			}
		}
	}
	return body
}

// with is the complete body and one more member, given as JSON.
func (r Route) with(name, value string) string {
	body := r.complete()
	body[name] = json.RawMessage(value)
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// forEachRoute runs a test for every endpoint, signed in where it must be, and insists that nothing of what was refused had an effect or
// came back.
func forEachRoute(t *testing.T, test func(t *testing.T, r Route, send func(body string, change ...func(*http.Request)) answer)) {
	t.Helper()
	h := newHouse(t)
	h.user(ada)
	stranger, signedIn := h.client(), h.signedIn(ada)
	for _, r := range h.routes { // one after the other in one house: nothing has an effect
		t.Run(r.Method+" "+r.Path, func(t *testing.T) {
			b := stranger
			if r.SignedIn {
				b = signedIn
			}
			before := h.state()
			test(t, r, func(body string, change ...func(*http.Request)) answer {
				a := b.request(r.Method, r.path(), strings.NewReader(body), change...)
				if a.Code < 400 {
					t.Errorf("%.80q was taken: %d %s", body, a.Code, a.body)
				}
				if told := a.body + a.Header().Get("Test-Fault"); strings.Contains(told, canary) {
					t.Errorf("%.80q: what was sent comes back or gets into the log: %s", body, told)
				}
				if len(a.Header().Values("Set-Cookie")) > 0 {
					t.Errorf("%.80q: cookies with a refusal: %v", body, a.Header())
				}
				return a
			})
			if after := h.state(); after != before {
				t.Errorf("something was changed:\n%s\n%s", before, after)
			}
		})
	}
}

// M-204 and the 400s of the contract, on every endpoint.
func TestWhatIsNoJSONObjectIs400Everywhere(t *testing.T) {
	t.Parallel()
	forEachRoute(t, func(t *testing.T, r Route, send func(string, ...func(*http.Request)) answer) {
		good := r.with("x", `"y"`)
		member := fmt.Sprintf(`"x":%q`, canary)
		for what, body := range map[string]string{
			"syntax": "{", "half a body": good[:len(good)-1], "a list": "[]", "null": "null", "text": `"` + canary + `"`, "spaces": "  ",
			"duplicate name": "{" + member + "," + member + "}", "duplicate by escape": `{"x":1,"\u0078":2}`,
			"trailing object": good + "{}", "trailing text": "{} " + canary, "byte order mark": "\ufeff" + good, "UTF-8": "{\"x\":\"\xff\"}",
			"half a surrogate": `{"x":"\ud800"}`, "depth": `{"x":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + "}",
			"deep": `{"x":` + strings.Repeat("[", 30_000), "form": "password=" + canary,
		} {
			if a := send(body); a.Code != 400 || a.at("code") != "malformed" {
				t.Errorf("%s: %d %s", what, a.Code, a.body)
			}
		}
	})
}

func TestWhatIsWellFormedAndWrongIs422Everywhere(t *testing.T) {
	t.Parallel()
	wrong := map[reflect.Kind][]string{
		reflect.String: {`null`, `true`, `1`, `["` + canary + `"]`, `{"a":"` + canary + `"}`},
		reflect.Bool:   {`null`, `"true"`, `1`, `0`, `[true]`},
	}
	forEachRoute(t, func(t *testing.T, r Route, send func(string, ...func(*http.Request)) answer) {
		expect := func(body, want string) {
			t.Helper()
			if a := send(body); a.Code != 422 || a.at("code") != "invalid_fields" || a.fields() != want {
				t.Errorf("%.100s: %d %s, want %s", body, a.Code, a.body, want)
			}
		}
		expect(r.with("unheard_of", `"`+canary+`"`), "unheard_of: unknown_field")
		expect(r.with("", `1`), ": unknown_field")
		expect(r.with("__proto__", `{"role":"admin"}`), "__proto__: unknown_field")
		if r.Endpoint.In == nil {
			return
		}
		for i := range r.Endpoint.In.NumField() {
			f := r.Endpoint.In.Field(i)
			name, typ := f.Tag.Get("json"), f.Type
			if typ.Kind() == reflect.Pointer {
				typ = typ.Elem()
			}
			for _, value := range wrong[typ.Kind()] {
				expect(r.with(name, value), name+": invalid_type")
			}
			shouted := string(unicode.ToUpper(rune(name[0]))) + name[1:]
			expect(r.with(shouted, `"`+canary+`"`), shouted+": unknown_field")
			if f.Tag.Get("req") != "" {
				body := r.complete()
				delete(body, name)
				text, _ := json.Marshal(body)
				expect(string(text), name+": required")
			}
			if f.Tag.Get("one") != "" {
				expect(r.with(name, `"`+canary+`"`), name+": not_allowed")
				expect(r.with(name, `""`), name+": not_allowed")
			}
		}
	})
}

// D-056. What a form or a script of a foreign site may send without asking first is no JSON to us, whatever it holds.
func TestABodyNeedsToBeCalledJSONEverywhere(t *testing.T) {
	t.Parallel()
	forEachRoute(t, func(t *testing.T, r Route, send func(string, ...func(*http.Request)) answer) {
		body, _ := json.Marshal(r.complete())
		for _, types := range [][]string{
			nil, {""}, {"text/plain"}, {"text/plain;application/json"}, {"text/plain; x=application/json"}, {"application/x-www-form-urlencoded"},
			{"multipart/form-data; boundary=a"}, {"application/json, text/plain"}, {"application/json", "text/plain"}, {"application/jsonp"},
			{"application/problem+json"}, {"json"}, {"application/json; charset"}, {"application/json;"[:16] + "\x00"},
		} {
			a := send(string(body), func(q *http.Request) { q.Header["Content-Type"] = types })
			if a.Code != 415 || a.at("code") != "unsupported_media_type" {
				t.Errorf("%q: %d %s", types, a.Code, a.body)
			}
		}
		if a := send(string(body), func(q *http.Request) { q.Header.Set("Content-Encoding", "gzip") }); a.Code != 415 {
			t.Errorf("packed: %d", a.Code)
		}
	})
}

func TestParametersOfTheTypeAreFine(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, kind := range []string{"application/json; charset=utf-8", "Application/JSON", ` application/json ;charset="UTF-8"; v=1`} {
		a := h.client().request("POST", "/login", strings.NewReader(`{}`), func(q *http.Request) { q.Header.Set("Content-Type", kind) })
		if a.Code != 422 {
			t.Errorf("%q: %d %s", kind, a.Code, a.body)
		}
	}
}

func TestABodyHasItsLimitEverywhere(t *testing.T) {
	t.Parallel()
	forEachRoute(t, func(t *testing.T, r Route, send func(string, ...func(*http.Request)) answer) {
		body := r.with("x", `"`+strings.Repeat("a", visit.BodyLimit)+`"`)
		for what, change := range map[string]func(*http.Request){
			"told":     func(*http.Request) {},
			"not told": func(q *http.Request) { q.ContentLength = -1 },
		} {
			if a := send(body, change); a.Code != 413 || a.at("code") != "too_large" {
				t.Errorf("length %s: %d %s", what, a.Code, a.body)
			}
		}
		fits := r.with("x", `"`+strings.Repeat("a", visit.BodyLimit-len(r.with("x", `""`)))+`"`)
		if a := send(fits); len(fits) != visit.BodyLimit || a.Code != 422 {
			t.Errorf("64 KiB to the byte: %d %s", a.Code, a.body)
		}
	})
}

func TestNobodyNeedsABodyOrItsTypeWhereThereIsNothingToSay(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}"} {
		h := newHouse(t)
		h.user(ada)
		for _, r := range h.routes {
			if r.Endpoint.In != nil || r.Path == "/api/v1/sessions/{id}" {
				continue
			}
			a := h.signedIn(ada).send(r.Method, r.Path, body)
			if a.Code != r.Endpoint.Status {
				t.Errorf("%s %s with %q: %d %s", r.Method, r.Path, body, a.Code, a.body)
			}
			if a.Code == 204 && r.Method == "DELETE" && r.Path == "/api/v1/account" {
				h.user(ada)
			}
		}
		chunked := h.client().request("POST", "/logout", http.NoBody, func(q *http.Request) {
			q.ContentLength = -1
			q.Header.Del("Content-Type")
		})
		if chunked.Code != 204 {
			t.Errorf("an empty body of untold length: %d %s", chunked.Code, chunked.body)
		}
	}
}

// The server refuses strangers before; this is what holds if a row of its table is wrong.
func TestNoEndpointServesAStrangerWhoMustBeSignedIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.user(ada)
	before := h.state()
	for _, r := range h.routes {
		if !r.SignedIn {
			continue
		}
		body, _ := json.Marshal(r.complete())
		a := h.client().send(r.Method, strings.ReplaceAll(r.path(), "00000000-0000-4000-8000-000000000000", u.ID), string(body))
		if a.Code != 401 || a.at("code") != "unauthenticated" {
			t.Errorf("%s %s: %d %s", r.Method, r.Path, a.Code, a.body)
		}
	}
	if h.state() != before {
		t.Error("something was changed")
	}
}

func TestNamesThatWereMadeUpComeBackShortAndHarmless(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	long := strings.Repeat("n", 5000)
	for name, want := range map[string]string{
		"plain":                     "plain",
		long[:64]:                   long[:64],
		long[:65]:                   long[:63] + "…",
		long:                        long[:63] + "…",
		strings.Repeat("é", 65):     strings.Repeat("é", 63) + "…",
		"a\r\nSet-Cookie: x\x00b":   "a��Set-Cookie: x�b",
		"\u202eevil\u200b\u2028":    "�evil��",
		"<script>alert(1)</script>": "<script>alert(1)</script>", // problem+json is no page: nothing renders it
	} {
		body, _ := json.Marshal(map[string]any{name: 1})
		a := h.client().send("POST", "/logout", string(body))
		if got := a.fields(); got != want+": unknown_field" {
			t.Errorf("%.70q comes back as %q", name, got)
		}
		if fault := a.Header().Get("Test-Fault"); strings.ContainsFunc(fault, unicode.IsControl) || len(fault) > 400 {
			t.Errorf("%.70q gets into the log as %q", name, fault)
		}
	}
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, `,"n%d":1`, i)
	}
	if a := h.client().send("POST", "/logout", "{"+many.String()[1:]+"}"); a.Code != 422 || len(a.body) > 8000 {
		t.Errorf("thousands of unknown names are answered with %d bytes", len(a.body))
	}
}

// I-137. What a client may not say of itself is no member.
func TestNobodyGivesThemselvesARole(t *testing.T) {
	t.Parallel()
	h, b := atHome(t)
	before := h.state()
	for _, name := range []string{
		"role", "roles", "is_admin", "admin", "email_verified", "id", "user_id", "password_hash", "mfa", "created_at", "permissions", "state", "verified", "Email",
	} {
		for _, value := range []string{`true`, `"admin"`, `["admin"]`, `{"admin":true}`} {
			signup := fmt.Sprintf(`{"email":"eve@example.com","password":%q,%q:%s}`, another, name, value)
			profile := fmt.Sprintf(`{"name":"Eve",%q:%s}`, name, value)
			for _, a := range []answer{b.send("POST", "/signup", signup), b.send("PATCH", "/account", profile)} {
				if a.Code != 422 || a.fields() != name+": unknown_field" {
					t.Errorf("%s=%s: %d %s", name, value, a.Code, a.body)
				}
			}
		}
	}
	if a := b.send("PATCH", "/account", `{"email":"eve@example.com"}`); a.Code != 422 || a.fields() != "email: unknown_field" {
		t.Errorf("the address is changed by its own call alone: %d %s", a.Code, a.body)
	}
	if after := h.state(); after != before {
		t.Errorf("something was changed:\n%s\n%s", before, after)
	}
}

// F-081. One address, as a string: whatever could be read as two is refused, and nobody gets a mail.
func TestTwoAddressesAreNotOne(t *testing.T) {
	t.Parallel()
	h, b := atHome(t)
	mails := len(h.mails())
	const me = "eve@example.org"
	for _, call := range []string{"/password/forgot", "/verify/resend", "/account/email", "/signup"} {
		rest := ""
		if call == "/signup" {
			rest = fmt.Sprintf(`,"password":%q`, another)
		}
		for member, want := range map[string]int{
			`"email":["` + ada + `","` + me + `"]`:         422,
			`"email":["` + ada + `"]`:                      422,
			`"email":{"0":"` + ada + `"}`:                  422,
			`"email":"` + ada + `,` + me + `"`:             422,
			`"email":"` + ada + `;` + me + `"`:             422,
			`"email":"` + ada + ` ` + me + `"`:             422,
			`"email":"` + ada + `\r\nBcc: ` + me + `"`:     422, // I-150
			`"email":"` + ada + `\u0000` + me + `"`:        422,
			`"email":"Ada <` + ada + `>"`:                  422,
			`"email[]":"` + ada + `","email[]":"` + me:     400,
			`"email":"` + ada + `","email":"` + me + `"`:   400,
			`"email":"` + ada + `","Email":"` + me + `"`:   422,
			`"email":"` + ada + `","email[]":"` + me + `"`: 422,
		} {
			if a := b.send("POST", call, "{"+member+rest+"}"); a.Code != want {
				t.Errorf("%s %s: %d, want %d\n%s", call, member, a.Code, want, a.body)
			}
		}
	}
	if got := h.mails(); len(got) != mails {
		t.Errorf("mails were sent: %+v", got)
	}
}

// What stands in an address ends up in histories and logs, and is not read.
func TestTheQueryHasNoEffect(t *testing.T) {
	t.Parallel()
	h, b := atHome(t)
	before := h.state()
	query := "?identifier=" + ada + "&password=" + secret + "&transport=token&token=" + b.cookies["gatehouse"] + "&access_token=" + b.cookies["gatehouse"] + "&unknown=1"
	stranger := h.client()
	if a := stranger.send("POST", "/login"+query, ""); a.Code != 422 || a.fields() != "identifier: required, password: required" {
		t.Errorf("login: %d %s", a.Code, a.body)
	}
	if a := stranger.send("GET", "/session"+query, ""); a.Code != 401 {
		t.Errorf("a session's token in the query: %d %s", a.Code, a.body)
	}
	if a := b.send("GET", "/session"+query+"&id=x", ""); a.Code != 200 || strings.Contains(a.body, b.cookies["gatehouse"]) {
		t.Errorf("unknown parameters are ignored: %d %s", a.Code, a.body)
	}
	if h.state() != before {
		t.Error("something was changed")
	}
}
