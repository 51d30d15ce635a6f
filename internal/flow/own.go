package flow

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/account"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/google/uuid"
	"golang.org/x/text/language"
)

// ProfileInput is what a person may change of themselves; nil leaves it as it is.
type ProfileInput struct {
	Name, Locale *string
	Fields       map[string]string // those of the site's own that change; see readFields
}

// UpdateProfile changes name, language and what was filled in at sign-up.
func (f *Flow) UpdateProfile(ctx context.Context, c Client, in ProfileInput) (Outcome, error) {
	s, err := signedIn(c)
	if err != nil {
		return Outcome{}, err
	}
	var wrong []message.Field
	var name, locale string
	if in.Name != nil {
		name, err = account.CleanName(*in.Name)
		if bad, ok := errors.AsType[account.Invalid](err); ok {
			wrong = append(wrong, message.Field{Name: "name", Code: string(bad)})
		}
	}
	if in.Locale != nil && *in.Locale != "" {
		tag, err := language.Parse(*in.Locale)
		if err != nil || len(*in.Locale) > 35 {
			wrong = append(wrong, message.Field{Name: "locale", Code: "not_allowed"})
		}
		locale = tag.String()
	}
	answers, bad := f.readFields(in.Fields, false)
	if wrong = append(wrong, bad...); len(wrong) > 0 {
		return Outcome{}, invalid(wrong...)
	}
	var user store.User
	err = f.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if user, err = tx.UserByID(ctx, s.UserID); err != nil { // what the session knows may be older than another change
			return err
		}
		if err := f.changeFields(ctx, tx, c, s.UserID, answers); err != nil {
			return err
		}
		if in.Name != nil {
			user.Name = name
		}
		if in.Locale != nil {
			user.Locale = locale
		}
		if err := tx.SetProfile(ctx, user.ID, user.Name, user.Locale, f.now()); err != nil {
			return err
		}
		return tx.Revoke(ctx, store.RevokeUser, user.ID, f.now()) // caches hold the old name
	})
	if errors.Is(err, store.ErrNotFound) { // deleted meanwhile, from elsewhere
		return Outcome{}, refuse(message.Unauthenticated, "account_deleted_meanwhile")
	}
	if err != nil {
		return Outcome{}, err
	}
	f.Sessions.Forget(user.ID)
	return Outcome{Step: StepDone, User: &user, Session: f.Sessions.With(s.Session, user)}, nil
}

// Devices lists the sessions of the signed-in user that are still good, the last used first.
func (f *Flow) Devices(ctx context.Context, c Client) ([]*session.Session, error) {
	s, err := signedIn(c)
	if err != nil {
		return nil, err
	}
	if err := f.Sessions.Save(ctx); err != nil { // so that «last used» is now, not some seconds ago
		return nil, err
	}
	var rows []store.Session
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		rows, err = tx.SessionsOf(ctx, s.UserID)
		return err
	})
	var live []*session.Session
	for _, row := range rows {
		row.Hash = nil // nobody needs it, and lists and exports hold no secret, not even its hash (J-167)
		if one := f.Sessions.With(row, *s.User); one.IdleExpiresAt().After(f.now()) {
			live = append(live, one)
		}
	}
	return live, err
}

// EndDevice ends one of the user's own sessions. One that is somebody else's does not exist (C-045).
func (f *Flow) EndDevice(ctx context.Context, c Client, id string) error {
	s, err := signedIn(c)
	if err != nil {
		return err
	}
	if uuid.Validate(id) != nil { // nobody's; asked for one with a NUL in it, a store fails (I-141)
		return refuse(message.NotFound, "no_such_session")
	}
	why := store.SignedOutElsewhere
	if id == s.ID {
		why = store.SignedOut
	}
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.EndSession(ctx, s.UserID, id, why, f.now()); err != nil {
			return err
		}
		return f.event(ctx, tx, c, "session_ended", s.UserID)
	})
	if errors.Is(err, store.ErrNotFound) {
		return refuse(message.NotFound, "no_such_session")
	}
	f.Sessions.Forget(s.UserID)
	return err
}

// EndOtherDevices ends all of the user's sessions but this one. Where there is no other nothing is recorded: to ask again and again would fill the store.
func (f *Flow) EndOtherDevices(ctx context.Context, c Client) error {
	s, err := signedIn(c)
	if err != nil {
		return err
	}
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		all, err := tx.SessionsOf(ctx, s.UserID)
		if err != nil || !slices.ContainsFunc(all, func(one store.Session) bool { return one.ID != s.ID }) {
			return err
		}
		if err := tx.EndSessions(ctx, s.UserID, s.ID, store.SignedOutElsewhere, f.now()); err != nil {
			return err
		}
		return f.event(ctx, tx, c, "other_sessions_ended", s.UserID)
	})
	f.Sessions.Forget(s.UserID)
	return err
}

// DeleteAccount removes the signed-in user and all that is kept about them.
func (f *Flow) DeleteAccount(ctx context.Context, c Client) error {
	s, err := f.fresh(c)
	if err != nil {
		return err
	}
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.remove(ctx, tx, c, *s.User); err != nil {
			return err
		}
		return f.event(ctx, tx, Client{}, "account_deleted", s.UserID)
	})
	if errors.Is(err, store.ErrNotFound) { // deleted already, from elsewhere
		err = nil
	}
	if err == nil {
		f.Sessions.Forget(s.UserID)
		f.Mail.Wake()
	}
	return err
}

func (f *Flow) remove(ctx context.Context, tx *store.Tx, c Client, user store.User) error {
	if err := f.erase(ctx, tx, user); err != nil {
		return err
	}
	return f.notify(ctx, tx, mail.AccountDeleted, user, c, mail.Data{})
}

func (f *Flow) erase(ctx context.Context, tx *store.Tx, user store.User) error {
	if err := tx.EndSessions(ctx, user.ID, "", store.AccountDeleted, f.now()); err != nil {
		return err
	}
	if err := tx.DeleteUser(ctx, user.ID); err != nil {
		return err
	}
	return f.dropOldSignUp(ctx, tx, user)
}

// Export is everything that is held about a user, but for secrets.
type Export struct {
	User         store.User
	Identifiers  []store.Identifier
	PasswordSet  time.Time // zero: there is no password
	PendingEmail string
	Fields       []store.UserField // also of fields that are declared no longer
	Sessions     []*session.Session
	Events       []store.Event
}

// exportEvents bounds an export.
const exportEvents = 10_000

// ExportAccount collects everything that is held about the signed-in user.
func (f *Flow) ExportAccount(ctx context.Context, c Client) (Export, error) {
	s, err := f.fresh(c)
	if err != nil {
		return Export{}, err
	}
	var e Export
	if e.Sessions, err = f.Devices(ctx, c); err != nil {
		return e, err
	}
	if e.PendingEmail, err = f.PendingEmail(ctx, c); err != nil {
		return e, err
	}
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		if e.User, err = tx.UserByID(ctx, s.UserID); err != nil {
			return err
		}
		if e.Identifiers, err = tx.Identifiers(ctx, s.UserID); err != nil {
			return err
		}
		if e.Fields, err = tx.UserFields(ctx, s.UserID); err != nil {
			return err
		}
		pw, err := tx.PasswordOf(ctx, s.UserID)
		if err != nil {
			return err
		}
		e.PasswordSet = pw.ChangedAt
		e.Events, err = tx.EventsOf(ctx, s.UserID, exportEvents)
		return err
	})
	return e, err
}
