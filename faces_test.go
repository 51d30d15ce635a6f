package gatehouse_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gatehouse-auth/gatehouse"
)

// result is what a face answered, in words that all faces share.
type result struct {
	step     string // empty: refused
	returnTo string // where the person goes on; only of steps that sign in
	about    string // what the face tells beside
	status   int
	code     string
	hint     string
	fields   []string // name:code
	wait     string   // seconds
	ids      []string // of sessions
}

// String is how the table says it: «signed_in → /shop», «422 invalid_fields password:weak_password», «410 link_expired used».
func (r result) String() string {
	if r.step != "" {
		s := r.step
		if r.returnTo != "" {
			s += " → " + r.returnTo
		}
		return strings.TrimSpace(s + " " + r.about)
	}
	s := fmt.Sprint(r.status, " ", r.code)
	if r.hint != "" {
		s += " " + r.hint
	}
	slices.Sort(r.fields)
	for _, f := range r.fields {
		s += " " + f
	}
	if r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable {
		s += " in " + r.wait + "s"
	}
	return s
}

// person is somebody at one face of Gatehouse, who keeps what they are given as a browser keeps cookies.
type person interface {
	signUp(gatehouse.SignUp) result
	verify(gatehouse.Verify) result
	resend(email string) result
	cancel(token string) result
	login(gatehouse.Login) result
	logout() result
	who() result
	forgot(email string) result
	reset(token, password string) result
	changePassword(current, chosen string) result
	reauthenticate(password string) result
	changeEmail(email string) result
	cancelEmail() result
	confirmEmail(token string) result
	profile(gatehouse.Profile) result
	sessions() result
	end(id string) result
	endOthers() result
	export() result
	deleteAccount() result
}

// faces are the ways to Gatehouse.
var faces = map[string]func(h *house) person{
	"pages":             func(h *house) person { return &pages{h.stranger()} },
	"JSON with cookies": func(h *house) person { return &api{browser: h.stranger()} },
	"JSON with tokens":  func(h *house) person { return &api{browser: h.stranger(), native: true} },
	"Go": func(h *house) person {
		return &program{h, gatehouse.Client{Addr: netip.MustParseAddr(h.stranger().addr), Language: "en"}}
	},
}

// api is a program that speaks JSON.
type api struct {
	*browser
	native  bool
	pending string
}

type fields = map[string]any

// call calls the API. What it answers becomes a result of the step that the call comes to when it is not refused.
func (p *api) call(step, method, path string, in fields, out any) result {
	body := ""
	if in != nil {
		b, err := json.Marshal(in)
		must(p.h.t, err)
		body = string(b)
	}
	a := p.ask(method, "/api/v1"+path, "application/json", body)
	if a.StatusCode < 300 {
		if out != nil {
			must(p.h.t, json.Unmarshal([]byte(a.body), out))
		}
		return result{step: step}
	}
	var problem struct {
		Status     int
		Code, Hint string
		Fields     []struct{ Name, Code string }
		Retry      int `json:"retry_after"`
	}
	must(p.h.t, json.Unmarshal([]byte(a.body), &problem))
	if problem.Status != a.StatusCode {
		p.h.t.Errorf("%s %s: the problem says %d and the answer %d", method, path, problem.Status, a.StatusCode)
	}
	r := result{status: a.StatusCode, code: problem.Code, hint: problem.Hint, wait: a.Header.Get("Retry-After")}
	if problem.Retry != 0 && fmt.Sprint(problem.Retry) != r.wait {
		p.h.t.Errorf("%s %s: the problem says %d s and the header %s s", method, path, problem.Retry, r.wait)
	}
	for _, f := range problem.Fields {
		r.fields = append(r.fields, f.Name+":"+f.Code)
	}
	return r
}

type apiUser struct{ Email, Name, Locale string }

// entered is the answer of calls that sign in or give the session a new token.
type entered struct {
	Status   string
	User     apiUser
	Session  struct{ ID, Token string }
	ReturnTo string `json:"return_to"`
	Pending  string `json:"pending_token"`
}

func (p *api) enter(step, path string, in fields) result {
	if p.native && path != "/password/change" && path != "/reauthenticate" {
		in["transport"] = "token"
	}
	var out entered
	r := p.call(step, http.MethodPost, path, in, &out)
	if r.step == "" {
		return r
	}
	if out.Status != "" {
		r.step = out.Status
	}
	if out.Session.Token != "" {
		p.bearer = out.Session.Token
	}
	if out.Pending != "" {
		p.pending = out.Pending
	}
	r.returnTo = out.ReturnTo
	return r
}

func (p *api) signUp(in gatehouse.SignUp) result {
	body := fields{"email": in.Email, "password": in.Password, "name": in.Name, "return_to": in.ReturnTo}
	if in.Username != "" {
		body["username"] = in.Username
	}
	return p.enter(gatehouse.Created, "/signup", body)
}

func (p *api) verify(in gatehouse.Verify) result {
	body := fields{"token": in.Token, "password": in.Password, "new_password": in.NewPassword}
	if p.pending != "" {
		body["pending_token"] = p.pending
	}
	return p.enter(gatehouse.SignedIn, "/verify", body)
}

func (p *api) login(in gatehouse.Login) result {
	return p.enter(gatehouse.SignedIn, "/login", fields{
		"identifier": in.Identifier, "password": in.Password, "remember": in.Remember, "return_to": in.ReturnTo,
	})
}

func (p *api) status(path string, in fields) result {
	var out struct{ Status string }
	r := p.call("?", http.MethodPost, path, in, &out)
	if r.step != "" {
		r.step = out.Status
	}
	return r
}

func (p *api) resend(email string) result { return p.status("/verify/resend", fields{"email": email}) }

func (p *api) cancel(token string) result {
	return p.call(gatehouse.Done, http.MethodPost, "/signup/cancel", fields{"token": token}, nil)
}

func (p *api) logout() result {
	r := p.call(gatehouse.Done, http.MethodPost, "/logout", nil, nil)
	p.bearer = ""
	return r
}

func (p *api) who() result {
	var out entered
	r := p.call(gatehouse.SignedIn, http.MethodGet, "/session", nil, &out)
	if r.step != "" {
		r.about = out.User.Email + ", " + out.User.Name
	}
	return r
}

func (p *api) forgot(email string) result {
	return p.status("/password/forgot", fields{"email": email})
}

func (p *api) reset(token, password string) result {
	return p.status("/password/reset", fields{"token": token, "password": password})
}

func (p *api) changePassword(current, chosen string) result {
	return p.enter(gatehouse.PasswordChanged, "/password/change", fields{"current_password": current, "password": chosen})
}

func (p *api) reauthenticate(password string) result {
	return p.enter(gatehouse.Done, "/reauthenticate", fields{"password": password})
}

func (p *api) changeEmail(email string) result {
	return p.status("/account/email", fields{"email": email})
}

func (p *api) cancelEmail() result {
	return p.call(gatehouse.Done, http.MethodDelete, "/account/email", nil, nil)
}

func (p *api) confirmEmail(token string) result {
	return p.call(gatehouse.Done, http.MethodPost, "/account/email/confirm", fields{"token": token}, nil)
}

func (p *api) profile(in gatehouse.Profile) result {
	body := fields{}
	if in.Name != nil {
		body["name"] = *in.Name
	}
	if in.Locale != nil {
		body["locale"] = *in.Locale
	}
	return p.call(gatehouse.Done, http.MethodPatch, "/account", body, nil)
}

func (p *api) sessions() result {
	var out struct{ Sessions []struct{ ID string } }
	r := p.call("list", http.MethodGet, "/sessions", nil, &out)
	for _, s := range out.Sessions {
		r.ids = append(r.ids, s.ID)
	}
	return r.counted()
}

// counted tells how many sessions there are.
func (r result) counted() result {
	if r.step != "" {
		r.about = fmt.Sprint(len(r.ids))
	}
	return r
}

func (p *api) end(id string) result {
	return p.call(gatehouse.Done, http.MethodDelete, "/sessions/"+url.PathEscape(id), nil, nil)
}

func (p *api) endOthers() result {
	return p.call(gatehouse.Done, http.MethodDelete, "/sessions", nil, nil)
}

// exported is what pages and API hand out alike.
type exported struct {
	User         apiUser
	Identifiers  []struct{ Kind, Value string }
	PendingEmail string `json:"pending_email"`
	Sessions     []struct{ ID string }
	Events       []struct{ Kind string }
}

func (e exported) String() string {
	s := fmt.Sprintf("%s, %s, %d sessions", e.User.Email, e.User.Name, len(e.Sessions))
	for _, i := range e.Identifiers {
		s += ", " + i.Kind + " " + i.Value
	}
	kinds := map[string]bool{}
	for _, one := range e.Events {
		if one.Kind != "refused" { // those are written some time later
			kinds[one.Kind] = true
		}
	}
	s += ", " + strings.Join(slices.Sorted(maps.Keys(kinds)), " ")
	return strings.TrimSuffix(s+", waits for "+e.PendingEmail, ", waits for ")
}

func (p *api) export() result {
	var out exported
	r := p.call("export", http.MethodGet, "/account/export", nil, &out)
	if r.step != "" {
		r.about = out.String()
	}
	return r
}

func (p *api) deleteAccount() result {
	return p.call(gatehouse.Done, http.MethodDelete, "/account", nil, nil)
}

// program is a Go program with log-in pages of its own.
type program struct {
	h *house
	gatehouse.Client
}

func refusedWith(err error) result {
	refused, ok := errors.AsType[*gatehouse.Error](err)
	if !ok {
		return result{code: fmt.Sprintf("not an *Error: %v", err)}
	}
	r := result{status: refused.Status, code: refused.Code, hint: refused.Hint, wait: fmt.Sprint(int(refused.RetryAfter.Seconds()))}
	for _, f := range refused.Fields {
		r.fields = append(r.fields, f.Name+":"+f.Code)
	}
	return r
}

// keep keeps the tokens as Server.Keep does in a browser.
func (p *program) keep(out gatehouse.Outcome, err error) result {
	if err != nil {
		return refusedWith(err)
	}
	if out.Token != "" {
		p.Token, p.PendingToken = out.Token, ""
	}
	if out.PendingToken != "" {
		p.PendingToken = out.PendingToken
	}
	if out.DeviceToken != "" {
		p.DeviceToken = out.DeviceToken
	}
	r := result{step: out.Step}
	if out.Step == gatehouse.SignedIn || out.Step == gatehouse.Created {
		r.returnTo = out.ReturnTo
	}
	return r
}

func (p *program) done(err error) result { return p.keep(gatehouse.Outcome{Step: gatehouse.Done}, err) }

func (p *program) signUp(in gatehouse.SignUp) result {
	return p.keep(p.h.SignUp(p.h.t.Context(), p.Client, in))
}

func (p *program) verify(in gatehouse.Verify) result {
	return p.keep(p.h.Verify(p.h.t.Context(), p.Client, in))
}

func (p *program) resend(email string) result {
	return p.keep(p.h.ResendVerification(p.h.t.Context(), p.Client, email))
}

func (p *program) cancel(token string) result {
	return p.done(p.h.CancelSignUp(p.h.t.Context(), p.Client, token))
}

func (p *program) login(in gatehouse.Login) result {
	return p.keep(p.h.Login(p.h.t.Context(), p.Client, in))
}

func (p *program) logout() result {
	r := p.done(p.h.Logout(p.h.t.Context(), p.Client))
	p.Token = ""
	return r
}

func (p *program) who() result {
	user, _, err := p.h.CurrentUser(p.h.t.Context(), p.Client)
	if err != nil {
		return refusedWith(err)
	}
	return result{step: gatehouse.SignedIn, about: user.Email + ", " + user.Name}
}

func (p *program) forgot(email string) result {
	return p.keep(p.h.ForgotPassword(p.h.t.Context(), p.Client, email, ""))
}

func (p *program) reset(token, password string) result {
	return p.keep(p.h.ResetPassword(p.h.t.Context(), p.Client, token, password))
}

func (p *program) changePassword(current, chosen string) result {
	return p.keep(p.h.ChangePassword(p.h.t.Context(), p.Client, current, chosen))
}

func (p *program) reauthenticate(password string) result {
	return p.keep(p.h.Reauthenticate(p.h.t.Context(), p.Client, password))
}

func (p *program) changeEmail(email string) result {
	return p.keep(p.h.ChangeEmail(p.h.t.Context(), p.Client, email))
}

func (p *program) cancelEmail() result {
	return p.done(p.h.CancelEmailChange(p.h.t.Context(), p.Client))
}

func (p *program) confirmEmail(token string) result {
	return p.keep(p.h.ConfirmEmail(p.h.t.Context(), p.Client, token))
}

func (p *program) profile(in gatehouse.Profile) result {
	return p.keep(p.h.UpdateProfile(p.h.t.Context(), p.Client, in))
}

func (p *program) sessions() result {
	all, err := p.h.Sessions(p.h.t.Context(), p.Client)
	if err != nil {
		return refusedWith(err)
	}
	r := result{step: "list"}
	for _, s := range all {
		r.ids = append(r.ids, s.ID)
	}
	return r.counted()
}

func (p *program) end(id string) result {
	return p.done(p.h.EndSession(p.h.t.Context(), p.Client, id))
}

func (p *program) endOthers() result {
	return p.done(p.h.EndOtherSessions(p.h.t.Context(), p.Client))
}

func (p *program) export() result {
	all, err := p.h.ExportAccount(p.h.t.Context(), p.Client)
	if err != nil {
		return refusedWith(err)
	}
	e := exported{User: apiUser{Email: all.User.Email, Name: all.User.Name}, PendingEmail: all.PendingEmail}
	for _, i := range all.Identifiers {
		e.Identifiers = append(e.Identifiers, struct{ Kind, Value string }{i.Kind, i.Value})
	}
	for _, one := range all.Events {
		e.Events = append(e.Events, struct{ Kind string }{one.Kind})
	}
	e.Sessions = make([]struct{ ID string }, len(all.Sessions))
	return result{step: "export", about: e.String()}
}

func (p *program) deleteAccount() result {
	return p.done(p.h.DeleteAccount(p.h.t.Context(), p.Client))
}
