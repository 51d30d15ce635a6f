package flow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/password"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/google/uuid"
)

// Parts are what a Flow works with.
type Parts struct {
	Config   *config.Config
	Store    *store.Store
	Sessions *session.Manager
	Hasher   *password.Hasher
	Policy   *password.Policy
	Keys     *seal.Keys
	Limits   *throttle.Limiter
	Mail     *mail.Outbox
	Clock    func() time.Time
	Log      *slog.Logger
}

// Flow takes every decision. It is safe for use by many goroutines.
type Flow struct {
	Parts
	refusals  chan store.Event
	unwritten []store.Event // refusals that were taken off the list; Run's alone
	nudges    chan store.Identifier
}

// New makes a Flow; Run does the work that nobody waits for.
func New(p Parts) *Flow {
	return &Flow{Parts: p, refusals: make(chan store.Event, 1024), nudges: make(chan store.Identifier, 256)}
}

// Client is who asks, as far as a request can tell.
type Client struct {
	Addr      netip.Addr
	UserAgent string
	Locale    string // BCP 47, one that we have texts for
	RequestID string
	Reference string           // the code under which a refusal is recorded
	Session   *session.Session // nil: not signed in
	Stale     string           // a session token that was shown and is not good, or not any more
	Why       *message.Fault   // why it is not; nil: none was shown, or it is good
	Pending   string           // the pending token: this browser signed up here
	Device    string           // the signed device token: this browser has logged in before
}

// Outcome is what a journey came to.
type Outcome struct {
	Step         Step
	User         *store.User
	Session      *session.Session
	Token        string // of a session that was issued or rotated
	PendingToken string // binds a sign-up to this browser
	DeviceToken  string // makes this browser a known device of the account
	ReturnTo     string // where the person wanted to go, checked; empty: nowhere in particular
	Suggestion   string // the address that may have been meant instead of the typed one; by what was typed alone
	SentTo       string // to a known device of the account alone: where a mail is really on its way to, masked
	UsernameLost bool   // somebody else took the username while the sign-up waited
}

// Step names where a journey has got to. Pages and JSON render it; tests compare it.
type Step string

// The steps.
const (
	StepSignedIn         Step = "signed_in"
	StepVerificationSent Step = "verification_sent"
	StepCreated          Step = "created" // signed up and signed in, the address not verified yet
	StepPasswordChanged  Step = "password_changed"
	StepSent             Step = "sent" // if the address can be used here, a message is on its way
	StepDone             Step = "done"
)

// now is the clock in the precision of the store, so that what is written compares equal to what is read.
func (f *Flow) now() time.Time { return f.Clock().UTC().Truncate(time.Microsecond) }

// invalid is 422 with what is wrong with each field.
func invalid(fields ...message.Field) error {
	return &message.Fault{Code: message.InvalidFields, Fields: fields, Cause: "invalid_fields"}
}

func refuse(code message.Code, cause string) *message.Fault {
	return &message.Fault{Code: code, Cause: cause}
}

// lockAddress makes all decisions about one address wait for each other. Its name is a hash: the row of a lock outlives an account that is
// deleted, and nobody's address may stay behind.
func (f *Flow) lockAddress(ctx context.Context, tx *store.Tx, id store.Identifier) error {
	sum := sha256.Sum256([]byte(id.Canonical))
	return tx.Lock(ctx, "address "+hex.EncodeToString(sum[:]), f.now())
}

// lockUser makes all that replaces what an account is entered by wait for each other. It comes first in a transaction: who used a link up
// before waiting would hold what the other one is about to void.
func (f *Flow) lockUser(ctx context.Context, tx *store.Tx, userID string) error {
	return tx.Lock(ctx, "user "+userID, f.now())
}

// signedIn is the session that the client must have.
func signedIn(c Client) (*session.Session, error) {
	switch {
	case c.Session != nil:
		return c.Session, nil
	case c.Why != nil: // whoever still holds the token of a session that is over may know why
		return nil, c.Why
	}
	return nil, refuse(message.Unauthenticated, "no_session")
}

// fresh is the session that the client must have, with a proof that is young enough for what cannot be undone or would let
// somebody else in for good: a session left open on a shared computer must not be enough (ASVS 7.5.1).
func (f *Flow) fresh(c Client) (*session.Session, error) {
	s, err := signedIn(c)
	if err != nil {
		return nil, err
	}
	if !f.Sessions.Fresh(s) {
		fault := refuse(message.ReauthenticationRequired, "session_not_fresh")
		fault.Methods, fault.MaxAge = []string{"password"}, f.Config.FreshFor
		return nil, fault
	}
	return s, nil
}

// event is something that the account's owner would want to know of, written with what it tells of.
func (f *Flow) event(ctx context.Context, tx *store.Tx, c Client, kind, userID string) error {
	actor := userID
	if c.Session != nil {
		actor = c.Session.UserID
	}
	return tx.AddEvent(ctx, store.Event{
		ID: uuid.NewString(), At: f.now(), Kind: kind, UserID: userID, Actor: actor, Client: addr(c), RequestID: c.RequestID,
	})
}

func addr(c Client) string {
	if !c.Addr.IsValid() {
		return ""
	}
	return c.Addr.Unmap().String()
}
