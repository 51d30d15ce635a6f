package flow

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/account"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
)

// nudgeEvery is how soon a failed log-in may send the link to an unconfirmed address again.
const nudgeEvery = 5 * time.Minute

// nudge remembers a failed log-in, for sendNudge. It never waits: when too many come at once, some are forgotten.
func (f *Flow) nudge(id store.Identifier) {
	if id.Canonical == "" {
		return
	}
	select {
	case f.nudges <- id:
	default:
	}
}

// sendNudge mails the link again to an address that somebody tried to log in with before confirming it.
func (f *Flow) sendNudge(ctx context.Context, id store.Identifier) error {
	var due bool
	look := func(tx *store.Tx) (err error) {
		id, due, err = f.wantsNudge(ctx, tx, id)
		return err
	}
	if err := f.Store.View(ctx, look); err != nil || !due { // most failed log-ins end here, without a write
		return err
	}
	err := f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.lockAddress(ctx, tx, id); err != nil {
			return err
		}
		if err := look(tx); err != nil || !due { // another node was faster
			return err
		}
		return f.withPostage(func(p *postage) error { return f.resend(ctx, tx, p, id, mail.Verify) })
	})
	f.Mail.Wake()
	return err
}

// wantsNudge reports whether a link is due, and to which address: somebody may have typed their username.
func (f *Flow) wantsNudge(ctx context.Context, tx *store.Tx, id store.Identifier) (to store.Identifier, due bool, err error) {
	user, err := tx.UserByIdentifier(ctx, id.Kind, id.Canonical)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return id, false, err
	}
	if id.Kind != store.KindEmail {
		if id, err = account.ParseEmail(user.Email); err != nil { // nobody's, or without an address
			return id, false, nil
		}
	}
	live, err := tx.LiveTickets(ctx, string(ticket.Verify), id.Canonical, f.now())
	if err != nil || len(live) == 0 {
		return id, err == nil && user.ID != "" && !user.EmailVerified, err
	}
	return id, f.now().Sub(live[0].MailedAt) >= nudgeEvery, nil
}
