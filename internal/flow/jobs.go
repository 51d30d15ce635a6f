package flow

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/account"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
	"github.com/google/uuid"
)

// The kinds of job: what is decided after the answer.
const (
	jobSignUp      = "signup"
	jobResend      = "resend"
	jobForgot      = "forgot"
	jobEmailChange = "email_change"
)

// maxPending is how many sign-ups may wait for one address. More are dropped, not the older ones: an attacker must not be able
// to push the honest one out. Its link, and every other, lets the mailbox's owner in.
const maxPending = 5

// mailRequest is somebody's wish for a mail to an address.
type mailRequest struct {
	Email    store.Identifier
	Locale   string
	ReturnTo string
	Device   string
	At       time.Time
}

// languageOf is the language to write to somebody in: the account's, or that of the request by which the mail came about.
func languageOf(u store.User, asked string) string { return cmp.Or(u.Locale, asked) }

func deviceLabel(c Client) string { return session.DeviceOf(c.UserAgent, c.Addr).Label }

// Jobs are what the outbox worker calls, each in the transaction that removes its row.
func (f *Flow) Jobs() map[string]mail.Job {
	return map[string]mail.Job{
		jobSignUp: job(f, f.decideSignUp), jobResend: job(f, f.decideResend),
		jobForgot: job(f, f.decideForgot), jobEmailChange: job(f, f.decideEmailChange),
	}
}

func job[T any](f *Flow, decide func(context.Context, *store.Tx, *postage, T) error) mail.Job {
	return func(ctx context.Context, tx *store.Tx, payload []byte) error {
		var in T
		if err := json.Unmarshal(payload, &in); err != nil {
			return fmt.Errorf("job payload: %w", err)
		}
		return f.withPostage(func(p *postage) error { return decide(ctx, tx, p, in) })
	}
}

func (f *Flow) enqueue(ctx context.Context, tx *store.Tx, kind string, payload any) error {
	return f.Mail.QueueJob(ctx, tx, kind, payload)
}

// decideSignUp finds out what became of a sign-up: its link is mailed, or the owner of the address learns of the try.
func (f *Flow) decideSignUp(ctx context.Context, tx *store.Tx, p *postage, s signup) error {
	if err := f.lockAddress(ctx, tx, s.Email); err != nil {
		return err
	}
	if s.UserID == "" {
		switch owner, err := tx.UserByIdentifier(ctx, s.Email.Kind, s.Email.Canonical); {
		case err == nil:
			return f.tellOwner(ctx, tx, p, owner, s)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
	}
	return f.makeVerification(ctx, tx, p, s, mail.Verify)
}

// makeVerification makes a pending row, if there is room for one, and mails its link.
func (f *Flow) makeVerification(ctx context.Context, tx *store.Tx, p *postage, s signup, kind mail.Kind) error {
	live, err := tx.LiveTickets(ctx, string(ticket.Verify), s.Email.Canonical, f.now())
	if err != nil || len(live) >= maxPending {
		return err
	}
	id := uuid.NewString()
	payload, err := ticket.Seal(f.Keys, id, s)
	if err != nil {
		return err
	}
	t := store.Ticket{
		ID: id, Kind: string(ticket.Verify), Hash: ticket.Hash(ticket.LinkToken(f.Keys, ticket.Verify, id)),
		UserID: s.UserID, Subject: s.Email.Canonical, Browser: s.Browser, Payload: payload,
		CreatedAt: f.now(), ExpiresAt: f.now().Add(f.Config.VerifyTTL),
	}
	if err := tx.CreateTicket(ctx, t); err != nil {
		return err
	}
	return f.mailVerification(ctx, tx, p, t, s, kind)
}

// dropSignUps removes the sign-ups that wait for an address which has just become an account's: they can't become accounts any more, and they
// must not stand in the way of the account's own link.
func (f *Flow) dropSignUps(ctx context.Context, tx *store.Tx, email store.Identifier) error {
	if email.Canonical == "" {
		return nil
	}
	return tx.DeleteTicketsAbout(ctx, string(ticket.Verify), email.Canonical, "")
}

// dropOldSignUp removes the used link by which the account came to be. It is nobody's, only about the address, and would keep that
// when the account is deleted or has another one.
func (f *Flow) dropOldSignUp(ctx context.Context, tx *store.Tx, user store.User) error {
	email, err := account.ParseEmail(user.Email)
	if err != nil { // there is none
		return nil
	}
	return f.dropSignUps(ctx, tx, email)
}

// tellOwner answers a sign-up with an address that has an account: one mail a day at most.
func (f *Flow) tellOwner(ctx context.Context, tx *store.Tx, p *postage, owner store.User, s signup) error {
	if !p.may(ctx, throttle.NoticeAddress, s.Email.Canonical) {
		return nil
	}
	if !owner.EmailVerified {
		return f.resend(ctx, tx, p, s.Email, mail.Verify)
	}
	return f.Mail.Queue(ctx, tx, mail.SignupTaken, owner.Email, languageOf(owner, s.Locale), mail.Data{
		Name: owner.Name, At: f.now(), Link: f.Config.URL("/login"), Reset: f.Config.URL("/forgot"),
	})
}

// mailVerification mails a pending row's link, the same one each time.
func (f *Flow) mailVerification(ctx context.Context, tx *store.Tx, p *postage, t store.Ticket, s signup, kind mail.Kind) error {
	if !p.may(ctx, throttle.MailAddress, s.Email.Canonical) {
		return nil
	}
	if s.Made && kind == mail.Verify {
		kind = mail.AccountMade
	}
	token := ticket.LinkToken(f.Keys, ticket.Verify, t.ID)
	if err := tx.MarkMailed(ctx, t.ID, ticket.Hash(token), f.now()); err != nil {
		return err
	}
	return f.Mail.Queue(ctx, tx, kind, s.Email.AsTyped, s.Locale, mail.Data{
		Name: s.Name, At: f.now(), Valid: f.Config.VerifyTTL,
		Link: f.link("/verify", token), Cancel: f.link("/signup/cancel", token),
	})
}

func (f *Flow) link(page, token string) string { return f.Config.URL(page) + "?token=" + token }

func (f *Flow) decideResend(ctx context.Context, tx *store.Tx, p *postage, r mailRequest) error {
	return f.resend(ctx, tx, p, r.Email, mail.Verify)
}

// resend mails the newest pending row of an address again; with none, and an account whose address is not confirmed, it makes one.
func (f *Flow) resend(ctx context.Context, tx *store.Tx, p *postage, email store.Identifier, kind mail.Kind) error {
	if err := f.lockAddress(ctx, tx, email); err != nil {
		return err
	}
	live, err := tx.LiveTickets(ctx, string(ticket.Verify), email.Canonical, f.now())
	if err != nil {
		return err
	}
	if len(live) > 0 {
		var s signup
		if err := ticket.Open(f.Keys, live[0], &s); err != nil {
			return err
		}
		return f.mailVerification(ctx, tx, p, live[0], s, kind)
	}
	user, err := tx.UserByIdentifier(ctx, email.Kind, email.Canonical)
	if errors.Is(err, store.ErrNotFound) || err == nil && (user.EmailVerified || user.State != store.StateActive) {
		return nil
	}
	if err != nil {
		return err
	}
	operators, err := tx.HasEvent(ctx, user.ID, "user_created")
	if err != nil {
		return err
	}
	email.AsTyped = user.Email
	waiting := signup{Email: email, Name: user.Name, Locale: user.Locale, UserID: user.ID, Made: operators}
	return f.makeVerification(ctx, tx, p, waiting, kind)
}

// decideForgot mails a reset link to the owner of an address. An address that is not confirmed yet gets its verification link.
func (f *Flow) decideForgot(ctx context.Context, tx *store.Tx, p *postage, r mailRequest) error {
	user, err := tx.UserByIdentifier(ctx, r.Email.Kind, r.Email.Canonical)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && !user.EmailVerified:
		return f.resend(ctx, tx, p, r.Email, mail.VerifyPendingReset)
	case err != nil:
		return err
	case user.State != store.StateActive || !p.may(ctx, throttle.MailAddress, r.Email.Canonical):
		return nil
	}
	id, token := uuid.NewString(), ticket.NewToken()
	payload, err := ticket.Seal(f.Keys, id, resetPayload{r.ReturnTo})
	if err != nil {
		return err
	}
	err = tx.CreateTicket(ctx, store.Ticket{
		ID: id, Kind: string(ticket.Reset), Hash: ticket.Hash(token), UserID: user.ID, Subject: r.Email.Canonical, Payload: payload,
		CreatedAt: f.now(), ExpiresAt: f.now().Add(f.Config.ResetTTL), MailedAt: f.now(),
	})
	if err != nil {
		return err
	}
	return f.Mail.Queue(ctx, tx, mail.Reset, user.Email, languageOf(user, r.Locale), mail.Data{
		Name: user.Name, At: r.At, Device: r.Device, Valid: f.Config.ResetTTL, Link: f.link("/reset", token),
	})
}

// Run does what nobody waits for (nudges, the record of refusals, sweeping) until ctx ends.
func (f *Flow) Run(ctx context.Context) {
	sweep, record := time.NewTicker(time.Minute), time.NewTicker(recordEvery)
	defer sweep.Stop()
	defer record.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			for err == nil && len(f.refusals)+len(f.unwritten) > 0 {
				err = f.writeRefusals(ctx)
			}
			return
		case id := <-f.nudges:
			err = f.sendNudge(ctx, id)
		case <-record.C:
			err = f.writeRefusals(ctx)
		case <-sweep.C:
			err = f.sweep(ctx)
		}
		if err != nil && ctx.Err() == nil {
			f.Log.Warn("background work failed; it will be tried again", "error", err)
		}
	}
}

// sweep removes what has had its time, a small batch a transaction.
func (f *Flow) sweep(ctx context.Context) error {
	for more := true; more && ctx.Err() == nil; {
		err := f.Store.Update(ctx, func(tx *store.Tx) (err error) {
			more, err = tx.Sweep(ctx, f.now())
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
