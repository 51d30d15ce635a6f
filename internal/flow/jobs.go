package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

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

const (
	// maxPending is how many sign-ups may wait for one address. More are dropped, not the older ones: an attacker must not be able
	// to push the honest one out. Its link, and every other, lets the mailbox's owner in.
	maxPending = 5
	// nudgeEvery is how soon a failed log-in may send the link to an unconfirmed address again.
	nudgeEvery = 5 * time.Minute
)

// mailRequest is somebody's wish for a mail to an address.
type mailRequest struct {
	Email    store.Identifier
	Locale   string
	ReturnTo string
	Device   string
	At       time.Time
}

func deviceLabel(c Client) string { return session.DeviceOf(c.UserAgent, c.Addr).Label }

// Jobs are what the outbox worker calls, each in the transaction that removes its row.
func (f *Flow) Jobs() map[string]mail.Job {
	return map[string]mail.Job{
		jobSignUp: job(f.decideSignUp), jobResend: job(f.decideResend),
		jobForgot: job(f.decideForgot), jobEmailChange: job(f.decideEmailChange),
	}
}

func job[T any](decide func(context.Context, *store.Tx, T) error) mail.Job {
	return func(ctx context.Context, tx *store.Tx, payload []byte) error {
		var in T
		if err := json.Unmarshal(payload, &in); err != nil {
			return fmt.Errorf("job payload: %w", err)
		}
		return decide(ctx, tx, in)
	}
}

func (f *Flow) enqueue(ctx context.Context, tx *store.Tx, kind string, payload any) error {
	return f.Mail.QueueJob(ctx, tx, kind, payload)
}

// decideSignUp finds out what became of a sign-up: its link is mailed, or the owner of the address learns of the try.
func (f *Flow) decideSignUp(ctx context.Context, tx *store.Tx, s signup) error {
	if err := tx.Lock(ctx, "address "+s.Email.Canonical, f.now()); err != nil {
		return err
	}
	if s.UserID == "" {
		switch owner, err := tx.UserByIdentifier(ctx, s.Email.Kind, s.Email.Canonical); {
		case err == nil:
			return f.tellOwner(ctx, tx, owner, s)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
	}
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
	return f.mailVerification(ctx, tx, t, s)
}

// tellOwner answers a sign-up with an address that has an account: one mail a day at most.
func (f *Flow) tellOwner(ctx context.Context, tx *store.Tx, owner store.User, s signup) error {
	if !f.mayMail(ctx, s.Email, throttle.NoticeAddress) {
		return nil
	}
	if !owner.EmailVerified {
		return f.resend(ctx, tx, s.Email)
	}
	return f.Mail.Queue(ctx, tx, mail.SignupTaken, owner.Email, owner.Locale, mail.Data{
		Name: owner.Name, At: f.now(), Link: f.Config.URL("/login"), Reset: f.Config.URL("/forgot"),
	})
}

// mayMail takes from an address's budget; without it the mail is not sent, and nobody is told.
func (f *Flow) mayMail(ctx context.Context, to store.Identifier, b throttle.Budget) bool {
	return f.spend(ctx, throttle.Key{Budget: b, ID: to.Canonical}) == nil
}

// mailVerification mails a pending row's link, the same one each time.
func (f *Flow) mailVerification(ctx context.Context, tx *store.Tx, t store.Ticket, s signup) error {
	if !f.mayMail(ctx, s.Email, throttle.MailAddress) {
		return nil
	}
	token := ticket.LinkToken(f.Keys, ticket.Verify, t.ID)
	if err := tx.MarkMailed(ctx, t.ID, ticket.Hash(token), f.now()); err != nil {
		return err
	}
	return f.Mail.Queue(ctx, tx, mail.Verify, s.Email.AsTyped, s.Locale, mail.Data{
		Name: s.Name, At: f.now(), Valid: f.Config.VerifyTTL,
		Link: f.link("/verify", token), Cancel: f.link("/signup/cancel", token),
	})
}

func (f *Flow) link(page, token string) string { return f.Config.URL(page) + "?token=" + token }

func (f *Flow) decideResend(ctx context.Context, tx *store.Tx, r mailRequest) error {
	return f.resend(ctx, tx, r.Email)
}

// resend mails the newest pending row of an address again; with none, and an account whose address is not confirmed, it makes one.
func (f *Flow) resend(ctx context.Context, tx *store.Tx, email store.Identifier) error {
	live, err := tx.LiveTickets(ctx, string(ticket.Verify), email.Canonical, f.now())
	if err != nil {
		return err
	}
	if len(live) > 0 {
		var s signup
		if err := ticket.Open(f.Keys, live[0], &s); err != nil {
			return err
		}
		return f.mailVerification(ctx, tx, live[0], s)
	}
	user, err := tx.UserByIdentifier(ctx, email.Kind, email.Canonical)
	if errors.Is(err, store.ErrNotFound) || err == nil && (user.EmailVerified || user.State != store.StateActive) {
		return nil
	}
	if err != nil {
		return err
	}
	email.AsTyped = user.Email
	return f.decideSignUp(ctx, tx, signup{Email: email, Name: user.Name, Locale: user.Locale, UserID: user.ID})
}

// decideForgot mails a reset link to the owner of an address. An address that is not confirmed yet gets its verification link.
func (f *Flow) decideForgot(ctx context.Context, tx *store.Tx, r mailRequest) error {
	user, err := tx.UserByIdentifier(ctx, r.Email.Kind, r.Email.Canonical)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && !user.EmailVerified:
		return f.resend(ctx, tx, r.Email)
	case err != nil:
		return err
	case user.State != store.StateActive || !f.mayMail(ctx, r.Email, throttle.MailAddress):
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
	return f.Mail.Queue(ctx, tx, mail.Reset, user.Email, user.Locale, mail.Data{
		Name: user.Name, At: r.At, Device: r.Device, Valid: f.Config.ResetTTL, Link: f.link("/reset", token),
	})
}

// nudge remembers a failed log-in, for sendNudge. It never waits: when too many come at once, some are forgotten.
func (f *Flow) nudge(id store.Identifier) {
	if id.Kind != store.KindEmail {
		return
	}
	select {
	case f.nudges <- id:
	default:
	}
}

// sendNudge mails the link again to an address that somebody tried to log in with before confirming it.
func (f *Flow) sendNudge(ctx context.Context, id store.Identifier) error {
	wants := false
	err := f.Store.View(ctx, func(tx *store.Tx) error {
		live, err := tx.LiveTickets(ctx, string(ticket.Verify), id.Canonical, f.now())
		if err != nil {
			return err
		}
		if len(live) > 0 {
			wants = f.now().Sub(live[0].MailedAt) >= nudgeEvery
			return nil
		}
		user, err := tx.UserByIdentifier(ctx, id.Kind, id.Canonical)
		wants = err == nil && !user.EmailVerified
		return nil
	})
	if err != nil || !wants {
		return err
	}
	err = f.Store.Update(ctx, func(tx *store.Tx) error { return f.resend(ctx, tx, id) })
	f.Mail.Wake()
	return err
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
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			_ = f.writeRefusals(last)
			cancel()
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
