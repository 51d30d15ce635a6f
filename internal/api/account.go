package api

import (
	"context"
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/shape"
)

// Account is GET /account.
func (a *API) Account() Endpoint {
	return handle("The account of the signed-in user", http.StatusOK, nil,
		func(_ context.Context, c *call, _ none) (shape.User, error) {
			s, err := c.session()
			if err != nil {
				return shape.User{}, err
			}
			return shape.UserOf(s.User), nil
		})
}

type profileBody struct {
	Name   *string        `json:"name" doc:"empty: none"`
	Locale *string        `json:"locale" doc:"BCP 47; empty: as the browser asks for"`
	Fields map[string]any `json:"fields" doc:"those of the site's own that change, as in POST /signup; an empty text is forgotten, false withdraws a consent"`
}

// UpdateAccount is PATCH /account. What is left out stays as it is.
func (a *API) UpdateAccount() Endpoint {
	return handle("Change name, language and what was filled in at sign-up; what is left out stays", http.StatusOK, []message.Code{message.RateLimited},
		func(ctx context.Context, c *call, in profileBody) (shape.User, error) {
			fields, err := a.filledIn(in.Fields)
			if err != nil {
				return shape.User{}, err
			}
			out, err := a.Flow.UpdateProfile(ctx, c.v.Client, flow.ProfileInput{Name: in.Name, Locale: in.Locale, Fields: fields})
			if err != nil {
				return shape.User{}, err
			}
			return shape.UserOf(out.User), nil
		})
}

// DeleteAccount is DELETE /account.
func (a *API) DeleteAccount() Endpoint {
	return handle("Delete the account and all that is kept about its owner", http.StatusNoContent,
		[]message.Code{message.ReauthenticationRequired},
		func(ctx context.Context, c *call, _ none) (none, error) {
			if err := a.Flow.DeleteAccount(ctx, c.v.Client); err != nil {
				return none{}, err
			}
			c.leave()
			c.w.Header().Set("Clear-Site-Data", clearSiteData)
			return none{}, nil
		})
}

// ChangeEmail is POST /account/email.
func (a *API) ChangeEmail() Endpoint {
	return handle("Mail a link to another address; the account keeps the old one until it is opened", http.StatusAccepted,
		[]message.Code{message.ReauthenticationRequired, message.RateLimited},
		func(ctx context.Context, c *call, in emailBody) (sent, error) {
			return wasSent(a.Flow.ChangeEmail(ctx, c.v.Client, in.Email))
		})
}

// CancelEmailChange is DELETE /account/email.
func (a *API) CancelEmailChange() Endpoint {
	return handle("Forget the wish for another address", http.StatusNoContent, nil,
		func(ctx context.Context, c *call, _ none) (none, error) {
			return none{}, a.Flow.CancelEmailChange(ctx, c.v.Client)
		})
}

type emailConfirmed struct {
	User shape.User `json:"user"`
}

// ConfirmEmail is POST /account/email/confirm.
func (a *API) ConfirmEmail() Endpoint {
	return handle("Give the account the address that a mailed link confirms", http.StatusOK,
		[]message.Code{message.Forbidden, message.Conflict, message.LinkExpired, message.RateLimited},
		func(ctx context.Context, c *call, in tokenBody) (emailConfirmed, error) {
			out, err := a.Flow.ConfirmEmail(ctx, c.v.Client, in.Token)
			if err != nil {
				return emailConfirmed{}, err
			}
			return emailConfirmed{shape.UserOf(out.User)}, nil
		})
}

// ExportAccount is GET /account/export.
func (a *API) ExportAccount() Endpoint {
	return handle("Everything that is held about the signed-in user, but for secrets", http.StatusOK,
		[]message.Code{message.ReauthenticationRequired},
		func(ctx context.Context, c *call, _ none) (shape.Export, error) {
			e, err := a.Flow.ExportAccount(ctx, c.v.Client)
			if err != nil {
				return shape.Export{}, err
			}
			return shape.ExportOf(e, c.v.Session.ID, c.v.Now), nil
		})
}
