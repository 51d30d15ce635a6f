package server

import (
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/api"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
	"github.com/gatehouse-auth/gatehouse/internal/web"
)

// audience is for whom a route is; what is checked and how a refusal looks follows from it.
type audience int

const (
	page   audience = iota // people: HTML, forms with a token
	json                   // programs: JSON below /api
	dev                    // developers: pages that exist only in development
	devAPI                 // the same as JSON
	static                 // files: no session, no cookies, may be cached
	health                 // machines: also at the root when there is a prefix
)

// who may call a route. Whether a session must also be fresh is flow's decision, not a route's.
type who int

const (
	anyone who = iota
	signedIn
)

// route is one row.
type route struct {
	method   string
	path     string // below the prefix
	audience audience
	who      who
	serve    visit.Handler
	endpoint *api.Endpoint // of a JSON route: for the OpenAPI document
}

const (
	get    = http.MethodGet // also answers HEAD
	post   = http.MethodPost
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

// routes is the table of all routes there are.
func (s *Server) routes(p *web.Pages, a *api.API) []route {
	return append(pageRoutes(p), append(s.plainRoutes(p), jsonRoutes(a)...)...)
}

func pageRoutes(p *web.Pages) []route {
	return []route{
		{get, "/", page, anyone, p.Home, nil},
		{get, "/login", page, anyone, p.Login, nil},
		{post, "/login", page, anyone, p.DoLogin, nil},
		{get, "/signup", page, anyone, p.SignUp, nil},
		{post, "/signup", page, anyone, p.DoSignUp, nil},
		{get, "/signup/cancel", page, anyone, p.CancelSignUp, nil},
		{post, "/signup/cancel", page, anyone, p.DoCancelSignUp, nil},
		{get, "/verify", page, anyone, p.Verify, nil},
		{post, "/verify", page, anyone, p.DoVerify, nil},
		{post, "/verify/resend", page, anyone, p.Resend, nil},
		{get, "/logout", page, anyone, p.Logout, nil},
		{post, "/logout", page, anyone, p.DoLogout, nil},
		{get, "/forgot", page, anyone, p.Forgot, nil},
		{post, "/forgot", page, anyone, p.DoForgot, nil},
		{get, "/reset", page, anyone, p.Reset, nil},
		{post, "/reset", page, anyone, p.DoReset, nil},
		{get, "/reauthenticate", page, signedIn, p.Reauthenticate, nil},
		{post, "/reauthenticate", page, signedIn, p.DoReauthenticate, nil},
		{get, "/account", page, signedIn, p.Account, nil},
		{post, "/account/profile", page, signedIn, p.UpdateProfile, nil},
		{post, "/account/password", page, signedIn, p.ChangePassword, nil},
		{post, "/account/email", page, signedIn, p.ChangeEmail, nil},
		{post, "/account/email/cancel", page, signedIn, p.CancelEmail, nil},
		{get, "/account/email/confirm", page, anyone, p.ConfirmEmail, nil}, // it keeps the link's token over the log-in
		{post, "/account/email/confirm", page, signedIn, p.DoConfirmEmail, nil},
		{post, "/account/sessions/end", page, signedIn, p.EndDevice, nil},
		{post, "/account/sessions/end-others", page, signedIn, p.EndOtherDevices, nil},
		{get, "/account/export", page, signedIn, p.Export, nil},
		{get, "/account/delete", page, signedIn, p.DeleteAccount, nil},
		{post, "/account/delete", page, signedIn, p.DoDeleteAccount, nil},
	}
}

func (s *Server) plainRoutes(p *web.Pages) []route {
	return []route{
		{get, "/static/{file}", static, anyone, p.Static, nil},
		{get, "/dev/mail", dev, anyone, p.DevMail, nil},
		{get, "/dev/mail/{id}", dev, anyone, p.DevLetter, nil},
		{get, devOpenPath, dev, anyone, p.DevOpen, nil},
		{post, devOpenPath, dev, anyone, s.openDev, nil},
		{get, "/healthz", health, anyone, s.healthy, nil},
		{get, "/readyz", health, anyone, s.ready, nil},
		{get, "/api/openapi.json", static, anyone, s.describe, nil},
	}
}

func jsonRoutes(a *api.API) []route {
	row := func(method, path string, who who, e api.Endpoint) route {
		return route{method, "/api/v1" + path, json, who, e.Serve, &e}
	}
	mailbox := a.DevMail()
	return []route{
		row(get, "/config", anyone, a.ConfigInfo()),
		row(post, "/signup", anyone, a.SignUp()),
		row(post, "/signup/cancel", anyone, a.CancelSignUp()),
		row(post, "/verify", anyone, a.Verify()),
		row(post, "/verify/resend", anyone, a.ResendVerification()),
		row(post, "/login", anyone, a.Login()),
		row(post, "/logout", anyone, a.Logout()),
		row(get, "/session", signedIn, a.Session()),
		row(get, "/sessions", signedIn, a.Sessions()),
		row(remove, "/sessions", signedIn, a.EndOtherSessions()),
		row(remove, "/sessions/{id}", signedIn, a.EndSession()),
		row(post, "/password/strength", anyone, a.PasswordStrength()),
		row(post, "/password/forgot", anyone, a.ForgotPassword()),
		row(post, "/password/reset", anyone, a.ResetPassword()),
		row(post, "/password/change", signedIn, a.ChangePassword()),
		row(get, "/account", signedIn, a.Account()),
		row(patch, "/account", signedIn, a.UpdateAccount()),
		row(remove, "/account", signedIn, a.DeleteAccount()),
		row(post, "/account/email", signedIn, a.ChangeEmail()),
		row(remove, "/account/email", signedIn, a.CancelEmailChange()),
		row(post, "/account/email/confirm", signedIn, a.ConfirmEmail()),
		row(get, "/account/export", signedIn, a.ExportAccount()),
		row(post, "/reauthenticate", signedIn, a.Reauthenticate()),
		{get, "/api/dev/mail", devAPI, anyone, mailbox.Serve, &mailbox},
	}
}

// document describes the JSON routes as OpenAPI 3.1. The dev mailbox is no part of what clients may rely on elsewhere, and left out.
func document(table []route, version string) ([]byte, error) {
	var all []api.Route
	for _, r := range table {
		if r.audience == json {
			all = append(all, api.Route{Method: r.method, Path: r.path, SignedIn: r.who == signedIn, Endpoint: *r.endpoint})
		}
	}
	return api.Document(all, version)
}
