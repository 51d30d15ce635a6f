package flow

import (
	"context"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/account"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
	"github.com/google/uuid"
)

// Forgot mails a link to set a new password, if the address is an account's.
func (f *Flow) Forgot(ctx context.Context, c Client, email, returnTo string) (Outcome, error) {
	to, err := f.toKnownDevice(ctx, c, email)
	if err != nil {
		return Outcome{}, err
	}
	out, err := f.requestMail(ctx, c, jobForgot, email, returnTo)
	if err == nil {
		out.SentTo = to
	}
	return out, err
}

// toKnownDevice is where a link to a new password goes, masked, if it really goes there and the client comes from a known device of that very
// account. For everybody else it is empty, after the same look-ups.
func (f *Flow) toKnownDevice(ctx context.Context, c Client, email string) (string, error) {
	id, err := account.ParseEmail(email)
	if err != nil || c.Device == "" {
		return "", nil // what is wrong with it is told by who goes on
	}
	user, pw, err := f.loadLogin(ctx, id)
	if err != nil {
		return "", err
	}
	if _, known := f.knownDevice(c, user.ID, pw); !known || user.State != store.StateActive || !user.EmailVerified {
		return "", nil
	}
	place, err := f.reserve(ctx, throttle.Key{Budget: throttle.MailAddress, ID: id.Canonical})
	if err != nil { // no more mails to it for a while: then it must not be said
		return "", nil //nolint:nilerr // the answer is that of a stranger
	}
	place.Release()
	return account.Mask(user.Email), nil
}

// ResetInput is what setting a new password by a mailed link asks for.
type ResetInput struct {
	Token    string
	Password string
}

// resetPayload is what a reset link carries.
type resetPayload struct{ ReturnTo string }

// ResetLink says whose password a link resets, without using it.
func (f *Flow) ResetLink(ctx context.Context, c Client, token string) (Link, error) {
	_, user, err := f.openReset(ctx, c, token)
	return Link{Email: user.Email}, err
}

// Reset sets a new password by a mailed link. It signs nobody in: the link proves the mailbox alone, and a second factor, where there
// is one, must still be asked (F-080). Every session and every other link of the account dies with the old password.
func (f *Flow) Reset(ctx context.Context, c Client, in ResetInput) (Outcome, error) {
	t, user, err := f.openReset(ctx, c, in.Token)
	if err != nil {
		return Outcome{}, err
	}
	var payload resetPayload
	if err := ticket.Open(f.Keys, t, &payload); err != nil {
		return Outcome{}, err
	}
	if wrong := f.checkPassword("password", in.Password, f.about(user)); len(wrong) > 0 {
		return Outcome{}, invalid(wrong...) // the link is still good
	}
	hash, err := f.Hasher.Hash(ctx, in.Password)
	if err != nil {
		return Outcome{}, busy(err)
	}
	now := f.now()
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.lockUser(ctx, tx, user.ID); err != nil {
			return err
		}
		if _, err := ticket.Redeem(ctx, tx, ticket.Reset, in.Token, deviceLabel(c), now); err != nil {
			return err
		}
		if err := f.replacePassword(ctx, tx, c, user, store.Password{Hash: hash, ChangedAt: now}, "", store.PasswordReset); err != nil {
			return err
		}
		return f.event(ctx, tx, c, "password_reset", user.ID)
	})
	if err != nil {
		return Outcome{}, err
	}
	f.Sessions.Forget(user.ID)
	f.Mail.Wake()
	return Outcome{
		Step: StepPasswordChanged, ReturnTo: f.ReturnTo(payload.ReturnTo),
		// The mailbox is proven: this browser is a known device from now on.
		DeviceToken: f.deviceToken(c, user.ID, store.Password{ChangedAt: now}),
	}, nil
}

func (f *Flow) openReset(ctx context.Context, c Client, token string) (t store.Ticket, user store.User, err error) {
	err = f.countingBadLinks(ctx, c, func() error {
		return f.Store.View(ctx, func(tx *store.Tx) error {
			if t, err = ticket.Look(ctx, tx, ticket.Reset, token, f.now()); err != nil {
				return err
			}
			user, err = tx.UserByID(ctx, t.UserID)
			return err
		})
	})
	return t, user, err
}

// replacePassword stores a new password and ends everything that the old one opened: all sessions but the one to keep, every link,
// every known device. The owner gets a mail. The time of the change is the caller's: device tokens are bound to it.
func (f *Flow) replacePassword(ctx context.Context, tx *store.Tx, c Client, user store.User, pw store.Password, keep string, why store.End) error {
	now := pw.ChangedAt
	if err := tx.SetPassword(ctx, uuid.NewString(), user.ID, pw.Hash, now); err != nil {
		return err
	}
	if err := endAll(ctx, tx, user.ID, keep, why, now); err != nil {
		return err
	}
	return f.notify(ctx, tx, mail.PasswordChanged, user, c, mail.Data{})
}

// endAll ends what opens an account at this moment: every link, and all sessions but the one to keep; empty: all. Whoever holds one is told why.
func endAll(ctx context.Context, tx *store.Tx, userID, keep string, why store.End, now time.Time) error {
	if err := tx.VoidTickets(ctx, userID, "", string(why), now); err != nil {
		return err
	}
	return tx.EndSessions(ctx, userID, keep, why, now)
}

// ChangePassword replaces the password of somebody who is signed in and knows the old one. Their session goes on with a new token;
// all others end.
func (f *Flow) ChangePassword(ctx context.Context, c Client, current, chosen string) (Outcome, error) {
	s, err := signedIn(c)
	if err != nil {
		return Outcome{}, err
	}
	if wrong := f.checkPassword("password", chosen, f.about(*s.User)); len(wrong) > 0 {
		if current == "" {
			wrong = append(wrong, message.Field{Name: "current_password", Code: "required"})
		}
		return Outcome{}, invalid(wrong...)
	}
	old, err := f.proveOwn(ctx, c, s, "current_password", current)
	if err != nil {
		return Outcome{}, err
	}
	if chosen == current { // who changes it because somebody has seen it must not believe that they did
		return Outcome{}, invalid(message.Field{Name: "password", Code: "unchanged"})
	}
	hash, err := f.Hasher.Hash(ctx, chosen)
	if err != nil {
		return Outcome{}, busy(err)
	}
	token, row := f.Sessions.Rotate(s)
	now := f.now()
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.lockUser(ctx, tx, s.UserID); err != nil { // two changes at once, from two devices
			return err
		}
		if pw, err := tx.PasswordOf(ctx, s.UserID); err != nil {
			return err
		} else if pw.Hash != old.Hash { // changed from elsewhere while this one was being checked
			return refuse(message.Conflict, "password_changed_meanwhile")
		}
		if err := f.rotate(ctx, tx, s, row); err != nil {
			return err
		}
		if err := f.replacePassword(ctx, tx, c, *s.User, store.Password{Hash: hash, ChangedAt: now}, s.ID, store.PasswordChanged); err != nil {
			return err
		}
		return f.event(ctx, tx, c, "password_changed", s.UserID)
	})
	if err != nil {
		return Outcome{}, err
	}
	f.Sessions.Forget(s.UserID)
	f.Mail.Wake()
	return Outcome{
		Step: StepPasswordChanged, User: s.User, Session: f.Sessions.With(row, *s.User), Token: token,
		DeviceToken: f.deviceToken(c, s.UserID, store.Password{ChangedAt: now}),
	}, nil
}

// notify mails the owner of an account that something about it has changed.
func (f *Flow) notify(ctx context.Context, tx *store.Tx, kind mail.Kind, user store.User, c Client, d mail.Data) error {
	if user.Email == "" {
		return nil
	}
	d.Name, d.At, d.Device = user.Name, f.now(), deviceLabel(c)
	if d.Link == "" {
		d.Link = f.Config.URL("/forgot")
	}
	return f.Mail.Queue(ctx, tx, kind, user.Email, languageOf(user, c.Locale), d)
}
