package visit

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// polyglot is our texts with two languages more, which nobody translates into.
func polyglot(t *testing.T) *message.Catalog {
	t.Helper()
	ours, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	texts, slips := ours.With(fstest.MapFS{
		"eo.yaml": {Data: []byte("page.language: Esperanto")}, "yi.yaml": {Data: []byte("page.language: ייִדיש")},
	}, "messages")
	if len(slips) > 0 {
		t.Fatal(slips)
	}
	return texts
}

func TestTheLanguageIsChosenByURLAccountCookieAndBrowserInThisOrder(t *testing.T) {
	t.Parallel()
	v := newVisit(t, "http://localhost")
	v.Texts = polyglot(t)
	for name, c := range map[string]struct {
		url, account, cookie, accept string
		bearer                       bool
		want                         string
	}{
		"nothing":                               {want: "en"},
		"the browser asks":                      {accept: "yi, en;q=0.5", want: "yi"},
		"the cookie knows better":               {cookie: "eo", accept: "yi", want: "eo"},
		"the account knows better still":        {account: "yi", cookie: "eo", accept: "eo", want: "yi"},
		"the URL has the last word":             {url: "lang=en", account: "yi", cookie: "eo", accept: "eo", want: "en"},
		"an account without a choice":           {account: "", cookie: "eo", want: "eo"},
		"an account of a language we lack":      {account: "tlh", cookie: "eo", accept: "yi", want: "eo"},
		"a cookie of a language we lack":        {cookie: "tlh", accept: "yi", want: "yi"},
		"a URL that asks for one we lack":       {url: "lang=tlh", cookie: "eo", want: "eo"},
		"a URL that asks twice":                 {url: "lang=yi&lang=eo", want: "en"},
		"a URL that asks for junk":              {url: "lang=%00%22%3E%3Cscript%3E", accept: "yi", want: "yi"},
		"a URL that asks for a variety":         {url: "x=y&lang=yi-US", want: "yi"},
		"a URL with another word":               {url: "slang=yi", want: "en"},
		"a native client has no cookie":         {cookie: "eo", accept: "yi", bearer: true, want: "yi"},
		"a native client may ask by URL":        {url: "lang=eo", accept: "yi", bearer: true, want: "eo"},
		"a native client of somebody's account": {account: "eo", accept: "yi", bearer: true, want: "eo"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/login?"+c.url, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.Header.Set("Cookie", "gatehouse-lang="+c.cookie)
		}
		one := *v
		one.Bearer = c.bearer
		if strings.Contains(name, "account") {
			one.Session = &session.Session{User: &store.User{Locale: c.account}}
		}
		one.ChooseLanguage(r)
		if one.Locale != c.want {
			t.Errorf("%s: %s, want %s", name, one.Locale, c.want)
		}
	}
}

// C-039, C-040: what is remembered is a tag of ours, whatever the URL held, and of two cookies none counts.
func TestALanguageThatWasAskedForIsRemembered(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://localhost", "https://id.example.com"} {
		v := newVisit(t, base)
		v.Texts = polyglot(t)
		name := Name(v.Config, "-lang")
		for url, want := range map[string]string{
			"/login?lang=yi": "yi", "/login?lang=yi-US": "yi", "/login?lang=EO": "eo", "/login": "", "/login?lang=": "", "/login?lang=tlh": "", "/login?lang=yi%0d%0aX:y": "",
			"/login?lang=eo&lang=yi": "", "/login?lang=en": "en",
		} {
			w := httptest.NewRecorder()
			v.KeepLanguage(w, httptest.NewRequest(http.MethodGet, url, nil))
			got := w.Header().Get("Set-Cookie")
			whole := name + "=" + want + "; Path=/; Max-Age=31536000; HttpOnly; "
			if want == "" && got != "" || want != "" && !strings.HasPrefix(got, whole) || want != "" && !strings.HasSuffix(got, "SameSite=Lax") {
				t.Errorf("%s: %q, want %s", url, got, whole)
			}
		}
		again := httptest.NewRequest(http.MethodGet, "/login?lang=yi", nil)
		again.Header.Set("Cookie", name+"=yi")
		w := httptest.NewRecorder()
		if v.KeepLanguage(w, again); len(w.Header()) > 0 {
			t.Errorf("what is known is sent again: %v", w.Header())
		}
		planted := httptest.NewRequest(http.MethodGet, "/login", nil)
		planted.Header.Set("Cookie", name+"=yi; "+name+"=eo")
		if v.ChooseLanguage(planted); v.Locale != "en" {
			t.Errorf("of two cookies one counts: %s", v.Locale)
		}
	}
}
