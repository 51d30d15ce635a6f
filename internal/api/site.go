package api

import (
	"context"
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
)

// site is what a site offers: all that a client must know to show its forms, and nothing else of the configuration.
type site struct {
	SiteName          string         `json:"site_name"`
	Signup            string         `json:"signup" one:"open,domains,closed" doc:"domains: only addresses of some mail domains"`
	Identifiers       []string       `json:"identifiers" doc:"what people sign up and sign in with: email, username"`
	EmailVerification string         `json:"email_verification" one:"required,optional,off"`
	SignupFields      []siteField    `json:"signup_fields" doc:"what the site asks for at sign-up beside that, in this order"`
	PasswordPolicy    passwordPolicy `json:"password_policy"`
	Providers         []string       `json:"providers" doc:"other services to sign in with"`
	Methods           []string       `json:"methods" doc:"ways to sign in: password"`
}

type passwordPolicy struct {
	MinLength int `json:"min_length" doc:"in code points"`
	MaxLength int `json:"max_length" doc:"in code points"`
	MinScore  int `json:"min_score" doc:"of POST /password/strength"`
}

// What package password holds new passwords to; a test compares.
const (
	maxPassword      = 256
	minPasswordScore = 3
)

// ConfigInfo is GET /config.
func (a *API) ConfigInfo() Endpoint {
	return handle("What this site offers", http.StatusOK, nil,
		func(_ context.Context, c *call, _ none) (site, error) { return a.site(c.v.Locale), nil })
}

func (a *API) site(lang string) site {
	c := a.Config
	signup := "domains" // which, is not told to everybody
	if rule := c.Signup; len(rule) == 1 && (rule[0] == "open" || rule[0] == "closed") {
		signup = rule[0]
	}
	return site{
		SiteName: c.SiteName, Signup: signup, Identifiers: c.Identifiers, EmailVerification: c.EmailVerification,
		SignupFields:   a.siteFields(lang),
		PasswordPolicy: passwordPolicy{c.PasswordMinLength, maxPassword, minPasswordScore}, Methods: []string{"password"},
	}
}

type mailbox struct {
	Messages []mail.Delivered `json:"messages" doc:"the newest first"`
}

// DevMail is GET /api/dev/mail, which exists in development alone.
func (a *API) DevMail() Endpoint {
	return handle("Mails that development kept instead of sending them", http.StatusOK, nil,
		func(ctx context.Context, _ *call, _ none) (mailbox, error) {
			all, err := a.Mail.Mailbox(ctx)
			return mailbox{all}, err
		})
}
