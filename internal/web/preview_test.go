package web

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
)

// previewed is a preview of a theme in a folder that can be changed meanwhile.
type previewed struct {
	t       *testing.T
	preview *Preview
	dir     string
}

func newPreviewed(t *testing.T) *previewed {
	t.Helper()
	s, p := newStage(t), &previewed{t: t, dir: t.TempDir()}
	p.write("own.css", ".mine { color: red }")
	p.write("templates/login.html", Templates()["login.html"])
	var err error
	p.preview, err = NewPreview(func() (Parts, error) {
		c := *s.pages.Config
		c.SiteName, c.Theme = "Acorn", config.Theme{Accent: "#ffcc00", CSS: filepath.Join(p.dir, "own.css"), Templates: filepath.Join(p.dir, "templates")}
		look, problems := theme.Read(&c)
		if len(problems) > 0 {
			return Parts{}, (*config.Problems)(&problems)
		}
		return Parts{Config: &c, Texts: s.pages.Texts, Mail: s.pages.Mail, Theme: look}, nil
	}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *previewed) write(name, content string) {
	p.t.Helper()
	file := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *previewed) get(path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8090"+path, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	p.preview.ServeHTTP(w, r)
	return w
}

var frame = regexp.MustCompile(`<iframe src="([^"]+)"`)

func TestThePreviewShowsEveryStateInBothSchemes(t *testing.T) {
	t.Parallel()
	p := newPreviewed(t)
	index := p.get("/").Body.String()
	frames := frame.FindAllStringSubmatch(index, -1)
	if len(frames) != 2*len(States()) || !strings.Contains(index, "the accent #ffcc00 cannot be read on light pages") || strings.Contains(index, "refuse to start") {
		t.Errorf("%d frames for %d states:\n%.2000s", len(frames), len(States()), index)
	}
	for _, f := range frames {
		a := p.get(f[1])
		body := a.Body.String()
		if a.Code != http.StatusOK || strings.Contains(body, "prefers-color-scheme") || !strings.Contains(body, "</html>") {
			t.Errorf("%s: %d %.600s", f[1], a.Code, body)
		}
		if policy := a.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'self'") || !strings.Contains(policy, "form-action 'self'") {
			t.Errorf("%s: %s", f[1], policy)
		}
	}
	dark := p.get("/dark/state/login").Body.String()
	for _, name := range []string{"app.css", "theme.css"} {
		to := regexp.MustCompile(`/dark/static/` + name + `\?v=[0-9a-f]+`).FindString(dark)
		sheet := p.get(to).Body.String()
		if !strings.Contains(sheet, "@media (min-width: 0px)") || strings.Contains(sheet, "prefers-color-scheme") {
			t.Errorf("%s is not dark:\n%s", to, sheet)
		}
	}
	if one := frame.FindAllString(p.get("/?scheme=dark&width=desktop").Body.String(), -1); len(one) != len(States()) {
		t.Errorf("%d frames", len(one))
	}
}

func TestThePreviewShowsWhatWasJustSaved(t *testing.T) {
	t.Parallel()
	p := newPreviewed(t)
	p.write("own.css", ".mine { color: blue }")
	p.write("templates/login.html", strings.Replace(Templates()["login.html"], "<h1>", "<h1>Changed. ", 1))
	if body := p.get("/light/state/login").Body.String(); !strings.Contains(body, "Changed. ") {
		t.Errorf("%s", body)
	}
	if body := p.get("/light/static/theme.css").Body.String(); !strings.Contains(body, "color: blue") {
		t.Errorf("%s", body)
	}
	p.write("templates/login.html", strings.Replace(Templates()["login.html"], `{{template "csrf" .}}`, "", 1))
	if body := p.get("/").Body.String(); !strings.Contains(body, "templates/login.html:5): the form to «/login» lacks its token") {
		t.Errorf("%.3000s", body)
	}
	if a := p.get("/light/state/login"); a.Code != http.StatusInternalServerError || !strings.Contains(a.Body.String(), "templates/login.html:5): the form to «/light/login» lacks its token") {
		t.Errorf("the page alone tells nothing: %d %s", a.Code, a.Body)
	}
	p.write("templates/login.html", strings.Replace(Templates()["login.html"], "<h1>", "<h1>{{.Nothing}}", 1))
	if a := p.get("/light/state/login"); a.Code != http.StatusInternalServerError || !strings.Contains(a.Body.String(), "templates/login.html:") ||
		!strings.Contains(a.Body.String(), "can&#39;t evaluate field Nothing") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := p.get("/light/state/forgot"); a.Code != http.StatusOK {
		t.Errorf("a page that has nothing to do with it: %d %s", a.Code, a.Body)
	}
	p.write("templates/login.html", "{{")
	if a := p.get("/light/state/forgot"); !strings.Contains(a.Body.String(), "templates/login.html:1") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	p.write("own.css", "\xff")
	for _, path := range []string{"/", "/light/state/login"} {
		if a := p.get(path); !strings.Contains(a.Body.String(), "is not text in UTF-8") {
			t.Errorf("%s: %d %s", path, a.Code, a.Body)
		}
	}
}

// A preview is for this machine: a name that a stranger's site points here gets nothing, and nothing is done.
func TestThePreviewDoesNothingForAnybody(t *testing.T) {
	t.Parallel()
	p := newPreviewed(t)
	for host, want := range map[string]int{
		"localhost:8090": 200, "127.0.0.1": 200, "[::1]:8090": 200, "evil.example": 403, "127.0.0.1.evil.example:8090": 403, "10.0.0.1": 403, "": 403,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		if p.preview.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%q: %d", host, w.Code)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "http://localhost/light/login", strings.NewReader("password=x"))
	w := httptest.NewRecorder()
	if p.preview.ServeHTTP(w, r); !strings.Contains(w.Body.String(), "The form went nowhere") || len(w.Result().Cookies()) > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/light/login", "/nothing", "/light/state/none", "/light/state/mail.none", "/light/state/", "/light/static/none.css", "/both/state/login", "/light/static/../own.css"} {
		if a := p.get(path); a.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.Code, a.Body)
		}
	}
}
