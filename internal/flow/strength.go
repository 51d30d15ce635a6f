package flow

import (
	"context"
	"errors"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/password"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
)

// StrengthInput is a password that somebody is about to choose, and what is known of them: the link that they opened, or what they typed at
// sign-up. Who is signed in is known anyway.
type StrengthInput struct{ Password, Email, Username, Name, Token string }

// Strength judges a password without keeping it. The verdict is that of sign-up, verify, reset and change: the same check, about the same person.
// It has a budget of its own, so that somebody who looks for a good password does not use up the tries that they sign in with.
func (f *Flow) Strength(ctx context.Context, c Client, in StrengthInput) (password.Verdict, error) {
	if err := f.spend(ctx, throttle.Key{Budget: throttle.StrengthClient, ID: throttle.ClientID(c.Addr)}); err != nil {
		return password.Verdict{}, err
	}
	about, err := f.aboutWhom(ctx, c, in)
	if err != nil {
		return password.Verdict{}, err
	}
	return f.Policy.Check(in.Password, about), nil
}

// WhatIsWrong is the text that says it, with its arguments; empty if nothing is. That a password has the wrong length for this site, or characters
// that none may have, comes before what makes it easy to guess: it may not be easy at all.
func WhatIsWrong(v password.Verdict) (key string, args map[string]any) {
	for _, p := range v.Problems {
		switch p.Code {
		case "password_too_short", "password_too_long", "invalid_characters":
			return "field." + p.Code, p.Args
		}
	}
	if v.Warning == "" {
		return "", nil
	}
	return "password.warning." + v.Warning, nil
}

// Guessed says how long guessing a password would take; empty if that was not estimated. A texts is asked for the texts of one language.
func Guessed(texts message.Texts, v password.Verdict) string {
	if v.GuessesLog10 == 0 {
		return ""
	}
	switch span := v.Guessed(); span.Unit {
	case "instant":
		return texts("password.guessed_at_once", nil)
	case "centuries":
		return texts("password.guessed_in_centuries", nil)
	default:
		return texts("password.guessed_in", map[string]any{"span": texts("span."+span.Unit, map[string]any{"n": span.N})})
	}
}

// advice is what the meter says, for the form of somebody who has none.
func advice(v password.Verdict) message.Said {
	return func(texts message.Texts) string {
		said := []string{Guessed(texts, v)}
		if key, args := WhatIsWrong(v); key != "" {
			said = append(said, texts(key, args))
		}
		for _, key := range v.Suggestions {
			said = append(said, texts("password.suggestion."+key, nil))
		}
		return strings.Join(said, " ")
	}
}

// aboutWhom finds out who is choosing. The link stands before the session: a password is reset for whom the link was mailed to, whoever is signed
// in here.
func (f *Flow) aboutWhom(ctx context.Context, c Client, in StrengthInput) (password.Context, error) {
	switch {
	case in.Token != "":
		return f.aboutLink(ctx, c, in.Token)
	case c.Session != nil:
		return f.about(*c.Session.User), nil
	}
	return f.aboutTyped(in.Email, in.Username, in.Name), nil
}

// aboutLink is about whoever holds a link to reset a password or to confirm an address. Its verdicts may tell them of the account: the link lets
// them do far more. A token that is none counts as anywhere else (F-076).
func (f *Flow) aboutLink(ctx context.Context, c Client, token string) (about password.Context, err error) {
	var t store.Ticket
	err = f.countingBadLinks(ctx, c, func() error {
		return f.Store.View(ctx, func(tx *store.Tx) error {
			t, err = ticket.Look(ctx, tx, ticket.Reset, token, f.now())
			if fault, ok := errors.AsType[*message.Fault](err); ok && fault.Hint == "unknown" {
				t, err = ticket.Look(ctx, tx, ticket.Verify, token, f.now())
			}
			if err != nil || t.Kind != string(ticket.Reset) {
				return err
			}
			user, err := tx.UserByID(ctx, t.UserID)
			about = f.about(user)
			return err
		})
	})
	if err != nil || t.Kind != string(ticket.Verify) {
		return about, err
	}
	var s signup
	err = ticket.Open(f.Keys, t, &s)
	return f.aboutAddress(s), err
}

// about is what a user's password must not contain.
func (f *Flow) about(u store.User) password.Context { return f.aboutTyped(u.Email, u.Username, u.Name) }

// aboutTyped is what the password of a sign-up must not contain.
func (f *Flow) aboutTyped(email, username, name string) password.Context {
	return password.Context{Email: email, Username: username, Name: name, Site: f.Config.SiteName}
}

// aboutAddress is what a password must not contain that is chosen by a sign-up's link: all that the sign-up chose is dropped then, but for the address.
func (f *Flow) aboutAddress(s signup) password.Context { return f.aboutTyped(s.Email.AsTyped, "", "") }

// checkPassword is the one check of a new password, the same that the strength meter shows.
func (f *Flow) checkPassword(field, typed string, about password.Context) []message.Field {
	if typed == "" {
		return []message.Field{{Name: field, Code: "required"}}
	}
	var wrong []message.Field
	verdict := f.Policy.Check(typed, about)
	for _, p := range verdict.Problems {
		if p.Code == "weak_password" {
			p.Args = map[string]any{"advice": advice(verdict)}
		}
		wrong = append(wrong, message.Field{Name: field, Code: p.Code, Args: p.Args})
	}
	return wrong
}
