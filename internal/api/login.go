package api

import (
	"context"
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/shape"
)

type loginBody struct {
	Identifier string `json:"identifier" req:"true" doc:"address or username, as the site's identifiers say"`
	Password   string `json:"password" req:"true"`
	Remember   bool   `json:"remember" doc:"stay signed in when the browser is closed"`
	Transport  string `json:"transport" one:"cookie,token" doc:"how the session's token travels; cookie unless said otherwise"`
	ReturnTo   string `json:"return_to" doc:"where the person wants to go afterwards"`
}

// Login is POST /login.
func (a *API) Login() Endpoint {
	codes := []message.Code{message.InvalidCredentials, message.AccountDisabled, message.RateLimited, message.Overloaded}
	return handle("Sign in with a password", http.StatusOK, codes,
		func(ctx context.Context, c *call, in loginBody) (signedIn, error) {
			out, err := a.Flow.Login(ctx, c.v.Client, flow.LoginInput{
				Identifier: in.Identifier, Password: in.Password, Remember: in.Remember, ReturnTo: in.ReturnTo,
			})
			if err != nil {
				return signedIn{}, err
			}
			return c.enters(out, in.Transport), nil
		})
}

// clearSiteData makes a browser drop what it keeps of our pages, so that «back» after a log-out shows nothing (D-059). Cookies are dropped
// one by one: the header would take the cookies of the whole domain with it.
const clearSiteData = `"cache", "storage"`

// Logout is POST /logout. It is done also for who is not signed in.
func (a *API) Logout() Endpoint {
	return handle("Sign out; also when signed out already", http.StatusNoContent, nil,
		func(ctx context.Context, c *call, _ none) (none, error) {
			if err := a.Flow.Logout(ctx, c.v.Client); err != nil {
				return none{}, err // the session lives: its cookie stays, for the next try
			}
			c.leave()
			c.w.Header().Set("Clear-Site-Data", clearSiteData)
			return none{}, nil
		})
}

// Session is GET /session.
func (a *API) Session() Endpoint {
	return handle("Who is signed in", http.StatusOK, nil,
		func(_ context.Context, c *call, _ none) (signedIn, error) {
			s, err := c.session()
			if err != nil {
				return signedIn{}, err
			}
			return signedIn{User: shape.UserOf(s.User), Session: shape.SessionOf(s, true)}, nil
		})
}

type reauthenticateBody struct {
	Password string `json:"password" req:"true"`
}

// Reauthenticate is POST /reauthenticate.
func (a *API) Reauthenticate() Endpoint {
	return handle("Prove once more who it is, for calls that need a fresh session", http.StatusOK,
		[]message.Code{message.RateLimited, message.Overloaded},
		func(ctx context.Context, c *call, in reauthenticateBody) (rotated, error) {
			out, err := a.Flow.Reauthenticate(ctx, c.v.Client, in.Password)
			if err != nil {
				return rotated{}, err
			}
			return rotated{c.issued(out, "")}, nil
		})
}
