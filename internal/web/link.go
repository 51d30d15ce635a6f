package web

import (
	"encoding/base64"
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// Pages that mails link to. The first request takes the token out of the URL, the second says what the link is about without using it, because
// mail scanners open links (F-078, F-079); only the button, a POST, uses it.

// linkData is what such a page tells.
type linkData struct {
	Token string
	flow.Link
}

// takeToken reports whether the URL had a token, which it answered with a redirect to the same page without.
func (p *Pages) takeToken(w http.ResponseWriter, r *http.Request, v *visit.Visit) bool {
	if !r.URL.Query().Has("token") {
		return false
	}
	token := visit.Query(r, "token")
	if !ticket.WellFormed(token) {
		token = "cut" // told as such on the next page; what else it is does not belong into a cookie
	}
	v.Carry(w, token)
	w.Header().Set("Referrer-Policy", "no-referrer")
	_ = v.Go(w, p.Config.Prefixed(p.below(r)))
	return true
}

// token is the link's token: of the form, or carried here by takeToken.
func (p *Pages) token(r *http.Request, v *visit.Visit) string {
	if token := v.Form["token"]; token != "" {
		return token
	}
	return v.Carried(r)
}

// deadLink is the page of a link that does not work, with the way to a new one.
type deadLink struct {
	Kind string
	Used bool // most often by its owner, who only has to sign in
}

// refused shows why a link does not work, or the form again where the link is still good.
func (d *view) refused(kind, page string, data linkData, err error) error {
	if message.From(err).Code == message.LinkExpired {
		d.visit.DropCarried(d.w)
		return d.again("link", deadLink{kind, message.From(err).Hint == "used"}, err)
	}
	return d.again(page, data, err)
}

// look opens a link of a kind for its page. The token is not used.
func (p *Pages) look(r *http.Request, v *visit.Visit, kind string) (linkData, error) {
	data := linkData{Token: p.token(r, v)}
	if data.Token == "" { // opened without the mail's link, or cookies are blocked
		return data, &message.Fault{Code: message.LinkExpired, Hint: "malformed", Cause: "link_without_token"}
	}
	var err error
	switch kind {
	case "reset":
		data.Link, err = p.Flow.ResetLink(r.Context(), v.Client, data.Token)
	case "email":
		data.Link, err = p.Flow.EmailChangeLink(r.Context(), v.Client, data.Token)
	default:
		data.Link, err = p.Flow.VerifyLink(r.Context(), v.Client, data.Token)
	}
	return data, err
}

// Verify shows what is needed to confirm the address of a sign-up.
func (p *Pages) Verify(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	if p.takeToken(w, r, v) {
		return nil
	}
	d := p.view(w, r, v)
	data, err := p.look(r, v, "verify")
	switch {
	case err != nil:
		return d.refused("verify", "problem", data, err)
	case data.Other:
		return d.again("verify_other", data, &message.Fault{Code: message.Conflict, Cause: "verify_link_in_another_users_session"})
	}
	return d.show("verify", data)
}

// DoVerify confirms the address and signs in.
func (p *Pages) DoVerify(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	token := p.token(r, v)
	out, err := p.Flow.Verify(r.Context(), v.Client, flow.VerifyInput{
		Token: token, Password: v.Form["password"], NewPassword: v.Form["new_password"], Fields: siteFields(v.Form),
	})
	if err != nil {
		return p.verifyAgain(d, r, err)
	}
	v.Keep(w, out, false)
	v.DropCarried(w)
	if out.UsernameLost { // before anything else: they may be about to sign in with it elsewhere
		return v.Go(w, d.saying("/account", "username_lost"))
	}
	return d.onward(out.ReturnTo, d.saying("/account", "welcome"))
}

// verifyAgain shows what was refused, as the link still is.
func (p *Pages) verifyAgain(d *view, r *http.Request, err error) error {
	data, dead := p.look(r, d.visit, "verify")
	switch {
	case dead != nil:
		return d.refused("verify", "problem", data, err)
	case data.Other:
		return d.again("verify_other", data, err)
	}
	fault := message.From(err)
	if _, choosing := d.visit.Form["new_password"]; choosing {
		for i, f := range fault.Fields { // the form that was sent has the other field only
			if f.Name == "password" {
				fault.Fields[i].Name = "new_password"
			}
		}
	}
	return d.refused("verify", "verify", data, fault)
}

// CancelSignUp asks whether to throw a sign-up away that was somebody else's.
func (p *Pages) CancelSignUp(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	if p.takeToken(w, r, v) {
		return nil
	}
	d := p.view(w, r, v)
	data, err := p.look(r, v, "cancel")
	if err != nil {
		return d.refused("cancel", "problem", data, err)
	}
	return d.show("cancel", data)
}

// DoCancelSignUp throws it away.
func (p *Pages) DoCancelSignUp(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	if err := p.Flow.CancelSignUp(r.Context(), v.Client, p.token(r, v)); err != nil {
		return d.refused("cancel", "problem", linkData{}, err)
	}
	v.DropCarried(w)
	return v.Go(w, d.saying("/login", "signup_canceled"))
}

// ConfirmEmail shows which address a link gives to the account. It works only for who is signed in; others sign in first, while the token
// waits.
func (p *Pages) ConfirmEmail(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	if p.takeToken(w, r, v) {
		return nil
	}
	d := p.view(w, r, v)
	if v.Session == nil {
		return v.Go(w, d.onto(d.with("/login", "return_to", d.Path("/account/email/confirm")), "notice", v.Notice(w, "confirm_email")))
	}
	data, err := p.look(r, v, "email")
	if err != nil {
		return d.refused("email", "problem", data, err)
	}
	return d.show("email_confirm", data)
}

// DoConfirmEmail gives the account its new address.
func (p *Pages) DoConfirmEmail(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	if _, err := p.Flow.ConfirmEmail(r.Context(), v.Client, p.token(r, v)); err != nil {
		return d.refused("email", "problem", linkData{}, err)
	}
	v.DropCarried(w)
	return v.Go(w, d.saying("/account#address", "email_changed"))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(s string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil && len(b) > 0
}
