package web

import (
	"fmt"
	"html/template"
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// pages lists the pages; each is templates/<name>.html.
var pages = []string{
	"account", "cancel", "delete", "dev_mail", "dev_open", "email_confirm", "forgot", "forgot_sent", "link", "login", "logout", "onward",
	"problem", "reauthenticate", "reset", "signup", "signup_sent", "verify", "verify_other",
}

// Parts are what Pages work with.
type Parts struct {
	Flow   *flow.Flow
	Config *config.Config
	Texts  *message.Catalog
	Mail   *mail.Outbox
	Theme  *theme.Theme // nil: ours
}

// Pages answers requests for pages. It is safe for use by many goroutines.
type Pages struct {
	Parts
	theme     *theme.Theme
	templates map[string]*template.Template
	assets    map[string]asset
}

// New parses the templates and reads the static files. Templates of a site's own are tried on every page that they are part of; the error is
// then *config.Problems, with what is wrong with each.
func New(p Parts) (*Pages, error) { return build(p, true) }

// build is New. Where a page is only to be looked at, whether all others work is not asked.
func build(p Parts, try bool) (*Pages, error) {
	look := p.Theme
	if look == nil {
		look = &theme.Theme{}
	}
	assets, err := readAssets(look.Files)
	if err != nil {
		return nil, err
	}
	all, problems := sources(look.Templates)
	parsed, more := parsePages(all)
	made := &Pages{Parts: p, theme: look, templates: parsed, assets: assets}
	if problems = append(problems, more...); len(problems) == 0 && len(look.Templates) > 0 && try {
		problems = made.try(all, "")
	}
	if len(problems) > 0 {
		return nil, &problems
	}
	return made, nil
}

// show answers with a page. It is rendered before anything is sent, so that a template that fails is an error and not half a page, and so that
// a form can still set its cookie.
func (d *view) show(page string, data any) error {
	d.page, d.Data = page, data
	var body pageBuffer
	if err := d.pages.templates[page].ExecuteTemplate(&body, "layout", d); err != nil {
		return fmt.Errorf("page %s: %w", page, err)
	}
	d.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	d.w.WriteHeader(d.status)
	_, _ = body.WriteTo(d.w) // who has hung up gets nothing
	return nil
}

// Problem answers with a page that says what was refused. A form that was open for too long is shown again with what was typed into it.
func (p *Pages) Problem(w http.ResponseWriter, r *http.Request, v *visit.Visit, problem message.Problem) {
	d := p.view(w, r, v)
	d.status, d.Problem = problem.Status, &problem
	page, data := "problem", any("") // nothing to open again
	if (problem.Hint == "form_token" || problem.Hint == "cookies_blocked") && r.Method == http.MethodPost {
		data = r.URL.Path // a GET of it is the page with the form, as it is now
		if stale, ok := staleForms[p.below(r)]; ok {
			page, data, d.Typed = stale, signUpData{Open: true}, shown(v.Form)
		}
	}
	if err := d.show(page, data); err != nil { // our own template is broken: say it without one
		http.Error(w, problem.Title+"\n\n"+problem.Detail+"\n\n"+problem.Reference, problem.Status)
	}
}

// staleForms are the forms, by path below the prefix, that can be shown again by what was typed alone.
var staleForms = map[string]string{"/login": "login", "/signup": "signup", "/forgot": "forgot"}

// below is the path of a request below the prefix.
func (p *Pages) below(r *http.Request) string {
	return r.URL.Path[min(len(p.Config.PathPrefix), len(r.URL.Path)):]
}
