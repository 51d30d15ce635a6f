package web

import (
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// Forgot asks for the address that a link to a new password goes to.
func (p *Pages) Forgot(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	if visit.Query(r, "sent") != "" {
		return d.show("forgot_sent", p.remembered(r, v, p.Config.ResetTTL))
	}
	return d.show("forgot", nil)
}

// DoForgot mails the link. The answer is the same whether or not there is an account.
func (p *Pages) DoForgot(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	out, err := p.Flow.Forgot(r.Context(), v.Client, v.Form["email"], v.Form["return_to"])
	if err != nil {
		return d.again("forgot", nil, err)
	}
	p.remember(w, v, v.Form["email"], out)
	return v.Go(w, d.sent("/forgot"))
}

// Reset asks for the new password.
func (p *Pages) Reset(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	if p.takeToken(w, r, v) {
		return nil
	}
	d := p.view(w, r, v)
	data, err := p.look(r, v, "reset")
	if err != nil {
		return d.refused("reset", "problem", data, err)
	}
	return d.show("reset", data)
}

// DoReset sets it. It signs nobody in; the log-in follows.
func (p *Pages) DoReset(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	token := p.token(r, v)
	out, err := p.Flow.Reset(r.Context(), v.Client, flow.ResetInput{Token: token, Password: v.Form["password"]})
	if err != nil {
		data := linkData{Token: token}
		if message.From(err).Code == message.InvalidFields { // the link was good a moment ago and still is
			data, _ = p.look(r, v, "reset")
		}
		return d.refused("reset", "reset", data, err)
	}
	v.Keep(w, out, false)
	v.DropCarried(w)
	d.ReturnTo = out.ReturnTo
	return v.Go(w, d.onto(d.Link("/login"), "notice", v.Notice(w, "password_reset")))
}
