package web

import (
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// Whoever looks at all states sees every page and every mail, in every language there is.
func TestEveryPageHasAStateAndEveryStateCanBeShown(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	seen := map[string]bool{}
	for _, name := range States() {
		page, _, _ := strings.Cut(name, ".")
		if seen[name] {
			t.Errorf("two states are called %s", name)
		}
		seen[name], seen[page] = true, true
		for _, lang := range s.pages.Texts.Languages() {
			body := s.state(name, lang)
			if !strings.Contains(body, `<html lang="`+lang+`"`) || !strings.Contains(body, "</html>") {
				t.Errorf("%s in %s is %.200s", name, lang, body)
			}
		}
	}
	for _, page := range pages {
		if !seen[page] {
			t.Errorf("the page %s has no state", page)
		}
	}
	for _, kind := range mail.Kinds() {
		if !seen[mailState+string(kind)] {
			t.Errorf("the mail %s has no state", kind)
		}
	}
}

// unfilled is what a page says when something was not filled in, or has no text.
var unfilled = regexp.MustCompile(`[{}]|&lt;nil&gt;|%!|\bpage\.[a-z]|0001-01-01`)

// forScripts are texts that a script of ours fills in.
var forScripts = regexp.MustCompile(`data-left="[^"]*"`)

// A state shows what it is about: a refusal on the page that it came from, and nothing that a person would not see.
func TestAStateShowsItsRefusalAndNoPlaceholder(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, one := range states {
		body := s.state(one.name, "en")
		if one.fault != nil && !strings.Contains(body, sampleReference) {
			t.Errorf("%s does not say its refusal", one.name)
		}
		if one.notice != "" && !strings.Contains(body, `role="status"><p>`) {
			t.Errorf("%s does not say its news", one.name)
		}
		if one.member != strings.Contains(body, `action="/logout"`) && one.page() != "logout" {
			t.Errorf("%s: somebody is signed in: %v, and the page does not fit", one.name, one.member)
		}
		if wrong := unfilled.FindString(forScripts.ReplaceAllString(body, "")); wrong != "" {
			t.Errorf("%s shows %q", one.name, wrong)
		}
	}
	if !slices.ContainsFunc(states, func(s state) bool { return s.change != nil }) || s.pages.Config.Identifiers == nil {
		t.Error("nothing is tried with another configuration")
	}
}

// state renders a state.
func (s *stage) state(name, lang string) string {
	s.t.Helper()
	w := httptest.NewRecorder()
	v := &visit.Visit{Client: flow.Client{Locale: lang}, Config: s.pages.Config, Keys: s.keys, Texts: s.pages.Texts, Now: now, Nonce: "abc-_"}
	if err := s.pages.State(w, v, name); err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	return w.Body.String()
}
