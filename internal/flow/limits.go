package flow

import (
	"context"
	"errors"
	"slices"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/password"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
)

// reserve takes a place in a budget before any work is done, so that many requests at once can't all pass the same check
// (B-024). The refusal is the same for identifiers that exist and that do not.
func (f *Flow) reserve(ctx context.Context, key throttle.Key) (*throttle.Reservation, error) {
	r, err := f.Limits.Reserve(ctx, key)
	if limited, ok := errors.AsType[*throttle.Limited](err); ok {
		fault := refuse(message.RateLimited, "limit_"+string(limited.Budget))
		fault.RetryAfter, fault.Reason = limited.RetryAfter, f.wayOut(limited.Budget)
		return nil, fault
	}
	return r, err
}

// wayOut names the text that says what else can be done than wait. It goes by the budget alone, so that it tells of nobody.
func (f *Flow) wayOut(b throttle.Budget) string {
	switch b {
	case throttle.LoginClient, throttle.LoginIdentifier, throttle.LoginDevice:
		if slices.Contains(f.Config.Identifiers, store.KindEmail) { // else there is no link to a new password
			return "login"
		}
	case throttle.MailClient:
		return "mail"
	case throttle.SignupClient:
		return "signup"
	case throttle.TokenClient:
		return "link"
	}
	return ""
}

// spend counts against a budget whose every use counts: mails, sign-ups.
func (f *Flow) spend(ctx context.Context, key throttle.Key) error {
	r, err := f.reserve(ctx, key)
	if err == nil {
		r.Spend()
	}
	return err
}

// postage is what mails take from the budgets of their addresses while a job decides. A job that fails is run again, and so is one that
// PostgreSQL turned away for a deadlock: what it took is given back, else the second run would find the budget used up and mail nothing.
type postage struct {
	f     *Flow
	taken []*throttle.Reservation
}

// may takes one mail from a budget. Without it the mail is not sent, and nobody is told.
func (p *postage) may(ctx context.Context, b throttle.Budget, to string) bool {
	r, err := p.f.reserve(ctx, throttle.Key{Budget: b, ID: to})
	if err != nil {
		return false
	}
	p.taken = append(p.taken, r)
	return true
}

func (f *Flow) withPostage(decide func(*postage) error) error {
	p := &postage{f: f}
	err := decide(p)
	for _, r := range p.taken {
		if err != nil {
			r.Release()
		}
		r.Spend()
	}
	return err
}

// busy turns the hasher's refusal into an honest 503.
func busy(err error) error {
	if full, ok := errors.AsType[*password.BusyError](err); ok {
		return &message.Fault{Code: message.Overloaded, Cause: "hash_queue_full", RetryAfter: full.RetryAfter, Err: err}
	}
	return err
}
