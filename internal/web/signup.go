package web

import (
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

type signUpData struct{ Open bool }

// SignUp shows the sign-up, or what to do after one.
func (p *Pages) SignUp(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	switch {
	case visit.Query(r, "sent") != "":
		return d.show("signup_sent", p.remembered(r, v, p.Config.VerifyTTL))
	case v.Session != nil:
		return d.onward(d.ReturnTo, d.Path("/account"))
	case !d.SignupOpen():
		return d.again("signup", signUpData{}, &message.Fault{Code: message.SignupClosed, Cause: "signup_closed"})
	}
	return d.show("signup", signUpData{Open: true})
}

// DoSignUp registers somebody. The answer is the same for an address that has an account.
func (p *Pages) DoSignUp(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	out, err := p.Flow.SignUp(r.Context(), v.Client, flow.SignUpInput{
		Email: v.Form["email"], Username: v.Form["username"], Password: v.Form["password"], Name: v.Form["name"], ReturnTo: v.Form["return_to"],
		Fields: siteFields(v.Form),
	})
	if err != nil {
		return d.again("signup", signUpData{Open: d.SignupOpen()}, err)
	}
	v.Keep(w, out, false)
	if out.Step == flow.StepCreated {
		return d.onward(out.ReturnTo, d.saying("/account", "welcome"))
	}
	p.remember(w, v, v.Form["email"], out)
	return v.Go(w, d.sent("/signup"))
}

// Resend mails the link again.
func (p *Pages) Resend(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	out, err := p.Flow.ResendVerification(r.Context(), v.Client, v.Form["email"])
	if err != nil {
		return d.again("signup_sent", p.remembered(r, v, p.Config.VerifyTTL), err)
	}
	p.remember(w, v, v.Form["email"], out)
	return v.Go(w, d.onto(d.sent("/signup"), "notice", v.Notice(w, "sent_again")))
}
