package server

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// speaking is a site with texts of its own.
func speaking(t *testing.T, files map[string]string) func(*config.Config) {
	dir := t.TempDir()
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return func(c *config.Config) { c.Messages = dir }
}

var esperanto = map[string]string{
	"eo.yaml": "page.language: Esperanto\npage.login.title: Saluton\nerror.unauthenticated.title: Bonvolu ensaluti\nmail.reset.heading: Nova pasvorto\nmail.verify.heading: Konfirmu\n",
	"en.yaml": "page.login.title: Welcome back\n",
}

// Who comes by a link to a language reads on in it, with JSON too, until they say otherwise; nothing of it may be kept for somebody else.
func TestALanguageIsChosenOnceAndKept(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*config.Config){"http": func(*config.Config) {}, "https below a path": func(c *config.Config) { secure(c); below(c) }} {
		h := newHouse(t, speaking(t, esperanto), set)
		b := h.browser()
		check := func(a answer, lang, says string) {
			t.Helper()
			vary := strings.Join(a.Header.Values("Vary"), ", ")
			if a.Header.Get("Content-Language") != lang || !strings.Contains(a.body, says) || !strings.Contains(vary, "Accept-Language, Cookie") || a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %v, want %s and %q in\n%s", name, a.StatusCode, a.Header, lang, says, a.body)
			}
		}
		check(b.get("/login"), "en", "Welcome back")
		check(b.get("/login", headers("Accept-Language", "eo")), "eo", "Saluton")
		check(b.get("/login"), "en", "Welcome back")
		if a := b.get("/login?lang=tlh"); a.Header.Get("Content-Language") != "en" {
			t.Errorf("%s: a language that we lack: %v", name, a.Header)
		} else if _, kept := a.cookie(h, "-lang"); kept {
			t.Errorf("%s: a language that we lack is kept", name)
		}
		check(b.get("/login?lang=eo&return_to=%2Faccount"), "eo", h.config.Prefixed("/login")+"?lang=en&amp;return_to=%2Faccount")
		check(b.get("/login"), "eo", "Saluton")
		check(b.call("GET", "/session", ""), "eo", "Bonvolu ensaluti")
		check(b.call("GET", "/session?lang=en", ""), "en", "Please sign in")
		check(b.get("/nothing"), "eo", h.config.Prefixed("/nothing")+"?lang=en")
		if a := b.post("/verify/resend", map[string]string{"email": "x"}); a.StatusCode == 422 {
			check(a, "eo", `hreflang="en"`)
		}
		check(h.native().call("GET", "/session", "", headers("Cookie", h.cookieName("-lang")+"=eo", "Authorization", "Bearer x")), "en", "sign in")
		if a := b.do("POST", "/api/v1/session?lang=en", "", ""); a.StatusCode != http.StatusMethodNotAllowed {
			t.Error(a.StatusCode)
		} else if _, kept := a.cookie(h, "-lang"); kept {
			t.Errorf("%s: JSON sets the cookie", name)
		}
		member := h.member()
		member.want(200, "PATCH", "/account", `{"locale":"eo"}`)
		check(member.get("/logout"), "eo", `lang="eo"`)
		if a := member.get("/logout"); strings.Contains(a.body, "hreflang") {
			t.Errorf("%s: what the account has chosen can be chosen in the foot too", name)
		}
		check(member.get("/logout?lang=en"), "en", `lang="en"`)
		check(member.get("/logout"), "eo", `lang="eo"`) // the account stands before the cookie
	}
}

// E-064: the links to other languages lead to where the page was asked for, which only a canonical path of ours can be.
func TestLinksToLanguagesStayOnTheSite(t *testing.T) {
	t.Parallel()
	h := newHouse(t, speaking(t, esperanto))
	for _, path := range append(spellings("/login"), "//evil.example", "/\\evil.example", "//evil.example/%2e%2e", "/x?lang=eo&return_to=//evil.example") {
		a := h.raw(h.lines("GET", path, ""), false)
		if strings.Contains(a.body, `href="//`) || strings.Contains(a.body, `evil.example?lang`) || strings.Contains(a.body, "return_to=") {
			t.Errorf("%q: %s", path, a.body)
		}
	}
}

func TestAServerDoesNotStartWithTextsThatAreWrong(t *testing.T) {
	t.Parallel()
	c := config.Defaults()
	c.Database = "sqlite:" + filepath.Join(t.TempDir(), "gatehouse.db")
	speaking(t, map[string]string{"eo.yaml": "page.languag: Esperanto\npage.login.title: \"{x}\"\n"})(&c)
	must(t, c.Finish(nil))
	_, err := Open(t.Context(), c, slog.New(slog.DiscardHandler), Options{})
	problems, ok := errors.AsType[*config.Problems](err)
	if !ok || len(*problems) != 2 {
		t.Fatalf("%v", err)
	}
	for i, want := range []string{"eo.yaml:1): there is no text «page.languag»; did you mean page.language?", "eo.yaml:2): page.login.title has «{x}» in it"} {
		if got := (*problems)[i].String(); !strings.HasPrefix(got, "--messages (from ") || !strings.Contains(got, want) {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	if _, err := os.Stat(strings.TrimPrefix(c.Database, "sqlite:")); err == nil {
		t.Error("it made a database before it looked")
	}
}
