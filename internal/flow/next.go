package flow

import "github.com/gatehouse-auth/gatehouse/internal/store"

// due is what has to happen now.
type due string

const (
	dueProof    due = "proof"    // nothing is proven yet
	dueVerify   due = "verify"   // the address must be confirmed first
	dueDisabled due = "disabled" // an administrator closed the account
	dueSession  due = "session"  // all is proven
)

// facts are all that next goes by.
type facts struct {
	user           store.User
	proofs         []string // what was proven in this journey: password, mailbox, …
	mustBeVerified bool     // the site wants confirmed addresses
}

// next decides what comes after the proofs given so far. It is pure, and the only decider for every way in, so that no door
// leads past a rule that another door has.
func next(f facts) due {
	switch {
	case len(f.proofs) == 0:
		return dueProof
	case f.mustBeVerified && f.user.Email != "" && !f.user.EmailVerified:
		return dueVerify
	case f.user.State != store.StateActive:
		return dueDisabled
	}
	return dueSession
}
