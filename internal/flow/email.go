package flow

import (
	"context"
	"errors"

	"github.com/gatehouse-auth/gatehouse/internal/account"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
	"github.com/google/uuid"
)

// emailChange is an account's wish for another address; it is a job first and then what the link carries.
type emailChange struct {
	UserID string
	Email  store.Identifier
}

// ChangeEmail mails a link to the new address; the account keeps the old one until it is opened. The answer is the same for an address
// that somebody has.
func (f *Flow) ChangeEmail(ctx context.Context, c Client, email string) (Outcome, error) {
	s, err := f.fresh(c)
	if err != nil {
		return Outcome{}, err
	}
	id, err := account.ParseEmail(email)
	if err != nil {
		return Outcome{}, invalid(badField("email", err))
	}
	if s.User.EmailVerified && s.User.Email == id.AsTyped { // another spelling of it may be wished for
		return Outcome{}, invalid(message.Field{Name: "email", Code: "unchanged"})
	}
	if !f.takesDomain(id) {
		return Outcome{}, invalid(message.Field{Name: "email", Code: "not_allowed"})
	}
	if err := f.spend(ctx, throttle.Key{Budget: throttle.MailClient, ID: throttle.ClientID(c.Addr)}); err != nil {
		return Outcome{}, err
	}
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.enqueue(ctx, tx, jobEmailChange, emailChange{s.UserID, id}); err != nil {
			return err
		}
		return f.event(ctx, tx, c, "email_change_asked", s.UserID)
	})
	if err != nil {
		return Outcome{}, err
	}
	f.Mail.Wake()
	return Outcome{Step: StepSent, Suggestion: account.SuggestEmail(id.AsTyped)}, nil
}

// decideEmailChange mails the link, or tells the address's owner. An earlier wish of the account is void.
func (f *Flow) decideEmailChange(ctx context.Context, tx *store.Tx, p *postage, in emailChange) error {
	user, err := tx.UserByID(ctx, in.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if err := tx.VoidTickets(ctx, user.ID, string(ticket.EmailChange), "replaced", f.now()); err != nil {
		return err
	}
	owner, err := tx.UserByIdentifier(ctx, in.Email.Kind, in.Email.Canonical)
	switch {
	case err == nil && owner.ID != user.ID:
		if !p.may(ctx, throttle.NoticeAddress, in.Email.Canonical) {
			return nil
		}
		return f.notify(ctx, tx, mail.EmailTaken, owner, Client{}, mail.Data{})
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	// A counter apart from that of the links which let the mailbox's owner in: else anybody could use that one up for somebody.
	if !p.may(ctx, throttle.MailAddress, "email change "+in.Email.Canonical) {
		return nil
	}
	id, token := uuid.NewString(), ticket.NewToken()
	payload, err := ticket.Seal(f.Keys, id, in)
	if err != nil {
		return err
	}
	err = tx.CreateTicket(ctx, store.Ticket{
		ID: id, Kind: string(ticket.EmailChange), Hash: ticket.Hash(token), UserID: user.ID, Subject: in.Email.Canonical, Payload: payload,
		CreatedAt: f.now(), ExpiresAt: f.now().Add(f.Config.EmailChangeTTL), MailedAt: f.now(),
	})
	if err != nil {
		return err
	}
	return f.Mail.Queue(ctx, tx, mail.EmailChange, in.Email.AsTyped, user.Locale, mail.Data{
		Name: user.Name, At: f.now(), Valid: f.Config.EmailChangeTTL, Link: f.link("/account/email/confirm", token),
	})
}

// PendingEmail is the address that an account waits for, or empty.
func (f *Flow) PendingEmail(ctx context.Context, c Client) (address string, err error) {
	s, err := signedIn(c)
	if err != nil {
		return "", err
	}
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		live, err := tx.LiveTicketsOf(ctx, string(ticket.EmailChange), s.UserID, f.now())
		if err != nil || len(live) == 0 {
			return err
		}
		var change emailChange
		err = ticket.Open(f.Keys, live[0], &change)
		address = change.Email.AsTyped
		return err
	})
	return address, err
}

// CancelEmailChange forgets the wish for another address.
func (f *Flow) CancelEmailChange(ctx context.Context, c Client) error {
	s, err := signedIn(c)
	if err != nil {
		return err
	}
	return f.Store.Update(ctx, func(tx *store.Tx) error {
		return tx.VoidTickets(ctx, s.UserID, string(ticket.EmailChange), "canceled", f.now())
	})
}

// EmailChangeLink says which address a link would give to whom, without using it.
func (f *Flow) EmailChangeLink(ctx context.Context, c Client, token string) (Link, error) {
	_, change, err := f.openEmailChange(ctx, c, token)
	return Link{Email: change.Email.AsTyped}, err
}

// openEmailChange finds the link. It is good only in a session of the user who asked: a link that went to a mistyped address must not
// work for whoever reads it there (F-083).
func (f *Flow) openEmailChange(ctx context.Context, c Client, token string) (t store.Ticket, change emailChange, err error) {
	s, err := signedIn(c)
	if err != nil {
		return t, change, err
	}
	err = f.countingBadLinks(ctx, c, func() error {
		return f.Store.View(ctx, func(tx *store.Tx) error {
			t, err = ticket.Look(ctx, tx, ticket.EmailChange, token, f.now())
			return err
		})
	})
	if err != nil {
		return t, change, err
	}
	if t.UserID != s.UserID {
		return t, change, refuse(message.Forbidden, "email_link_of_another_user")
	}
	return t, change, ticket.Open(f.Keys, t, &change)
}

// ConfirmEmail gives the account its new address. Links that were mailed to the old one are void, and its owner is told there.
func (f *Flow) ConfirmEmail(ctx context.Context, c Client, token string) (Outcome, error) {
	_, change, err := f.openEmailChange(ctx, c, token)
	if err != nil {
		return Outcome{}, err
	}
	var user store.User
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.lockUser(ctx, tx, change.UserID); err != nil {
			return err
		}
		if _, err := ticket.Redeem(ctx, tx, ticket.EmailChange, token, deviceLabel(c), f.now()); err != nil {
			return err
		}
		old, err := tx.UserByID(ctx, change.UserID)
		if err != nil {
			return err
		}
		if err := f.swapEmail(ctx, tx, c, old, change.Email); err != nil {
			return err
		}
		user, err = tx.UserByID(ctx, change.UserID)
		return err
	})
	if errors.Is(err, store.ErrConflict) {
		return Outcome{}, refuse(message.Conflict, "address_taken_meanwhile")
	}
	if err != nil {
		return Outcome{}, err
	}
	f.Sessions.Forget(user.ID)
	f.Mail.Wake()
	return Outcome{Step: StepDone, User: &user, Session: f.Sessions.With(c.Session.Session, user)}, nil
}

func (f *Flow) swapEmail(ctx context.Context, tx *store.Tx, c Client, old store.User, to store.Identifier) error {
	now := f.now()
	if err := tx.RemoveIdentifier(ctx, old.ID, store.KindEmail); err != nil {
		return err
	}
	to.VerifiedAt = now
	if err := tx.AddIdentifier(ctx, old.ID, to, now); err != nil {
		return err
	}
	if err := tx.VoidTickets(ctx, old.ID, "", "email_changed", now); err != nil {
		return err
	}
	if err := f.dropSignUps(ctx, tx, to); err != nil {
		return err
	}
	if err := f.dropOldSignUp(ctx, tx, old); err != nil {
		return err
	}
	if err := tx.Revoke(ctx, store.RevokeUser, old.ID, now); err != nil {
		return err
	}
	if err := f.notify(ctx, tx, mail.EmailChangeNotice, old, c, mail.Data{NewAddress: account.Mask(to.AsTyped)}); err != nil {
		return err
	}
	return f.event(ctx, tx, c, "email_changed", old.ID)
}
