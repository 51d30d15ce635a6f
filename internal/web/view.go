package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// view is what a template sees.
type view struct {
	Problem  *message.Problem  // what was refused; nil: nothing
	Notice   string            // the key of good news after a redirect; empty: none
	ReturnTo string            // where the person wants to go, checked
	Typed    map[string]string // what the form had that is shown again
	Data     any               // the page's own

	pages  *Pages
	w      http.ResponseWriter
	visit  *visit.Visit
	page   string
	status int
}

// notices are what a page may be told to say after a redirect. The URL carries a word of this table, never a text, and a code that binds it to the
// browser ([visit.Visit.Notice]): otherwise a link could put words into our mouth, or raise false alarms.
var notices = map[string]string{
	"account_deleted":                   "page.notice.account_deleted",
	"confirm_email":                     "page.notice.confirm_email",
	"device_ended":                      "page.notice.device_ended",
	"devices_ended":                     "page.notice.devices_ended",
	"email_canceled":                    "page.notice.email_canceled",
	"email_changed":                     "page.notice.email_changed",
	"email_sent":                        "page.notice.email_sent",
	"password_changed":                  "page.notice.password_changed",
	"password_reset":                    "page.notice.password_reset",
	"profile_saved":                     "page.notice.profile_saved",
	"sent_again":                        "page.notice.sent_again",
	"session_over":                      "page.notice.session_over",
	"session_over_account_deleted":      "page.notice.session_over_account_deleted",
	"session_over_account_disabled":     "page.notice.session_over_account_disabled",
	"session_over_administrator":        "page.notice.session_over_administrator",
	"session_over_expired":              "page.notice.session_over_expired",
	"session_over_idle":                 "page.notice.session_over_idle",
	"session_over_password_changed":     "page.notice.session_over_password_changed",
	"session_over_password_reset":       "page.notice.session_over_password_reset",
	"session_over_signed_out":           "page.notice.session_over_signed_out",
	"session_over_signed_out_elsewhere": "page.notice.session_over_signed_out_elsewhere",
	"session_over_too_many":             "page.notice.session_over_too_many",
	"signup_canceled":                   "page.notice.signup_canceled",
	"username_lost":                     "page.notice.username_lost",
	"welcome":                           "page.notice.welcome",
}

// Told reports whether the notice is one that is neither good nor bad news: that somebody was signed out, or has to sign in first.
func (d *view) Told() bool {
	return strings.HasPrefix(d.Notice, notices["session_over"]) || d.Notice == notices["confirm_email"]
}

func (p *Pages) view(w http.ResponseWriter, r *http.Request, v *visit.Visit) *view {
	returnTo := visit.Query(r, "return_to")
	if v.Form != nil {
		returnTo = v.Form["return_to"]
	}
	return &view{
		pages: p, w: w, visit: v, status: http.StatusOK, Notice: notices[v.Noticed(visit.Query(r, "notice"))], ReturnTo: p.Flow.ReturnTo(returnTo),
	}
}

// again shows a form once more with what was refused. What must be said elsewhere is returned: that somebody is no longer signed in.
func (d *view) again(page string, data any, err error) error {
	if fault, ok := errors.AsType[*message.Fault](err); ok && fault.Code == message.Unauthenticated {
		return err
	}
	problem := d.visit.Refuse(d.w, err)
	d.status, d.Problem, d.Typed, d.Notice = problem.Status, &problem, shown(d.visit.Form), ""
	return d.show(page, data)
}

// T is a text of the catalogue. The arguments are name, value, name, value …; {site} and {min}, the length of the
// shortest password, are always known.
func (d *view) T(key string, args ...any) (string, error) {
	if len(args)%2 != 0 {
		return "", fmt.Errorf("%s: a name without a value", key)
	}
	if !d.pages.Texts.Has(message.Fallback, key) { // misspelt in a template of the site's own: it is told at start
		return "", fmt.Errorf("there is no text %q; gatehouse messages list shows all", key)
	}
	named := map[string]any{"site": d.Site(), "min": d.pages.Config.PasswordMinLength}
	for i := 0; i < len(args); i += 2 {
		named[args[i].(string)] = args[i+1]
	}
	return d.pages.Texts.Text(d.visit.Locale, key, named), nil
}

func (d *view) Site() string       { return d.pages.Config.SiteName }
func (d *view) SupportURL() string { return d.pages.Config.SupportURL }
func (d *view) Nonce() string      { return d.visit.Nonce }

// Path is a page of ours as the browser must ask for it.
func (d *view) Path(path string) string { return d.pages.Config.Prefixed(path) }

// Link is Path with the return_to of this page handed on.
func (d *view) Link(path string) string { return d.with(path, "return_to", d.ReturnTo) }

// Asset is the URL of a static file. It changes with the content, so that browsers may keep it for good.
func (d *view) Asset(name string) string {
	return d.Path("/static/"+name) + "?v=" + d.pages.assets[name].version
}

// CSRF is what the page's forms must send back. Only a page that has a form asks for it, so that only such a page sets a cookie.
func (d *view) CSRF() string { return d.visit.FormToken(d.w) }

// User is who is signed in, or nil.
func (d *view) User() *store.User {
	if d.visit.Session == nil {
		return nil
	}
	return d.visit.Session.User
}

// Login is what the signed-in person signs in with.
func (d *view) Login() string {
	switch u := d.User(); {
	case u == nil:
		return ""
	case u.Email != "":
		return u.Email
	default:
		return u.Username
	}
}

// Reauthenticate is the page that asks for the password and then comes back to a page of ours.
func (d *view) Reauthenticate(path string) string {
	return d.with("/reauthenticate", "return_to", d.Path(path))
}

// Choosing reports whether the form that was refused was one for a new password.
func (d *view) Choosing() bool {
	return slices.ContainsFunc(append(d.siteNames(), "new_password"), func(name string) bool { return len(d.errors(name)) > 0 })
}

// SignupOpen reports whether there is any use in offering a sign-up.
func (d *view) SignupOpen() bool { return !slices.Equal(d.pages.Config.Signup, []string{"closed"}) }

// Mailbox reports whether mails end in the dev mailbox.
func (d *view) Mailbox() bool { return d.pages.Config.Dev == config.On && d.pages.Mail.SMTP == nil }

// saying is a page of ours that says a notice.
func (d *view) saying(path, notice string) string {
	return d.with(path, "notice", d.visit.Notice(d.w, notice))
}

// with is a page of ours with a parameter, left out when it is empty.
func (d *view) with(path, name, value string) string {
	if value == "" {
		return d.Path(path)
	}
	return d.onto(d.Path(path), name, value)
}

// onto adds a parameter to a URL of ours.
func (d *view) onto(to, name, value string) string {
	to, fragment, found := strings.Cut(to, "#")
	mark := "?"
	if strings.Contains(to, "?") {
		mark = "&"
	}
	to += mark + name + "=" + url.QueryEscape(value)
	if found {
		to += "#" + fragment
	}
	return to
}

// onward sends the browser to where the person wanted to go, or to a page of ours. What follows a form must stay on our origin: Chromium holds
// the redirects after a POST against form-action too, and stops there. For another origin, which return_to was allowed to name, a page of
// ours leads on.
func (d *view) onward(to, otherwise string) error {
	origin := d.pages.Config.Origin()
	switch {
	case to == "":
		return d.visit.Go(d.w, otherwise)
	case strings.HasPrefix(to, "/"), to == origin, strings.HasPrefix(to, origin+"/"):
		return d.visit.Go(d.w, to)
	}
	return d.show("onward", onwardData{To: to})
}

type onwardData struct {
	To       string
	Download bool // what is there is a file, and this page stays
}
