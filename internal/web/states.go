package web

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// state is a page as somebody may meet it: as it opens, with what was refused, with an unusual name. The table of them is what a site owner
// looks at before a theme goes live, what a template of a site's own is tried with at start, and what the tests of accessibility and looks walk
// through. A state that is missing is one that nobody looks at.
type state struct {
	name   string // page, or page.what
	fault  *message.Fault
	notice string // a word of notices
	typed  map[string]string
	member bool                   // somebody is signed in
	change func(*config.Config)   // what the site has to be set to for it
	data   func(*view) any        // nil: the page has none
	user   func(*session.Session) // what is unusual about who is signed in
}

func (s state) page() string {
	page, _, _ := strings.Cut(s.name, ".")
	return page
}

// mailState begins the names of states that are mails.
const mailState = "mail."

// States lists the names of all states: those of pages in the order of the table, then mail.<kind> for each mail.
func States() []string {
	names := make([]string, 0, len(states)+len(mail.Kinds()))
	for _, s := range states {
		names = append(names, s.name)
	}
	for _, kind := range mail.Kinds() {
		names = append(names, mailState+string(kind))
	}
	return names
}

// State shows a state with sample data, in the language of the visit and at its time. Nothing is read from or written to a store. A mail is
// shown as its HTML part.
func (p *Pages) State(w http.ResponseWriter, v *visit.Visit, name string) error {
	if kind, ok := strings.CutPrefix(name, mailState); ok {
		return p.mailState(w, v, mail.Kind(kind))
	}
	i := slices.IndexFunc(states, func(s state) bool { return s.name == name })
	if i < 0 {
		return &message.Fault{Code: message.NotFound, Cause: "no_such_state"}
	}
	return p.stateView(w, v, states[i])
}

func (p *Pages) stateView(w http.ResponseWriter, v *visit.Visit, s state) error {
	here, c := *p, *p.Config // what a state changes is its own
	if s.change != nil {
		s.change(&c)
	}
	here.Config, v.Config = &c, &c
	if s.member {
		v.Session = sampleSession(v.Now)
		if s.user != nil {
			s.user(v.Session)
		}
	}
	v.Form = s.typed
	v.Page = "#" // where the way to the same page in another language leads
	d := &view{pages: &here, w: w, visit: v, status: http.StatusOK, Notice: notices[s.notice], Typed: s.typed}
	if s.fault != nil {
		problem := v.Texts.Problem(s.fault, v.Locale, sampleReference, "")
		d.Problem, d.status = &problem, problem.Status
	}
	if s.data == nil {
		return d.show(s.page(), nil)
	}
	return d.show(s.page(), s.data(d))
}

func (p *Pages) mailState(w http.ResponseWriter, v *visit.Visit, kind mail.Kind) error {
	m, err := p.sampleMail(kind, v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = io.WriteString(w, m.HTML)
	return err
}

// sampleMail is a mail as the site would send it.
func (p *Pages) sampleMail(kind mail.Kind, v *visit.Visit) (mail.Message, error) {
	r := mail.Renderer{Texts: p.Texts, SiteName: p.Config.SiteName, SupportURL: p.Config.SupportURL, From: p.Config.MailFrom, Look: MailLook(p.theme, p.Config)}
	if r.From == "" {
		r.From = "login@example.com"
	}
	link := func(path string) string { return p.Config.Origin() + p.Config.Prefixed(path) + "?token=sample" }
	d := mail.Data{
		Name: sampleName, At: v.Now.Add(-time.Minute), Device: sampleDevice, Valid: p.Config.ResetTTL,
		Link: link("/verify"), Reset: link("/reset"), Cancel: link("/signup/cancel"),
	}
	switch kind { // what only some tell of
	case mail.EmailChangeNotice:
		d.NewAddress, d.Valid = "a…@example.org", 0
	case mail.AccountDeleted, mail.EmailTaken: // no link that could run out
		d.Valid = 0
	case mail.Guessing:
		d.Tries, d.Places = 12, 3
	}
	m, err := r.Render(kind, sampleEmail, v.Locale, d)
	if err != nil {
		return m, fmt.Errorf("the mail %s: %w", kind, err)
	}
	return m, nil
}
