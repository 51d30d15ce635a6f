package visit

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
)

var now = time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC)

func newVisit(t *testing.T, base string) *Visit {
	t.Helper()
	keys, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	texts, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	v := &Visit{Config: &config.Config{BaseURL: base, VerifyTTL: 24 * time.Hour}, Keys: keys, Texts: texts, Now: now}
	v.Locale, v.RequestID = "en", "the-request"
	return v
}

func signedIn(id string, remember bool) *session.Session {
	return &session.Session{Session: store.Session{ID: id, EndAt: now.Add(time.Hour), Remember: remember}}
}

// C-039: all cookies there are, as they go out.
func TestCookiesGoOutAsTheContractSays(t *testing.T) {
	t.Parallel()
	everything := flow.Outcome{Token: "session", Session: signedIn("1", false), PendingToken: "pending", DeviceToken: "device"}
	for base, want := range map[string][]string{
		"http://localhost": {
			"gatehouse=session; Path=/; HttpOnly; SameSite=Lax", "gatehouse-pending=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
			"gatehouse-pending=pending; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax", "gatehouse-device=device; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax",
			"gatehouse-flow=carried; Path=/; Max-Age=600; HttpOnly; SameSite=Lax",
		},
		"https://id.example.com": {
			"__Host-gatehouse=session; Path=/; HttpOnly; Secure; SameSite=Lax", "__Host-gatehouse-pending=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
			"__Host-gatehouse-pending=pending; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax",
			"__Host-gatehouse-device=device; Path=/; Max-Age=15552000; HttpOnly; Secure; SameSite=Lax",
			"__Host-gatehouse-flow=carried; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax",
		},
	} {
		v, w := newVisit(t, base), httptest.NewRecorder()
		v.Keep(w, everything, false)
		v.Carry(w, "carried")
		if got := strings.Join(w.Header().Values("Set-Cookie"), "\n"); got != strings.Join(want, "\n") {
			t.Errorf("%s:\n%s", base, got)
		}
		native := httptest.NewRecorder()
		v.Keep(native, everything, true)
		if len(native.Header()) > 0 {
			t.Errorf("a native client gets cookies: %v", native.Header())
		}
	}
}

func TestStaySignedInKeepsTheCookieAsLongAsTheSession(t *testing.T) {
	t.Parallel()
	v, w := newVisit(t, "http://localhost"), httptest.NewRecorder()
	v.Keep(w, flow.Outcome{Token: "session", Session: signedIn("1", true)}, false)
	if got := w.Header().Get("Set-Cookie"); got != "gatehouse=session; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax" {
		t.Error(got)
	}
}

func TestLeavingForgetsSessionPendingAndForm(t *testing.T) {
	t.Parallel()
	v, w := newVisit(t, "http://localhost"), httptest.NewRecorder()
	v.Leave(w)
	got := strings.Join(w.Header().Values("Set-Cookie"), "\n")
	for _, name := range []string{"gatehouse=;", "gatehouse-pending=;", "gatehouse-form=;"} {
		if !strings.Contains(got, name+" Path=/; Max-Age=0;") {
			t.Errorf("%s stays: %s", name, got)
		}
	}
	if strings.Contains(got, "-device") { // it is still the same device
		t.Error(got)
	}
}

// D-061: a form's token is bound to the browser and the session, not to the session's token.
func TestFormTokens(t *testing.T) {
	t.Parallel()
	v := newVisit(t, "http://localhost")
	w := httptest.NewRecorder()
	before := v.FormToken(w)
	if again := v.FormToken(w); again != before || len(w.Header().Values("Set-Cookie")) != 1 {
		t.Error("each form of a page has another token")
	}
	as := func(form string, s *session.Session) *Visit {
		one := *v
		one.form, one.Session = form, s
		return &one
	}
	mine := as(v.form, signedIn("mine", false))
	token := mine.FormToken(httptest.NewRecorder())
	for name, c := range map[string]struct {
		visit *Visit
		token string
		want  bool
	}{
		"of the page":                     {v, before, true},
		"of the session":                  {mine, token, true},
		"after a rotation":                {as(v.form, signedIn("mine", true)), token, true},
		"of before the log-in":            {mine, before, false},
		"of after it":                     {v, token, false},
		"of another session":              {as(v.form, signedIn("other", false)), token, false},
		"of another browser":              {as(ticket.NewToken(), signedIn("mine", false)), token, false},
		"without the cookie":              {as("", signedIn("mine", false)), token, false},
		"none":                            {mine, "", false},
		"made for no cookie at all":       {as("", signedIn("mine", false)), encode(v.Keys.MAC("form", []byte(" mine"))), false},
		"a session id moved to the form":  {as(v.form+" mine", nil), token, false},
		"made with another server's keys": {newVisit(t, "http://localhost"), before, false},
	} {
		if c.visit.CheckFormToken(c.token) != c.want {
			t.Errorf("%s: good is not %v", name, c.want)
		}
	}
}

func TestDevCookie(t *testing.T) {
	t.Parallel()
	v, w := newVisit(t, "http://localhost"), httptest.NewRecorder()
	v.AllowDev(w)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	if !v.DevAllowed(r) {
		t.Error("the cookie does not open")
	}
	if newVisit(t, "http://localhost").DevAllowed(r) {
		t.Error("it opens another server too")
	}
	device := httptest.NewRequest(http.MethodGet, "/", nil)
	device.AddCookie(&http.Cookie{Name: "gatehouse-dev", Value: v.Keys.Sign("device", "yes")})
	if v.DevAllowed(device) {
		t.Error("what was signed for something else opens")
	}
}

func TestARefusalTellsWhenToComeBack(t *testing.T) {
	t.Parallel()
	v, w := newVisit(t, "http://localhost"), httptest.NewRecorder()
	p := v.Refuse(w, &message.Fault{Code: message.RateLimited, RetryAfter: 1500 * time.Millisecond})
	if p.RetryAfter != 2 || w.Header().Get("Retry-After") != "2" || p.RequestID != "the-request" || p.Reference != v.Reference || v.Fault == nil {
		t.Errorf("%+v %v", p, w.Header())
	}
	again := v.Refuse(w, &message.Fault{Code: message.NotFound})
	if again.Reference != p.Reference {
		t.Error("one request has two references")
	}
}

func TestReadForm(t *testing.T) {
	t.Parallel()
	const formType = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		types []string
		body  string
		want  message.Code
	}{
		"a form":                     {[]string{formType}, "a=b", ""},
		"with a parameter":           {[]string{formType + "; charset=UTF-8"}, "a=b", ""},
		"in capitals":                {[]string{"Application/X-WWW-Form-Urlencoded"}, "a=b", ""},
		"empty":                      {[]string{formType}, "", ""},
		"as long as may be":          {[]string{formType}, "a=" + strings.Repeat("b", BodyLimit-2), ""},
		"one byte longer":            {[]string{formType}, "a=" + strings.Repeat("b", BodyLimit-1), message.TooLarge},
		"no type":                    {nil, "a=b", message.UnsupportedMediaType},
		"two types":                  {[]string{formType, "text/plain"}, "a=b", message.UnsupportedMediaType},
		"a list of types":            {[]string{formType + ", text/plain"}, "a=b", message.UnsupportedMediaType},
		"JSON":                       {[]string{"application/json"}, `{"a":"b"}`, message.UnsupportedMediaType},
		"multipart":                  {[]string{"multipart/form-data; boundary=x"}, "", message.UnsupportedMediaType},
		"a field twice":              {[]string{formType}, "a=b&a=b", message.Malformed},
		"a field twice, once hidden": {[]string{formType}, "a=b&%61=b", message.Malformed},
		"no UTF-8":                   {[]string{formType}, "a=%ff", message.Malformed},
		"a name that is no UTF-8":    {[]string{formType}, "%ff=a", message.Malformed},
		"half an escape":             {[]string{formType}, "a=%f", message.Malformed},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
		for _, kind := range c.types {
			r.Header.Add("Content-Type", kind)
		}
		form, err := ReadForm(httptest.NewRecorder(), r)
		if c.want == "" && (err != nil || form == nil) || c.want != "" && (err == nil || message.From(err).Code != c.want) {
			t.Errorf("%s: %v %v", name, form, err)
		}
	}
}

func TestAParameterThatIsThereTwiceIsNotThere(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{"a=b": "b", "a=b&a=b": "", "": "", "a": "", "A=b": "", "a=b&c=d": "b", "a=%62": "b"} {
		if got := Query(httptest.NewRequest(http.MethodGet, "/?"+query, nil), "a"); got != want {
			t.Errorf("%s: %q", query, got)
		}
	}
}
