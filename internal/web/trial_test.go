package web_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/web"
)

// A template of a site's own may print all that was typed into a form that is shown again, but for what nobody may read on a screen.
func TestATemplateCannotPrintThePasswordsThatWereTyped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"login.html", "signup.html"} {
		text := strings.Replace(web.Templates()[name], "<h1", "<p>typed: {{.Typed}}</p>\n<h1", 1)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := open(t, func(c *config.Config) { c.Theme.Templates = dir })
	b := h.browser()
	const canary = "canary7" // too short to be taken
	stale := url.Values{"csrf": {canary}, "token": {canary}, "password": {canary}, "new_password": {canary}, "current_password": {canary}, "identifier": {"shown"}}
	for name, a := range map[string]answer{
		"a refused log-in":  b.send(b.page("/login"), "/login", map[string]string{"identifier": "shown@example.com", "password": canary}),
		"a refused sign-up": b.send(b.page("/signup"), "/signup", map[string]string{"email": "shown", "password": canary}),
		"a stale log-in":    h.browser().do("POST", "/login", stale),
	} {
		_, typed, _ := strings.Cut(a.body, "typed: map[")
		typed, _, found := strings.Cut(typed, "]</p>")
		if a.StatusCode < 400 || !found || !strings.Contains(typed, ":shown") {
			t.Errorf("%s: %d\n%s", name, a.StatusCode, a.body)
		}
		if strings.Contains(a.body, canary) || strings.Contains(typed, "csrf") {
			t.Errorf("%s prints what is secret: %s", name, typed)
		}
	}
}
