package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

type signUpBody struct {
	Email     string         `json:"email" doc:"required where the site's identifiers hold email"`
	Username  string         `json:"username" doc:"where the site's identifiers hold username"`
	Password  string         `json:"password" req:"true"`
	Name      string         `json:"name"`
	Fields    map[string]any `json:"fields" doc:"of the site's own, by name, as GET /config lists them: a text, an option's value, and for a consent true, or the version that was shown"`
	Transport string         `json:"transport" one:"cookie,token" doc:"how tokens travel; cookie unless said otherwise"`
	ReturnTo  string         `json:"return_to" doc:"where the person wants to go afterwards"`
}

// verificationSent is the answer to every sign-up where addresses are confirmed.
type verificationSent struct {
	Status       string `json:"status" one:"verification_sent"`
	PendingToken string `json:"pending_token,omitempty" doc:"for POST /verify, only with transport token"`
	Suggestion   string `json:"suggestion,omitempty" doc:"the address that may have been meant, if the domain looks mistyped: to be asked, never taken"`
}

// SignUp is POST /signup.
func (a *API) SignUp() Endpoint {
	codes := []message.Code{message.SignupClosed, message.Conflict, message.RateLimited, message.Overloaded}
	e := handle("Sign up; 201 where the site does not wait for the address to be confirmed", http.StatusAccepted, codes,
		func(ctx context.Context, c *call, in signUpBody) (verificationSent, error) {
			fields, err := a.filledIn(in.Fields)
			if err != nil {
				return verificationSent{}, err
			}
			out, err := a.Flow.SignUp(ctx, c.v.Client, flow.SignUpInput{
				Email: in.Email, Username: in.Username, Password: in.Password, Name: in.Name, Fields: fields, ReturnTo: in.ReturnTo,
			})
			if err != nil {
				return verificationSent{}, err
			}
			if out.Step == flow.StepCreated {
				c.instead = &other{http.StatusCreated, c.enters(out, in.Transport)}
				return verificationSent{}, nil
			}
			native := c.native(in.Transport)
			c.v.Keep(c.w, out, native)
			answer := verificationSent{Status: string(out.Step), Suggestion: out.Suggestion}
			if native {
				answer.PendingToken = out.PendingToken
			}
			return answer, nil
		})
	e.Other = &Answer{http.StatusCreated, reflect.TypeFor[signedIn]()}
	return e
}

type verifyBody struct {
	Token        string         `json:"token" req:"true" doc:"of the link in the mail"`
	Password     string         `json:"password" doc:"the one chosen at sign-up, needed outside the browser that signed up"`
	NewPassword  string         `json:"new_password" doc:"in place of password; drops all that the sign-up chose"`
	Fields       map[string]any `json:"fields" doc:"as in POST /signup, asked for again with new_password"`
	PendingToken string         `json:"pending_token" doc:"from POST /signup, in place of the browser's cookie"`
	Transport    string         `json:"transport" one:"cookie,token"`
}

// Verify is POST /verify.
func (a *API) Verify() Endpoint {
	codes := []message.Code{
		message.InvalidCredentials, message.AccountDisabled, message.Conflict, message.LinkExpired, message.RateLimited, message.Overloaded,
	}
	return handle("Confirm the address of a sign-up and sign in", http.StatusOK, codes,
		func(ctx context.Context, c *call, in verifyBody) (signedIn, error) {
			client := c.v.Client
			if in.PendingToken != "" {
				client.Pending = in.PendingToken
			}
			fields, err := a.filledIn(in.Fields)
			if err != nil {
				return signedIn{}, err
			}
			out, err := a.Flow.Verify(ctx, client, flow.VerifyInput{
				Token: in.Token, Password: in.Password, NewPassword: in.NewPassword, Fields: fields,
			})
			if err != nil {
				return signedIn{}, err
			}
			return c.enters(out, in.Transport), nil
		})
}

// CancelSignUp is POST /signup/cancel.
func (a *API) CancelSignUp() Endpoint {
	return handle("Throw a sign-up away that somebody else made with my address", http.StatusNoContent,
		[]message.Code{message.LinkExpired, message.RateLimited},
		func(ctx context.Context, c *call, in tokenBody) (none, error) {
			return none{}, a.Flow.CancelSignUp(ctx, c.v.Client, in.Token)
		})
}

// ResendVerification is POST /verify/resend.
func (a *API) ResendVerification() Endpoint {
	return handle("Mail the link that confirms an address again, if the address waits for it", http.StatusAccepted,
		[]message.Code{message.RateLimited},
		func(ctx context.Context, c *call, in emailBody) (sent, error) {
			return wasSent(a.Flow.ResendVerification(ctx, c.v.Client, in.Email))
		})
}
