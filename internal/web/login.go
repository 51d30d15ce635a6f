package web

import (
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// Home is the way in: to the account, or to the log-in.
func (p *Pages) Home(w http.ResponseWriter, _ *http.Request, v *visit.Visit) error {
	if v.Session != nil {
		return v.Go(w, p.Config.Prefixed("/account"))
	}
	return v.Go(w, p.Config.Prefixed("/login"))
}

// Login shows the log-in. Who is signed in already goes where they wanted to go.
func (p *Pages) Login(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	if v.Session != nil {
		return d.onward(d.ReturnTo, d.Path("/account"))
	}
	if v.Why != nil {
		d.Notice = notices["session_over"]
		if exact, ok := notices["session_over_"+v.Why.Hint]; ok {
			d.Notice = exact
		}
	}
	return d.show("login", nil)
}

// DoLogin signs somebody in.
func (p *Pages) DoLogin(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	out, err := p.Flow.Login(r.Context(), v.Client, flow.LoginInput{
		Identifier: v.Form["identifier"], Password: v.Form["password"], Remember: v.Form["remember"] != "", ReturnTo: v.Form["return_to"],
	})
	if err != nil {
		return d.again("login", nil, err)
	}
	v.Keep(w, out, false)
	return d.onward(out.ReturnTo, d.Path("/account"))
}

// Logout asks whether to sign out: a link that did it could be put into any page of the world.
func (p *Pages) Logout(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	return p.view(w, r, v).show("logout", nil)
}

// DoLogout signs out. Who does it to open a link that was mailed to somebody else goes back to that link.
func (p *Pages) DoLogout(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	if err := p.Flow.Logout(r.Context(), v.Client); err != nil {
		return err
	}
	leave(w, v)
	if v.Form["then"] == "verify" {
		return v.Go(w, p.Config.Prefixed("/verify"))
	}
	return v.Go(w, p.Config.Prefixed("/logout"))
}

// leave makes the browser forget the session and what it has kept of our pages: the next person at it must not find them by going back.
func leave(w http.ResponseWriter, v *visit.Visit) {
	v.Leave(w)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
}

// Reauthenticate asks for the password once more.
func (p *Pages) Reauthenticate(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	return p.view(w, r, v).show("reauthenticate", nil)
}

// DoReauthenticate makes the session fresh and goes back to what asked for it.
func (p *Pages) DoReauthenticate(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	d := p.view(w, r, v)
	out, err := p.Flow.Reauthenticate(r.Context(), v.Client, v.Form["password"])
	if err != nil {
		return d.again("reauthenticate", nil, err)
	}
	v.Keep(w, out, false)
	if d.ReturnTo == d.Path("/account/export") { // a download would leave the form standing there as if nothing had happened
		return d.show("onward", onwardData{To: d.ReturnTo, Download: true})
	}
	return d.onward(d.ReturnTo, d.Path("/account"))
}
