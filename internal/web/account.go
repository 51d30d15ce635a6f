package web

import (
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// accountData is what the account page tells.
type accountData struct {
	User         *store.User
	Fresh        bool // the address may be changed without asking for the password first
	PendingEmail string
	Own          []flow.OwnField // the site's own fields
	Devices      []device
	Languages    []language
}

type device struct {
	*session.Session
	Current bool
}

// language is one that there are texts in, by its own name.
type language struct {
	Tag, Name string
	Chosen    bool
}

func (p *Pages) account(r *http.Request, v *visit.Visit) (accountData, error) {
	data := accountData{User: v.Session.User, Fresh: v.Now.Before(v.Session.FreshUntil)}
	pending, err := p.Flow.PendingEmail(r.Context(), v.Client)
	if err != nil {
		return data, err
	}
	data.PendingEmail = pending
	if data.Own, err = p.Flow.OwnFields(r.Context(), v.Client); err != nil {
		return data, err
	}
	sessions, err := p.Flow.Devices(r.Context(), v.Client)
	for _, s := range sessions {
		data.Devices = append(data.Devices, device{s, s.ID == v.Session.ID})
	}
	chosen := data.User.Locale
	if typed, ok := v.Form["locale"]; ok {
		chosen = typed
	}
	if ours, ok := p.Texts.Known(chosen); ok { // de for de-AT, which was set by JSON
		chosen = ours
	}
	for _, tag := range p.Texts.Languages() {
		data.Languages = append(data.Languages, language{tag, p.Texts.Text(tag, "page.language", nil), tag == chosen})
	}
	return data, err
}

// Account shows everything about the account.
func (p *Pages) Account(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	data, err := p.account(r, v)
	if err != nil {
		return err
	}
	return p.view(w, r, v).show("account", data)
}

// accountAgain shows the account with what was refused. What needs a fresh session goes to prove it first, and comes back.
func (p *Pages) accountAgain(w http.ResponseWriter, r *http.Request, v *visit.Visit, section string, err error) error {
	d := p.view(w, r, v)
	if message.From(err).Code == message.ReauthenticationRequired {
		return v.Go(w, d.with("/reauthenticate", "return_to", d.Path("/account"+section)))
	}
	data, trouble := p.account(r, v)
	if trouble != nil {
		return err
	}
	return d.again("account", data, err)
}

// done goes back to the account with good news.
func (p *Pages) done(w http.ResponseWriter, r *http.Request, v *visit.Visit, section, notice string) error {
	return v.Go(w, p.view(w, r, v).saying("/account"+section, notice))
}

// UpdateProfile changes name, language and the site's own fields.
func (p *Pages) UpdateProfile(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	in := flow.ProfileInput{Fields: siteFields(v.Form)}
	if name, ok := v.Form["name"]; ok {
		in.Name = &name
	}
	if locale, ok := v.Form["locale"]; ok {
		in.Locale = &locale
	}
	if _, err := p.Flow.UpdateProfile(r.Context(), v.Client, in); err != nil {
		return p.accountAgain(w, r, v, "#profile", err)
	}
	return p.done(w, r, v, "", "profile_saved")
}

// ChangePassword changes the password and ends all other sessions.
func (p *Pages) ChangePassword(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	out, err := p.Flow.ChangePassword(r.Context(), v.Client, v.Form["current_password"], v.Form["password"])
	if err != nil {
		return p.accountAgain(w, r, v, "#password", err)
	}
	v.Keep(w, out, false)
	return p.done(w, r, v, "", "password_changed")
}

// ChangeEmail mails a link to the new address.
func (p *Pages) ChangeEmail(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	if _, err := p.Flow.ChangeEmail(r.Context(), v.Client, v.Form["email"]); err != nil {
		return p.accountAgain(w, r, v, "#address", err)
	}
	return p.done(w, r, v, "", "email_sent")
}

// CancelEmail forgets the wish for another address.
func (p *Pages) CancelEmail(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	if err := p.Flow.CancelEmailChange(r.Context(), v.Client); err != nil {
		return p.accountAgain(w, r, v, "#address", err)
	}
	return p.done(w, r, v, "", "email_canceled")
}

// EndDevice ends one session. Ending one's own is a log-out.
func (p *Pages) EndDevice(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	if err := p.Flow.EndDevice(r.Context(), v.Client, v.Form["id"]); err != nil {
		return p.accountAgain(w, r, v, "#devices", err)
	}
	if v.Form["id"] == v.Session.ID {
		leave(w, v)
		return v.Go(w, p.Config.Prefixed("/logout"))
	}
	return p.done(w, r, v, "", "device_ended")
}

// EndOtherDevices ends all sessions but this one.
func (p *Pages) EndOtherDevices(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	if err := p.Flow.EndOtherDevices(r.Context(), v.Client); err != nil {
		return p.accountAgain(w, r, v, "#devices", err)
	}
	return p.done(w, r, v, "", "devices_ended")
}

// DeleteAccount says what will happen and asks.
func (p *Pages) DeleteAccount(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	return p.view(w, r, v).show("delete", nil)
}

// DoDeleteAccount deletes the account.
func (p *Pages) DoDeleteAccount(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	if err := p.Flow.DeleteAccount(r.Context(), v.Client); err != nil {
		return p.accountAgain(w, r, v, "/delete", err)
	}
	leave(w, v)
	return v.Go(w, p.view(w, r, v).saying("/login", "account_deleted"))
}
