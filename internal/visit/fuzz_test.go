package visit

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
)

// FuzzCookies: whatever a browser sends as cookies, a value is taken only when it stands there once; to repeat a name takes its value away and touches
// no other; and on https the names of http mean nothing (C-039, C-040, C-041).
func FuzzCookies(f *testing.F) {
	token := ticket.NewToken()
	for _, line := range []string{
		"", "gatehouse=" + token, "gatehouse=a; gatehouse=b", "__Host-gatehouse=" + token, "gatehouse-form=" + token + "; gatehouse-device=x", "gatehouse-form=junk", "__Host-gatehouse-form=junk x",
		`gatehouse="quoted"`, "gatehouse", "=x", ";;;", "gatehouse=; gatehouse-pending=", "GATEHOUSE=x", "gatehouse =x", "gatehouse=x,gatehouse=y",
		"gatehouse=a\x00b", "gatehouse=\xff", "a=b; gatehouse=1; gatehouse-flow=2; gatehouse-dev=3", strings.Repeat("gatehouse=x;", 5000), "$Version=1; gatehouse=x",
	} {
		f.Add(line)
	}
	plain, secure := &config.Config{BaseURL: "http://localhost"}, &config.Config{BaseURL: "https://id.example.com"}
	ends := []string{sessionCookie, pendingCookie, formCookie, deviceCookie, flowCookie, devCookie, langCookie}
	f.Fuzz(func(t *testing.T, line string) {
		for _, c := range []*config.Config{plain, secure} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Cookie", line)
			v := &Visit{Config: c}
			if got, want := v.ReadCookies(r), only(r, Name(c, sessionCookie)); got != want {
				t.Fatalf("the session is %q, not %q", got, want)
			}
			if v.Pending != only(r, Name(c, pendingCookie)) || v.Device != only(r, Name(c, deviceCookie)) || v.Carried(r) != only(r, Name(c, flowCookie)) {
				t.Fatalf("%q %q %q", v.Pending, v.Device, v.Carried(r))
			}
			if v.form != "" && v.form != only(r, Name(c, formCookie)) || v.form != "" && !ticket.WellFormed(v.form) {
				t.Fatalf("a form secret that is none: %q", v.form)
			}
			for i, end := range ends {
				twice := r.Clone(t.Context())
				twice.Header.Add("Cookie", Name(c, end)+"=planted")
				twice.Header.Add("Cookie", Name(c, end)+"=planted")
				if value, ok := Cookie(twice, Name(c, end)); ok || value != "" {
					t.Fatalf("of several %s one is taken: %q", end, value)
				}
				other := ends[(i+1)%len(ends)]
				before, had := Cookie(r, Name(c, other))
				if after, has := Cookie(twice, Name(c, other)); had != has || before != after {
					t.Fatalf("%s changes %s from %q to %q", end, other, before, after)
				}
			}
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", strings.ReplaceAll(line, "__Host-", ""))
		if v := (&Visit{Config: secure}); v.ReadCookies(r) != "" || v.Pending != "" || v.Device != "" || v.ShowsSession(r) {
			t.Fatal("a cookie without the prefix counts on https")
		}
	})
}

// only is the value of a cookie that stands there once, read without our code.
func only(r *http.Request, name string) (value string) {
	n := 0
	for _, c := range r.Cookies() {
		if c.Name == name {
			value, n = c.Value, n+1
		}
	}
	if n != 1 {
		return ""
	}
	return value
}

// FuzzForm: whatever a body holds, each field of a form that was read was there once and is UTF-8; what was read and is sent again reads the same; a
// field more that is there already is refused; and the query plays no part (I-153).
func FuzzForm(f *testing.F) {
	for _, body := range []string{
		"", "a=b", "a=b&a=c", "a=b&c=d", "a", "=", "&&&", "a=%zz", "a=%ff", "a=%00", "a;b=c", "a=1;b=2", "csrf=x&email=a%40b.c&password=p+q%20r", "email[]=a&email[]=b",
		strings.Repeat("a=b&", 20), "\xff=\xff", "a=\u00e9", "%61=b&a=c", "a==b", "a=b=c", strings.Repeat("x", 1000),
	} {
		f.Add(body, "a=query")
	}
	read := func(body, query string) (map[string]string, error) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return ReadForm(httptest.NewRecorder(), r)
	}
	f.Fuzz(func(t *testing.T, body, query string) {
		form, err := read(body, query)
		plain, plainErr := read(body, "")
		if len(form) != len(plain) || (err == nil) != (plainErr == nil) {
			t.Fatalf("the query plays a part: %v, %v without", form, plain)
		}
		if err != nil {
			if fault := message.From(err); fault.Status() < 400 || fault.Status() >= 500 || form != nil {
				t.Fatalf("%v with %v", err, form)
			}
			return
		}
		again := url.Values{}
		for name, value := range form {
			if !utf8.ValidString(name) || !utf8.ValidString(value) || strings.Count("&"+body, "&") < len(form)-1 {
				t.Fatalf("%q: %q", name, value)
			}
			again.Set(name, value)
		}
		if len(body) > BodyLimit/4 {
			return // written out it could become too long
		}
		same, err := read(again.Encode(), "")
		if err != nil || len(same) != len(form) {
			t.Fatalf("%v, then %v %v", form, same, err)
		}
		for name, value := range form {
			if same[name] != value {
				t.Fatalf("%q was %q and is %q", name, value, same[name])
			}
			if _, err := read(again.Encode()+"&"+url.QueryEscape(name)+"=more", ""); err == nil {
				t.Fatalf("%q may stand there twice", name)
			}
		}
	})
}

// FuzzFormToken: a form's token is good for the browser and session that it was made for, and no other text is.
func FuzzFormToken(f *testing.F) {
	keys, err := seal.New(seal.Generate())
	if err != nil {
		f.Fatal(err)
	}
	c := &config.Config{BaseURL: "http://localhost"}
	page := &Visit{Config: c, Keys: keys, form: ticket.NewToken()}
	good := page.FormToken(httptest.NewRecorder())
	for _, text := range []string{"", good, good + "=", good[1:], strings.ToUpper(good), good + "\n", "\n" + good, page.form, good + good} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if page.CheckFormToken(text) != (text == good) {
			t.Fatalf("%q beside %q", text, good)
		}
		if (&Visit{Config: c, Keys: keys, form: ticket.NewToken()}).CheckFormToken(text) || (&Visit{Config: c, Keys: keys}).CheckFormToken(text) {
			t.Fatalf("%q is good in another browser", text)
		}
	})
}
