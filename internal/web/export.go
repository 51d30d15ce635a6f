package web

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// export is everything that is held about somebody, field by field: a hash that is added to the store must not slip in.
type export struct {
	ExportedAt   time.Time          `json:"exported_at"`
	User         exportUser         `json:"user"`
	Identifiers  []exportIdentifier `json:"identifiers"`
	PasswordSet  *time.Time         `json:"password_changed_at"` // null: there is no password
	PendingEmail string             `json:"pending_email,omitempty"`
	Sessions     []exportSession    `json:"sessions"`
	Events       []exportEvent      `json:"events"`
}

type exportUser struct {
	ID            string    `json:"id"`
	State         string    `json:"state"`
	Email         string    `json:"email"`
	EmailVerified bool      `json:"email_verified"`
	Username      string    `json:"username,omitempty"`
	Name          string    `json:"name"`
	Locale        string    `json:"locale"`
	Roles         []string  `json:"roles"`
	Permissions   []string  `json:"permissions"`
	CreatedAt     time.Time `json:"created_at"`
}

type exportIdentifier struct {
	Kind       string    `json:"kind"`
	Value      string    `json:"value"`
	VerifiedAt time.Time `json:"verified_at,omitzero"`
}

type exportSession struct {
	ID         string    `json:"id"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	Methods    []string  `json:"methods"`
	Device     string    `json:"device"`
	Address    string    `json:"address"`
}

type exportEvent struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	Address string    `json:"address,omitempty"`
}

// Export downloads everything that is held about the signed-in user.
func (p *Pages) Export(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	all, err := p.Flow.ExportAccount(r.Context(), v.Client)
	if err != nil && message.From(err).Code == message.ReauthenticationRequired {
		return v.Go(w, p.view(w, r, v).with("/reauthenticate", "return_to", p.Config.Prefixed("/account/export")))
	}
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(exportOf(all, v.Now), "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="account.json"`)
	_, _ = w.Write(append(body, '\n')) // who has hung up gets nothing
	return nil
}

func exportOf(all flow.Export, now time.Time) export {
	u := all.User
	e := export{
		ExportedAt: now.UTC(), PendingEmail: all.PendingEmail,
		User: exportUser{
			ID: u.ID, State: u.State, Email: u.Email, EmailVerified: u.EmailVerified, Username: u.Username, Name: u.Name, Locale: u.Locale,
			Roles: append([]string{}, u.Roles...), Permissions: append([]string{}, u.Permissions...), CreatedAt: u.CreatedAt,
		},
		Identifiers: []exportIdentifier{}, Sessions: []exportSession{}, Events: []exportEvent{},
	}
	if !all.PasswordSet.IsZero() {
		e.PasswordSet = &all.PasswordSet
	}
	for _, i := range all.Identifiers {
		e.Identifiers = append(e.Identifiers, exportIdentifier{i.Kind, i.AsTyped, i.VerifiedAt})
	}
	for _, s := range all.Sessions {
		e.Sessions = append(e.Sessions, exportSession{s.ID, s.CreatedAt, s.SeenAt, s.EndAt, s.Methods, s.DeviceLabel, s.DeviceAddr})
	}
	for _, event := range all.Events {
		e.Events = append(e.Events, exportEvent{event.At, event.Kind, event.Client})
	}
	return e
}
