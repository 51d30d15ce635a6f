package web

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// themed is a stage with a site's own look, or what is wrong with it. The keys of files are paths beside the settings.
func (s *stage) themed(set config.Theme, files map[string]string) (*stage, error) {
	s.t.Helper()
	dir := s.t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(content), 0o600)); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, path := range []*string{&set.Logo, &set.LogoDark, &set.Favicon, &set.CSS, &set.Templates} {
		if *path != "" {
			*path = filepath.Join(dir, *path)
		}
	}
	c := *s.pages.Config
	c.Theme = set
	look, problems := theme.Read(&c)
	if len(problems) > 0 {
		s.t.Fatal(problems)
	}
	pages, err := New(Parts{Config: &c, Texts: s.pages.Texts, Mail: mail.NewOutbox(mail.Parts{}), Theme: look})
	if err != nil {
		text := strings.ReplaceAll(err.Error(), dir+"/", "")
		return nil, errors.New(text)
	}
	return &stage{s.t, pages, s.keys}, nil
}

// themedPages are themed that must work.
func (s *stage) themedPages(set config.Theme, files map[string]string) *stage {
	s.t.Helper()
	got, err := s.themed(set, files)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// The contrast of accents is judged on the surfaces that there are.
func TestThemesAreJudgedByTheColoursOfOurStyles(t *testing.T) {
	t.Parallel()
	light, rest, _ := strings.Cut(AppCSS(), "@media (prefers-color-scheme: dark)")
	dark, _, _ := strings.Cut(rest, "@media")
	for _, c := range []struct {
		scheme theme.Scheme
		css    string
	}{{theme.Light, light}, {theme.Dark, dark}} {
		token := func(name string) theme.Color {
			m := regexp.MustCompile(`--` + name + `: ([^;]+);`).FindStringSubmatch(c.css)
			if m == nil {
				t.Fatalf("%s: app.css has no --%s", c.scheme.Name, name)
			}
			color, err := theme.ParseColor(m[1])
			if err != nil {
				t.Fatal(m[1], err)
			}
			return color
		}
		for name, known := range map[string]theme.Color{
			"page": c.scheme.Page, "ink": c.scheme.Ink[0], "soft": c.scheme.Ink[1], "card": c.scheme.Surfaces[0], "warn-soft": c.scheme.Surfaces[1],
		} {
			if token(name) != known {
				t.Errorf("%s: --%s is %s in app.css and %s in internal/theme/palette.go; contrast would be judged on what is not there", c.scheme.Name, name, token(name), known)
			}
		}
		ours := c.scheme.PaletteOf(token("accent"))
		if ours.Accent != token("accent") || ours.On != token("on-accent") {
			t.Errorf("%s: our own accent would be refused: %+v", c.scheme.Name, ours)
		}
	}
}

// Each template, put in the place of itself as it is exported, changes no byte of any page: nothing hangs on which of the two it is.
func TestATemplateInThePlaceOfItselfChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for name, text := range Templates() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stage{t, s.pages, s.keys}
			own := s.themedPages(config.Theme{Templates: "t"}, map[string]string{"t/" + name: text})
			for _, state := range States() {
				token := regexp.MustCompile(`name="csrf" value="[^"]+"`) // another for each browser
				got, want := token.ReplaceAllString(own.state(state, "en"), ""), token.ReplaceAllString(s.state(state, "en"), "")
				if got != want {
					t.Fatalf("%s differs:\n%s\n%s", state, got, want)
				}
			}
		})
	}
}

func TestATemplateOfTheSitesOwnIsShown(t *testing.T) {
	t.Parallel()
	s := newStage(t).themedPages(config.Theme{Templates: "t"}, map[string]string{
		"t/parts/brand.html": `{{define "brand"}}<b>Mine, {{.Site}}</b>{{end}}`,
		"t/forgot.html":      strings.Replace(Templates()["forgot.html"], "<h1>", "<h1>Oh dear. ", 1),
	})
	if body := s.state("forgot", "en"); !strings.Contains(body, "<h1>Oh dear. ") || !strings.Contains(body, "<b>Mine, ") {
		t.Errorf("%s", body)
	}
	if body := s.state("login", "en"); strings.Contains(body, "Oh dear") || !strings.Contains(body, "<b>Mine, ") {
		t.Errorf("%s", body)
	}
}

// What a template must not be is told before anybody meets it, with its line (J-165: no template opens a way round the form's token, or sends a
// password elsewhere).
func TestATemplateThatWouldNotWorkIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	login, forgot := Templates()["login.html"], Templates()["forgot.html"]
	change := func(text string, pairs ...string) string {
		changed := strings.NewReplacer(pairs...).Replace(text)
		if changed == text {
			t.Fatal("nothing changed", pairs)
		}
		return changed
	}
	const csrf, email = `{{template "csrf" .}}`, `{{template "input" .Input "email" "email" ""}}`
	page := func(content string) string {
		return `{{define "title"}}x{{end}}` + "\n" + `{{define "content"}}` + content + `{{end}}`
	}
	for name, c := range map[string]struct{ file, text, want string }{
		"a word that ends nothing":       {"login.html", login + "\n{{end}}", fmt.Sprintf("login.html:%d): unexpected {{end}}", strings.Count(login, "\n")+2)},
		"a function that there is not":   {"login.html", page("{{exec `id`}}"), `login.html:2): function "exec" not defined.`},
		"a field that there is not":      {"login.html", page("\n\n{{.Passwords}}"), "login.html:4): executing \"content\" at <.Passwords>: can't evaluate field Passwords"},
		"a private field":                {"login.html", page("{{.pages}}"), "login.html:2): executing"},
		"a text that there is not":       {"login.html", page(`{{.T "page.login.tittle"}}`), "there is no text \"page.login.tittle\""},
		"a key that is too few":          {"login.html", page(`{{.T "page.login.title" "a"}}`), "login.html:2): executing"},
		"a template that there is not":   {"login.html", page("\n{{template \"logo\"}}"), "login.html:3): no such template \"logo\""},
		"no content":                     {"login.html", `{{define "title"}}x{{end}}`, "no such template \"content\""},
		"no layout":                      {"layout.html", "<p>", "layout"},
		"one without end":                {"login.html", page(`{{template "content" .}}`), "exceeded maximum template depth"},
		"an open tag":                    {"login.html", page(`<a href="{{if .User}}x"{{end}}>`), "login.html:2): "},
		"a form without its token":       {"login.html", change(login, `{{template "csrf" .}}`, ""), "login.html:5): the form to «/login» lacks its token"},
		"a token of another name":        {"parts/forms.html", change(Templates()["parts/forms.html"], `name="csrf"`, `name="token_"`), "lacks its token"},
		"a password to elsewhere":        {"login.html", change(login, `{{.Path "/login"}}`, "https://evil.example/login"), "this form posts to «https://evil.example/login», which our page does not; it may post to «/login»."},
		"a password to another page":     {"login.html", change(login, `"/login"}}" novalidate`, `"/signup"}}" novalidate`), "this form posts to «/signup»"},
		"a button that sends elsewhere":  {"login.html", change(login, `<button class="button main"`, `<button formaction="https://evil.example" class="button main"`), "login.html:5): a button sends this form to «https://evil.example»"},
		"a password in the address bar":  {"login.html", change(login, `method="post"`, `method="get"`), "would show a password in the address bar"},
		"a token of one's own":           {"login.html", change(login, csrf, `<input type="hidden" name="csrf" value="x">`), "login.html:5): the form to «/login» lacks its token"},
		"a token twice":                  {"login.html", change(login, csrf, csrf+csrf), "login.html:5): the form to «/login» has its token twice"},
		"a token that is not hidden":     {"login.html", change(login, csrf, `<input type="checkbox" name="csrf" value="{{.CSRF}}">`), "lacks its token"},
		"a token in a template":          {"login.html", change(login, csrf, "<template>"+csrf+"</template>"), "lacks its token"},
		"a token that is disabled":       {"login.html", change(login, csrf, `<input type="hidden" name="csrf" value="{{.CSRF}}" disabled>`), "lacks its token"},
		"a token among disabled ones":    {"login.html", change(login, csrf, "<fieldset disabled>"+csrf+"</fieldset>"), "lacks its token"},
		"a token of another form":        {"login.html", change(login, csrf, `<input type="hidden" name="csrf" value="{{.CSRF}}" form="x">`), "lacks its token"},
		"a field among disabled ones":    {"forgot.html", change(forgot, email, "<fieldset disabled>"+email+"</fieldset>"), "lacks the field «email»"},
		"a form of another kind":         {"login.html", change(login, `method="post"`, `method="post" enctype="multipart/form-data"`), "login.html:5): all that this form sends would be refused as «multipart/form-data»"},
		"a button of another kind":       {"login.html", change(login, `<button class="button main"`, `<button formmethod="get" class="button main"`), "a button sends this form in another way; take its formmethod away"},
		"a base for all links":           {"layout.html", change(Templates()["layout.html"], "<head>", "<head>\n<base href=\"https://evil.example/\">"), "layout.html:5): <base> would lead"},
		"a form that is gone":            {"forgot.html", page("<h1>x</h1>"), "forgot.html:1): the form that posts to «/forgot» is missing"},
		"a field that is gone":           {"forgot.html", change(forgot, `{{template "input" .Input "email" "email" ""}}`, ""), "forgot.html:6): the form to «/forgot» lacks the field «email»"},
		"a sign-out that is gone":        {"layout.html", change(Templates()["layout.html"], `{{template "csrf" $}}`, ""), "layout.html:"},
		"a name that replaces nothing":   {"logn.html", login, "logn.html:1): there is no template of that name"},
		"a part that replaces nothing":   {"parts/logo.html", login, "parts/logo.html:1): there is no template of that name"},
		"a page that fills the memory":   {"login.html", page(`{{range 200000}}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{end}}`), "the page grows over 8 MiB"},
		"a field on one page of several": {"parts/brand.html", `{{define "brand"}}{{.Data.Devices}}{{end}}`, "parts/brand.html:1): executing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := (&stage{t, s.pages, s.keys}).themed(config.Theme{Templates: "t"}, map[string]string{"t/" + c.file: c.text})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) && c.file != "layout.html" {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	_, err := s.themed(config.Theme{Templates: "t"}, map[string]string{"t/login.html": page("{{.A}}"), "t/forgot.html": page("{{.B}}"), "t/x.html": "x"})
	if err == nil || !strings.Contains(err.Error(), "x.html:1") {
		t.Errorf("%v", err)
	}
	_, err = s.themed(config.Theme{Templates: "t"}, map[string]string{"t/login.html": page("{{.A}}"), "t/forgot.html": page("{{.B}}")})
	if err == nil || !strings.Contains(err.Error(), "login.html:2") || !strings.Contains(err.Error(), "forgot.html:2") {
		t.Errorf("not all at once: %v", err)
	}
}

const evilDrawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 1"><script>document.title='evil'</script></svg>`

// A logo is a picture: never part of the page, and without scripts and origin when it is opened by itself (J-165).
func TestAHostileLogoIsOnlyAPicture(t *testing.T) {
	t.Parallel()
	s := newStage(t).themedPages(config.Theme{Logo: "l", LogoDark: "d", LogoAlt: `"><script>alert(1)</script>`, Favicon: "l", CSS: "c"},
		map[string]string{"l": evilDrawing, "d": evilDrawing + " ", "c": "</style><script>alert(1)</script>"})
	for _, name := range States() {
		if body := s.state(name, "en"); strings.Contains(body, "evil") || strings.Contains(body, "alert(1)</script>") {
			t.Errorf("%s: %s", name, body)
		}
	}
	body := s.state("login", "en")
	for _, name := range []string{"logo.svg", "logo-dark.svg", "favicon.svg", "theme.css"} {
		to := regexp.MustCompile(`/static/` + regexp.QuoteMeta(name) + `\?v=[0-9a-f]{16}`).FindString(body)
		if to == "" {
			t.Errorf("the page has no %s:\n%s", name, body)
			continue
		}
		r := httptest.NewRequest("GET", to, nil)
		r.SetPathValue("file", name)
		w := httptest.NewRecorder()
		if err := s.pages.Static(w, r, &visit.Visit{}); err != nil {
			t.Fatal(err)
		}
		h := w.Header()
		if h.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %v", name, h)
		}
		isDrawing := strings.HasSuffix(name, ".svg")
		if policy := h.Get("Content-Security-Policy"); isDrawing && (!strings.HasSuffix(policy, "; sandbox") || strings.Contains(policy, "script")) {
			t.Errorf("%s may do more than be looked at: %q", name, policy)
		}
		if want := map[bool]string{true: "image/svg+xml", false: "text/css; charset=utf-8"}[isDrawing]; h.Get("Content-Type") != want {
			t.Errorf("%s is %s", name, h.Get("Content-Type"))
		}
	}
}

// Where Gatehouse lies below a path, so does all that a theme brings.
func TestAThemeBelowAPathAndOnHTTPS(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := *s.pages.Config
	c.PathPrefix, c.BaseURL = "/auth", "https://example.com"
	s.pages.Config = &c
	s = s.themedPages(config.Theme{Accent: "#1f55c4", Logo: "l", Terms: "/terms", Privacy: "mailto:p@example.com", Templates: "t"},
		map[string]string{"l": evilDrawing, "t/login.html": Templates()["login.html"]})
	body := s.state("login", "en")
	for _, want := range []string{
		`href="/auth/static/theme.css?v=`, `src="/auth/static/logo.svg?v=`, `alt="` + c.SiteName + `"`, `href="/terms"`, `href="mailto:p@example.com"`,
		`width="256" height="64"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	own := *s
	if _, err := own.themed(config.Theme{Templates: "t"}, map[string]string{
		"t/login.html": strings.Replace(Templates()["login.html"], `{{template "csrf" .}}`, "", 1)}); err == nil || !strings.Contains(err.Error(), "login.html:5): the form to «/auth/login»") {
		t.Errorf("%v", err)
	}
}

// Mails wear the accent and the logo; a logo that their programs cannot show is the site's name.
func TestMailsMatchTheTheme(t *testing.T) {
	t.Parallel()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 120, 60))); err != nil {
		t.Fatal(err)
	}
	s := newStage(t).themedPages(config.Theme{Accent: "#7a1fa2", Logo: "l"}, map[string]string{"l": picture.String()})
	body := s.state("mail.verify", "en")
	for _, want := range []string{"background:#7a1fa2", `src="http://localhost:8080/static/logo.png?v=`, `width="72" height="36"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the mail lacks %q:\n%.3000s", want, body)
		}
	}
	s = newStage(t).themedPages(config.Theme{Logo: "l"}, map[string]string{"l": evilDrawing})
	if body := s.state("mail.verify", "en"); strings.Contains(body, "<img") || !strings.Contains(body, "background:#1a56c4") {
		t.Errorf("%.3000s", body)
	}
}

// What docs/theming.md calls stable is there.
func TestThePageAboutThemesNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/theming.md")
	if err != nil {
		t.Fatal(err)
	}
	called := regexp.MustCompile("`\\{\\{\\.([A-Z][A-Za-z]*)").FindAllStringSubmatch(string(text), -1)
	defined := regexp.MustCompile("\\{\\{template \"([a-z_]+)\"").FindAllStringSubmatch(string(text), -1)
	if len(called) < 12 || len(defined) < 5 {
		t.Fatalf("%d methods and %d templates are named", len(called), len(defined))
	}
	of := reflect.TypeFor[*view]()
	for _, m := range called {
		_, isMethod := of.MethodByName(m[1])
		if _, isField := of.Elem().FieldByName(m[1]); !isMethod && !isField {
			t.Errorf("there is no {{.%s}}", m[1])
		}
	}
	for _, m := range defined {
		if newStage(t).pages.templates["login"].Lookup(m[1]) == nil {
			t.Errorf("there is no template %s", m[1])
		}
	}
	for _, s := range config.ThemeSettings() {
		if !strings.Contains(string(text), s.Name) {
			t.Errorf("it does not name the setting %s", s.Name)
		}
	}
}
