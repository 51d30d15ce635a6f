package web

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// export is everything that is held about somebody, as GET /api/v1/account/export tells it. It is written field by field: a hash that is added to
// the store must not slip in.
type export struct {
	ExportedAt   time.Time          `json:"exported_at"`
	User         exportUser         `json:"user"`
	Identifiers  []exportIdentifier `json:"identifiers"`
	PasswordSet  time.Time          `json:"password_changed_at,omitzero"`
	PendingEmail string             `json:"pending_email,omitempty"`
	Sessions     []exportSession    `json:"sessions"`
	Events       []exportEvent      `json:"events"`
}

type exportUser struct {
	ID            string    `json:"id"`
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
	ID            string       `json:"id"`
	CreatedAt     time.Time    `json:"created_at"`
	LastSeenAt    time.Time    `json:"last_seen_at"`
	ExpiresAt     time.Time    `json:"expires_at"`
	IdleExpiresAt time.Time    `json:"idle_expires_at"`
	Methods       []string     `json:"methods"`
	Assurance     string       `json:"assurance"`
	FreshUntil    time.Time    `json:"fresh_until"`
	Device        exportDevice `json:"device"`
	Current       bool         `json:"current"`
}

type exportDevice struct {
	Label   string `json:"label"`
	Address string `json:"address"`
}

type exportEvent struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Kind      string    `json:"kind"`
	Address   string    `json:"address,omitempty"`
	Cause     string    `json:"cause,omitempty"`
	Reference string    `json:"reference,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
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
	body, err := json.MarshalIndent(exportOf(all, v.Session.ID, v.Now), "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="account.json"`)
	_, _ = w.Write(append(body, '\n')) // who has hung up gets nothing
	return nil
}

func exportOf(all flow.Export, current string, now time.Time) export {
	u := all.User
	e := export{
		ExportedAt: now.UTC(), PasswordSet: all.PasswordSet, PendingEmail: all.PendingEmail,
		User: exportUser{
			ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, Username: u.Username, Name: u.Name, Locale: u.Locale,
			Roles: append([]string{}, u.Roles...), Permissions: append([]string{}, u.Permissions...), CreatedAt: u.CreatedAt,
		},
		Identifiers: []exportIdentifier{}, Sessions: []exportSession{}, Events: []exportEvent{},
	}
	for _, i := range all.Identifiers {
		e.Identifiers = append(e.Identifiers, exportIdentifier{i.Kind, i.AsTyped, i.VerifiedAt})
	}
	for _, s := range all.Sessions {
		e.Sessions = append(e.Sessions, exportSession{
			ID: s.ID, CreatedAt: s.CreatedAt, LastSeenAt: s.SeenAt, ExpiresAt: s.EndAt, IdleExpiresAt: s.IdleExpiresAt(),
			Methods: s.Methods, Assurance: s.Assurance(), FreshUntil: s.FreshUntil,
			Device: exportDevice{s.DeviceLabel, s.DeviceAddr}, Current: s.ID == current,
		})
	}
	for _, one := range all.Events { // without Detail: it may quote our own errors, which are the operator's
		e.Events = append(e.Events, exportEvent{one.ID, one.At, one.Kind, one.Client, one.Cause, one.Reference, one.RequestID})
	}
	return e
}
