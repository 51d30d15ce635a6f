package gatehouse

import (
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// Error is a refusal, the same that the API answers with. Detail and the messages of the fields may be shown to the person.
type Error struct {
	Status     int    // the HTTP status that the API answers with
	Code       string // stable: "invalid_credentials", "invalid_fields", …; the table is in the API's documentation
	Hint       string // stable; empty if there is none
	Title      string
	Detail     string // in the client's language: what happened and what to do next
	Fields     []FieldError
	RetryAfter time.Duration // when it is worth trying again; 0: not told
	Methods    []string      // of reauthentication_required: how
	Reference  string        // leads the operator to the exact cause: gatehouse reference CODE
}

// FieldError is what is wrong with one field.
type FieldError struct{ Name, Code, Message string }

// Error is for logs.
func (e *Error) Error() string { return "gatehouse: " + e.Code + " (reference " + e.Reference + ")" }

func (s *Server) refusal(c flow.Client, err error) error {
	p := s.house.Refuse(c, err)
	e := &Error{
		Status: p.Status, Code: string(p.Code), Hint: p.Hint, Title: p.Title, Detail: p.Detail,
		RetryAfter: message.From(err).RetryAfter, Methods: p.Methods, Reference: p.Reference,
	}
	for _, f := range p.Fields {
		e.Fields = append(e.Fields, FieldError(f))
	}
	return e
}
