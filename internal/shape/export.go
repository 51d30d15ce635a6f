package shape

import (
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
)

// Export is everything that is held about a person, but for secrets. It is written field by field: a hash that is added to the store must
// not slip in.
type Export struct {
	ExportedAt        time.Time    `json:"exported_at"`
	User              User         `json:"user"`
	Identifiers       []Identifier `json:"identifiers" doc:"what the person may sign in with"`
	PasswordChangedAt time.Time    `json:"password_changed_at,omitzero" doc:"missing: there is no password"`
	PendingEmail      string       `json:"pending_email,omitempty" doc:"the address that the account waits for"`
	Fields            []Field      `json:"fields" doc:"what was filled in of the fields that the site asks for at sign-up"`
	Sessions          []Session    `json:"sessions"`
	Events            []Event      `json:"events" doc:"what was recorded, the newest first, at most 10000"`
}

// Identifier is what a person may sign in with.
type Identifier struct {
	Kind       string    `json:"kind" one:"email,username"`
	Value      string    `json:"value"`
	VerifiedAt time.Time `json:"verified_at,omitzero" doc:"missing: not confirmed"`
}

// Field is what was filled in. Of a consent there is one for each version that was agreed to.
type Field struct {
	Name        string    `json:"name"`
	Value       string    `json:"value,omitempty" doc:"of a text or a choice"`
	Version     string    `json:"version,omitempty" doc:"of a consent: the wording that was agreed to"`
	At          time.Time `json:"at" doc:"when it was filled in or agreed to"`
	Withdrawn   bool      `json:"withdrawn,omitempty" doc:"of a consent: it does not hold any more"`
	WithdrawnAt time.Time `json:"withdrawn_at,omitzero"`
}

// Event is something that was recorded.
type Event struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Kind      string    `json:"kind" doc:"login, password_changed, refused, …"`
	Address   string    `json:"address,omitempty" doc:"IP address that it came from"`
	Cause     string    `json:"cause,omitempty" doc:"why it was refused"`
	Reference string    `json:"reference,omitempty" doc:"the code that was shown"`
	RequestID string    `json:"request_id,omitempty"`
}

// ExportOf is an export as of now; current is the id of the session that asks.
func ExportOf(e flow.Export, current string, now time.Time) Export {
	x := Export{
		ExportedAt: now.UTC(), Identifiers: []Identifier{}, Events: []Event{}, User: UserOf(&e.User), PasswordChangedAt: e.PasswordSet, PendingEmail: e.PendingEmail,
		Fields: []Field{}, Sessions: SessionsOf(e.Sessions, current),
	}
	x.User.Permissions, x.User.Truncated = orEmpty(e.User.Permissions), false // everything means everything
	for _, id := range e.Identifiers {
		x.Identifiers = append(x.Identifiers, Identifier{id.Kind, id.AsTyped, id.VerifiedAt})
	}
	for _, f := range e.Fields {
		x.Fields = append(x.Fields, Field{f.Name, f.Value, f.Version, f.At, !f.WithdrawnAt.IsZero(), f.WithdrawnAt})
	}
	for _, one := range e.Events {
		// Detail is not among it: it may quote our own errors, which are the operator's.
		x.Events = append(x.Events, Event{one.ID, one.At, one.Kind, one.Client, one.Cause, one.Reference, one.RequestID})
	}
	return x
}
