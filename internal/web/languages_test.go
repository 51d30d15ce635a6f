package web

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// inLanguages is a stage with languages that nobody translates into.
func inLanguages(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	texts, slips := s.pages.Texts.With(fstest.MapFS{
		"eo.yaml": {Data: []byte("page.language: Esperanto\ndate.day: \"{day}-a de {month} {year}\"\ndate.month.05: majo\npage.login.title: \"<b>Saluton</b> & {site}\"")},
		"yi.yaml": {Data: []byte("page.language: ייִדיש")},
	}, "messages")
	if len(slips) > 0 {
		t.Fatal(slips)
	}
	s.pages.Texts = texts
	return s
}

func (s *stage) visit(locale, page string, user *store.User) *visit.Visit {
	v := &visit.Visit{Client: flow.Client{Locale: locale}, Config: s.pages.Config, Keys: s.keys, Texts: s.pages.Texts, Now: now, Page: page}
	if user != nil {
		v.Session = &session.Session{Session: store.Session{ID: "s"}, User: user, FreshUntil: now}
	}
	return v
}

func (s *stage) shown(v *visit.Visit, page, returnTo string) string {
	s.t.Helper()
	w := httptest.NewRecorder()
	d := &view{pages: s.pages, w: w, visit: v, status: 200, ReturnTo: returnTo}
	if err := d.show(page, nil); err != nil {
		s.t.Fatal(err)
	}
	return w.Body.String()
}

func TestThePageFootLeadsToThisPageInEachLanguage(t *testing.T) {
	t.Parallel()
	s := inLanguages(t)
	link := regexp.MustCompile(`<a href="([^"]*[?&;]lang=(?:eo|yi)[^"]*)" lang="(\w+)" hreflang="(\w+)" dir="(\w+)"( aria-current="true")?>([^<]*)</a>`)
	for _, c := range []struct {
		locale, page, returnTo string
		user                   *store.User
		want                   string
	}{
		{"en", "/login", "", nil, "/login?lang=eo eo ltr Esperanto, /login?lang=yi yi rtl ייִדיש"},
		{"eo", "/auth/login", "/x?y=1&z", nil, "/auth/login?lang=eo&amp;return_to=%2Fx%3Fy%3D1%26z eo ltr * Esperanto, /auth/login?lang=yi&amp;return_to=%2Fx%3Fy%3D1%26z yi rtl ייִדיש"},
		{"en", "/logout", "", &store.User{Locale: "tlh"}, "/logout?lang=eo eo ltr Esperanto, /logout?lang=yi yi rtl ייִדיש"},
		{"en", "/logout", "", &store.User{Locale: "en-GB"}, ""}, // chosen on the account page, where it can be changed
		{"en", "", "", nil, ""}, // a page of the site's own
	} {
		var got []string
		for _, m := range link.FindAllStringSubmatch(s.shown(s.visit(c.locale, c.page, c.user), "logout", c.returnTo), -1) {
			if m[2] != m[3] {
				t.Errorf("lang %s, hreflang %s", m[2], m[3])
			}
			chosen := " "
			if m[5] != "" {
				chosen = " * "
			}
			got = append(got, m[1]+" "+m[2]+" "+m[4]+chosen+m[6])
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s %s:\n%s\nwant\n%s", c.page, c.locale, text, c.want)
		}
	}
	one := newStage(t)
	if len(one.pages.Texts.Languages()) == 1 && strings.Contains(one.shown(one.visit("en", "/login", nil), "logout", ""), "lang=en") {
		t.Error("a choice of one is offered")
	}
}

// I-148: a site's own text is text, also where it looks like HTML.
func TestASitesOwnTextsStayText(t *testing.T) {
	t.Parallel()
	s := inLanguages(t)
	s.pages.Config.SiteName = "Acorn"
	body := s.shown(s.visit("eo", "/login", nil), "login", "")
	if strings.Contains(body, "<b>Saluton") || !strings.Contains(body, "&lt;b&gt;Saluton&lt;/b&gt; &amp; Acorn") || !strings.Contains(body, `<html lang="eo" dir="ltr"`) {
		t.Error(body)
	}
	if body := s.shown(s.visit("yi", "/login", nil), "login", ""); !strings.Contains(body, `<html lang="yi" dir="rtl"`) {
		t.Error("right to left is not said")
	}
}

func TestDatesOfAPageAreOfItsLanguage(t *testing.T) {
	t.Parallel()
	s := inLanguages(t)
	d := &view{pages: s.pages, visit: s.visit("eo", "", nil)}
	if got := d.Day(now) + "; " + d.When(now) + "; " + d.Stamp(now); got != "3-a de majo 2026; 3-a de majo 2026, 10:00 UTC; 2026-05-03T10:00:00Z" {
		t.Error(got)
	}
	d.visit.Locale = "en"
	for past, want := range map[time.Duration]string{
		0: "just now", -time.Hour: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 119 * time.Second: "1 minute ago", 59 * time.Minute: "59 minutes ago",
		time.Hour: "1 hour ago", 119 * time.Minute: "1 hour ago", 47 * time.Hour: "47 hours ago", 48 * time.Hour: "2 days ago", 71 * time.Hour: "2 days ago",
	} {
		if got, err := d.Ago(now.Add(-past)); got != want || err != nil {
			t.Errorf("%v ago is %q, want %q %v", past, got, want, err)
		}
	}
}
