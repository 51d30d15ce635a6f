package flow

import (
	"errors"
	"strings"
	"unicode"

	"github.com/gatehouse-auth/gatehouse/internal/account"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// What may be told: as much as the person has proven to be. A stranger learns only about what they typed, a known device that the address is
// right, and who has proven everything what became of the account.

// badField is what is wrong with what was typed into a field.
func badField(name string, err error) message.Field {
	if bad, ok := errors.AsType[account.BadEmail](err); ok {
		f := message.Field{Name: name, Code: "invalid_email", Reason: bad.Reason, Suggestion: bad.Suggestion}
		if unicode.IsPrint(bad.Char) {
			f.Args = map[string]any{"char": string(bad.Char)}
		}
		return f
	}
	bad, _ := errors.AsType[account.Invalid](err)
	return message.Field{Name: name, Code: string(bad)}
}

// slips are what looks mistyped in a log-in. They depend on nothing but what was typed, so that a stranger may be told, whoever has an account.
func slips(in LoginInput) (fields []message.Field) {
	if better := account.SuggestEmail(in.Identifier); better != "" {
		fields = append(fields, message.Field{Name: "identifier", Code: "typo", Suggestion: better})
	}
	return append(fields, edgeSpaces("password", in.Password)...)
}

// edgeSpaces tells of spaces around a password, which come along when it is copied. They may belong to it, so they are never cut off.
func edgeSpaces(field, typed string) []message.Field {
	if strings.TrimSpace(typed) == typed {
		return nil
	}
	return []message.Field{{Name: field, Code: "edge_spaces"}}
}

// disabled is the refusal of somebody who has proven everything, so that they may know.
func (f *Flow) disabled(user store.User) *message.Fault {
	fault := refuse(message.AccountDisabled, "account_disabled")
	fault.UserID, fault.Args = user.ID, map[string]any{"closed_at": user.StateAt}
	if f.Config.SupportURL != "" {
		fault.Reason, fault.Args["support"] = "support", f.Config.SupportURL
	}
	return fault
}
