package gatehouse

import (
	"context"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// CurrentUser is who the client is signed in as, and by which session. An [Error] unauthenticated says that it is not, or no longer.
func (s *Server) CurrentUser(ctx context.Context, c Client) (user User, current Session, err error) {
	err = s.only(ctx, c, func(c flow.Client) error {
		switch {
		case c.Session == nil && c.Why != nil: // who holds the token of a session that is over may know why
			return c.Why
		case c.Session == nil:
			return &message.Fault{Code: message.Unauthenticated, Cause: "no_session"}
		}
		user, current = userOf(*c.Session.User), sessionOf(c.Session, c.Session.ID)
		return nil
	})
	return user, current, err
}

// Strength is the judgement of a password that somebody is about to choose.
type Strength struct {
	Score        int      // 0 (guessed at once) to 4
	Acceptable   bool     // whether sign-up, reset and change would take it
	GuessesLog10 float64  // how many tries it would take, as a power of ten
	GuessedIn    string   // how long guessing it would take somebody who has stolen the database, in the client's language; empty if not estimated
	Breached     bool     // it is in lists of stolen passwords
	Warning      string   // what is wrong, in the client's language; empty if acceptable
	Suggestions  []string // what would help, in the client's language; none if acceptable
}

// Password is a password and whose it will be: what contains one's own address, username or name is refused. For a client that is signed in, the
// account's own are taken; with the token of a link to reset a password or to confirm an address, those of whom it was mailed to.
type Password struct{ Password, Email, Username, Name, Token string }

// PasswordStrength judges a password without keeping it, exactly as sign-up, reset and change do. A client may ask 120 times a minute.
func (s *Server) PasswordStrength(ctx context.Context, c Client, in Password) (out Strength, err error) {
	err = s.only(ctx, c, func(c flow.Client) error {
		v, err := s.house.Flow().Strength(ctx, c, flow.StrengthInput(in))
		if err != nil {
			return err
		}
		out = Strength{Score: v.Score, Acceptable: v.Acceptable, GuessesLog10: v.GuessesLog10, Breached: v.Breached}
		out.GuessedIn = flow.Guessed(func(key string, args map[string]any) string { return s.house.Text(c.Locale, key, args) }, v)
		if key, args := flow.WhatIsWrong(v); key != "" {
			out.Warning = s.house.Text(c.Locale, key, args)
		}
		for _, key := range v.Suggestions {
			out.Suggestions = append(out.Suggestions, s.house.Text(c.Locale, "password.suggestion."+key, nil))
		}
		return nil
	})
	return out, err
}

// Export is everything that is held about a person, but for secrets.
type Export struct {
	User              User
	Identifiers       []Identifier // what they may sign in with
	PasswordChangedAt time.Time    // zero: there is no password
	PendingEmail      string       // the address that the account waits for; empty: none
	Fields            []FilledIn   // what was filled in of [Config.SignupFields], by name
	Sessions          []Session    // the last used first
	Events            []Event      // the newest first, at most 10 000
}

// Identifier is something that a person signs in with.
type Identifier struct {
	Kind       string // "email" or "username"
	Value      string // as typed
	VerifiedAt time.Time
}

// Event is something that was recorded about an account.
type Event struct {
	ID        string // UUID
	At        time.Time
	Kind      string // "login", "password_changed", "refused", …
	Address   string // IP address that it came from
	Cause     string // why it was refused
	Reference string // the code that was shown: [Error.Reference]
	RequestID string
}

// ExportAccount collects everything that is held about the person. It needs a fresh session.
func (s *Server) ExportAccount(ctx context.Context, c Client) (out Export, err error) {
	err = s.only(ctx, c, func(c flow.Client) error {
		all, err := s.house.Flow().ExportAccount(ctx, c)
		if err != nil {
			return err
		}
		out = Export{User: userOf(all.User), PasswordChangedAt: all.PasswordSet, PendingEmail: all.PendingEmail}
		for _, i := range all.Identifiers {
			out.Identifiers = append(out.Identifiers, Identifier{i.Kind, i.AsTyped, i.VerifiedAt})
		}
		for _, one := range all.Fields {
			out.Fields = append(out.Fields, FilledIn(one))
		}
		for _, one := range all.Sessions {
			out.Sessions = append(out.Sessions, sessionOf(one, c.Session.ID))
		}
		for _, e := range all.Events { // without Detail: it may quote our own errors, which are the operator's
			out.Events = append(out.Events, Event{e.ID, e.At, e.Kind, e.Client, e.Cause, e.Reference, e.RequestID})
		}
		return nil
	})
	return out, err
}
