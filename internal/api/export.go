package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// export is everything that is held about a person, but for secrets.
type export struct {
	ExportedAt        time.Time    `json:"exported_at"`
	User              user         `json:"user"`
	Identifiers       []identifier `json:"identifiers" doc:"what the person may sign in with"`
	PasswordChangedAt time.Time    `json:"password_changed_at,omitzero" doc:"missing: there is no password"`
	PendingEmail      string       `json:"pending_email,omitempty" doc:"the address that the account waits for"`
	Sessions          []session    `json:"sessions"`
	Events            []event      `json:"events" doc:"what was recorded, the newest first, at most 10000"`
}

type identifier struct {
	Kind       string    `json:"kind" one:"email,username"`
	Value      string    `json:"value"`
	VerifiedAt time.Time `json:"verified_at,omitzero" doc:"missing: not confirmed"`
}

type event struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Kind      string    `json:"kind" doc:"login, password_changed, refused, …"`
	Address   string    `json:"address,omitempty" doc:"IP address that it came from"`
	Cause     string    `json:"cause,omitempty" doc:"why it was refused"`
	Reference string    `json:"reference,omitempty" doc:"the code that was shown"`
	RequestID string    `json:"request_id,omitempty"`
}

// ExportAccount is GET /account/export.
func (a *API) ExportAccount() Endpoint {
	return handle("Everything that is held about the signed-in user, but for secrets", http.StatusOK,
		[]message.Code{message.ReauthenticationRequired},
		func(ctx context.Context, c *call, _ none) (export, error) {
			e, err := a.Flow.ExportAccount(ctx, c.v.Client)
			if err != nil {
				return export{}, err
			}
			return exportOf(e, c.v.Session.ID, c.v.Now), nil
		})
}

func exportOf(e flow.Export, current string, now time.Time) export {
	x := export{
		ExportedAt: now, User: userOf(&e.User), PasswordChangedAt: e.PasswordSet, PendingEmail: e.PendingEmail,
		Sessions: listed(e.Sessions, current),
	}
	x.User.Permissions, x.User.Truncated = e.User.Permissions, false // everything means everything
	for _, id := range e.Identifiers {
		x.Identifiers = append(x.Identifiers, identifier{id.Kind, id.AsTyped, id.VerifiedAt})
	}
	for _, one := range e.Events {
		// Detail is not among it: it may quote our own errors, which are the operator's.
		x.Events = append(x.Events, event{one.ID, one.At, one.Kind, one.Client, one.Cause, one.Reference, one.RequestID})
	}
	return x
}
