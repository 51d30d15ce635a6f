package gatehouse

import (
	"context"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
)

// Error is a refusal, the same that the API answers with. Every error of a journey is one; find it with errors.As or errors.AsType. Title,
// Detail and the messages of the fields may be shown to the person, and say nothing that they may not know.
//
// Code "unavailable" (503) means that Gatehouse could not do its work, because the store is down or ctx has ended: it is never «wrong
// password». The cause is in the log and behind the reference.
type Error struct {
	Status     int           // the HTTP status that the API answers with
	Code       string        // stable: "invalid_credentials", "invalid_fields", …; docs/api.md lists them
	Hint       string        // stable, such as "expired" of a "link_expired"; empty if there is none
	Title      string        // in the client's language: what happened, in a few words
	Detail     string        // in the client's language: what happened and what to do next
	Fields     []FieldError  // of "invalid_fields": everything that is wrong, not only the first; of "invalid_credentials": what looks mistyped
	RetryAfter time.Duration // when it is worth trying again, in whole seconds; 0: not told
	Methods    []string      // of "reauthentication_required": how, such as "password"
	MaxAge     time.Duration // of "reauthentication_required": how old the proof may be
	Reference  string        // leads the operator to the exact cause: gatehouse reference CODE
}

// FieldError is what is wrong with one field.
type FieldError struct {
	Name       string // as in the API: "password", "current_password", …
	Code       string // stable: "required", "weak_password", …
	Message    string // in the client's language
	Suggestion string // what may have been meant, such as another address; empty: nothing
}

// Error is for logs. It holds nothing that was typed.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("gatehouse: " + e.Code)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	for _, f := range e.Fields {
		b.WriteString(", " + f.Name + ": " + f.Code)
	}
	b.WriteString(", reference " + e.Reference)
	return b.String()
}

func (s *Server) refusal(ctx context.Context, c flow.Client, err error) error {
	p := s.house.Refuse(ctx, c, err)
	e := &Error{
		Status: p.Status, Code: string(p.Code), Hint: p.Hint, Title: p.Title, Detail: p.Detail, Methods: p.Methods, Reference: p.Reference,
		RetryAfter: time.Duration(p.RetryAfter) * time.Second, MaxAge: time.Duration(p.MaxAge) * time.Second,
	}
	for _, f := range p.Fields {
		e.Fields = append(e.Fields, FieldError(f))
	}
	return e
}
