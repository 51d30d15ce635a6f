package flow

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/account"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
	"github.com/google/uuid"
)

// LoginInput is what a log-in asks for.
type LoginInput struct {
	Identifier string
	Password   string
	Remember   bool
	ReturnTo   string
}

// Login lets somebody in who knows a password. Unknown address, wrong password and unconfirmed address are one answer,
// invalid_credentials, after the same work.
func (f *Flow) Login(ctx context.Context, c Client, in LoginInput) (Outcome, error) {
	id, err := f.readLogin(in)
	if err != nil {
		return Outcome{}, err
	}
	client, full := f.reserve(ctx, throttle.Key{Budget: throttle.LoginClient, ID: throttle.ClientID(c.Addr)})
	if full != nil {
		if c.Device == "" || message.From(full).Code != message.RateLimited {
			return Outcome{}, full
		}
		client = &throttle.Reservation{} // of nothing: see below
	}
	defer client.Spend()

	user, pw, err := f.loadLogin(ctx, id)
	if err != nil {
		client.Release()
		return Outcome{}, err // a store that is down is never «wrong password»
	}
	who := f.guessKey(c, id, user, pw)
	if full != nil && who.Budget != throttle.LoginDevice {
		// A known device has a budget of its own, so that whoever guesses from behind the same address can't shut its owner out (B-029).
		return Outcome{}, full
	}
	guess, err := f.reserve(ctx, who)
	if err != nil {
		client.Release()
		return Outcome{}, err
	}
	defer guess.Spend()

	// One hash for everybody: with no account or no password it is the decoy's. Outside any transaction, under the budget.
	match, err := f.Hasher.Verify(ctx, pw.Hash, in.Password)
	if err != nil {
		client.Release()
		guess.Release()
		return Outcome{}, busy(err)
	}
	if !match.OK {
		fault := f.failedLogin(in, id, user, pw)
		if who.Budget == throttle.LoginDevice { // told to a browser that this very account has let in, and to no other (C-036)
			fault.Hint, fault.Args = "known_device", map[string]any{"changed_at": pw.ChangedAt}
		}
		return Outcome{}, fault
	}
	switch next(facts{user: user, proofs: []string{"password"}, mustBeVerified: f.mustVerify()}) {
	case dueSession:
	case dueDisabled: // told only after the proof
		return Outcome{}, f.disabled(user)
	default:
		fault := f.failedLogin(in, id, user, pw)
		fault.Cause = "address_not_verified"
		return Outcome{}, fault
	}

	rehash := ""
	if match.Stale {
		if rehash, err = f.Hasher.Hash(ctx, in.Password); err != nil {
			rehash = "" // too busy to improve the hash now; the next log-in will
		}
	}
	out, err := f.enter(ctx, c, user.ID, []string{"password"}, in.Remember, func(tx *store.Tx) error {
		err := tx.UsePassword(ctx, user.ID, pw.Hash, rehash, f.now())
		if errors.Is(err, store.ErrNotFound) { // changed while it was being checked
			return f.failedLogin(in, id, user, pw)
		}
		return err
	})
	if err != nil {
		if _, told := errors.AsType[*message.Fault](err); !told { // our own trouble is nobody's failed try
			client.Release()
			guess.Release()
		}
		return Outcome{}, err
	}
	client.Release()
	guess.Release()
	if who.Budget == throttle.LoginDevice {
		f.Limits.Clear(who)
	}
	out.ReturnTo = f.ReturnTo(in.ReturnTo)
	return out, nil
}

// readLogin checks what can be checked without knowing anybody.
func (f *Flow) readLogin(in LoginInput) (store.Identifier, error) {
	var wrong []message.Field
	id, err := account.Parse(f.Config.Identifiers, in.Identifier)
	if err != nil {
		wrong = append(wrong, badField("identifier", err))
	}
	if in.Password == "" {
		wrong = append(wrong, message.Field{Name: "password", Code: "required"})
	}
	if len(wrong) > 0 {
		return id, invalid(wrong...)
	}
	return id, nil
}

// loadLogin finds the account; nobody is not an error, so that the work goes on the same.
func (f *Flow) loadLogin(ctx context.Context, id store.Identifier) (user store.User, pw store.Password, err error) {
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		user, err = tx.UserByIdentifier(ctx, id.Kind, id.Canonical)
		if errors.Is(err, store.ErrNotFound) {
			user, err = store.User{}, nil
		}
		if err != nil {
			return err
		}
		pw, err = tx.PasswordOf(ctx, user.ID) // of nobody: none, by the same query
		return err
	})
	return user, pw, err
}

// failedLogin is the one answer to every log-in that failed. If the address waits to be confirmed, its owner gets the link again:
// decided later, by a goroutine that nobody waits for.
func (f *Flow) failedLogin(in LoginInput, id store.Identifier, user store.User, pw store.Password) *message.Fault {
	f.nudge(id)
	fault := refuse(message.InvalidCredentials, "wrong_password")
	fault.UserID, fault.Fields = user.ID, slips(in)
	switch {
	case !slices.Contains(f.Config.Identifiers, store.KindEmail):
		fault.Reason = "username"
	case len(f.Config.Identifiers) > 1:
		fault.Reason = "either"
	}
	switch {
	case user.ID == "":
		fault.Cause = "no_such_account"
	case pw.Hash == "":
		fault.Cause = "account_without_password"
	}
	return fault
}

// enter is the last step of every way in: one transaction that makes the session and does whatever belongs to it. The session that
// the browser had before ends, so that a planted one is worth nothing (C-033).
func (f *Flow) enter(ctx context.Context, c Client, userID string, methods []string, remember bool, also func(*store.Tx) error) (Outcome, error) {
	token, row := f.Sessions.New(userID, methods, remember, session.DeviceOf(c.UserAgent, c.Addr))
	var user store.User
	var pw store.Password
	err := f.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if err := also(tx); err != nil {
			return err
		}
		if user, err = tx.UserByID(ctx, userID); err != nil {
			return err
		}
		// Read again where it is decided: it may have been closed while the password was being hashed.
		if due := next(facts{user: user, proofs: methods, mustBeVerified: f.mustVerify()}); due != dueSession {
			fault := f.disabled(user)
			fault.Cause = "account_" + string(due)
			return fault
		}
		if pw, err = tx.PasswordOf(ctx, userID); err != nil {
			return err
		}
		if err := f.makeRoom(ctx, tx, userID); err != nil {
			return err
		}
		if err := f.leave(ctx, tx, c, store.Replaced); err != nil {
			return err
		}
		if err := tx.CreateSession(ctx, row); err != nil {
			return err
		}
		who := c
		who.Session = nil // whoever was signed in here before has not done this
		return f.event(ctx, tx, who, "login", userID)
	})
	if err != nil {
		return Outcome{}, err
	}
	if c.Session != nil {
		f.Sessions.Forget(c.Session.UserID)
	}
	return Outcome{
		Step: StepSignedIn, User: &user, Session: f.Sessions.With(row, user), Token: token,
		DeviceToken: f.deviceToken(c, user.ID, pw),
	}, nil
}

// leave ends the session that the client came with, if any.
func (f *Flow) leave(ctx context.Context, tx *store.Tx, c Client, why store.End) error {
	if c.Session == nil {
		return nil
	}
	err := tx.EndSession(ctx, c.Session.UserID, c.Session.ID, why, f.now())
	if errors.Is(err, store.ErrNotFound) { // it has ended already
		return nil
	}
	return err
}

// makeRoom keeps the number of a user's sessions bounded: the one that was not used for longest gives way.
func (f *Flow) makeRoom(ctx context.Context, tx *store.Tx, userID string) error {
	all, err := tx.SessionsOf(ctx, userID)
	if err != nil {
		return err
	}
	for len(all) >= session.MaxPerUser {
		last := all[len(all)-1]
		if err := tx.EndSession(ctx, userID, last.ID, store.TooMany, f.now()); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		all = all[:len(all)-1]
	}
	return nil
}

// mustVerify reports whether this site lets only confirmed addresses in.
func (f *Flow) mustVerify() bool { return f.Config.EmailVerification == "required" }

// Logout ends the client's session. It is done also for who is not signed in.
func (f *Flow) Logout(ctx context.Context, c Client) error {
	if c.Session == nil {
		return f.logoutReplaced(ctx, c)
	}
	err := f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.leave(ctx, tx, c, store.SignedOut); err != nil {
			return err
		}
		return f.event(ctx, tx, c, "logout", c.Session.UserID)
	})
	if err == nil {
		f.Sessions.Forget(c.Session.UserID)
	}
	return err
}

// replaced is the kind of ticket that remembers which session a token belonged to that was replaced a moment ago. It opens nothing.
const (
	replaced    = "replaced_token"
	replacedFor = 30 * time.Second
)

// logoutReplaced ends the session of a token that was replaced while the log-out was on its way: who presses «sign out» is signed out,
// whichever of the two requests came first (C-048).
func (f *Flow) logoutReplaced(ctx context.Context, c Client) error {
	if !ticket.WellFormed(c.Stale) {
		return nil
	}
	var t store.Ticket
	err := f.Store.View(ctx, func(tx *store.Tx) (err error) {
		t, err = tx.TicketByHash(ctx, replaced, ticket.Hash(c.Stale))
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && !t.ExpiresAt.After(f.now()) {
		return nil
	}
	if err != nil {
		return err
	}
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.EndSession(ctx, t.UserID, t.Subject, store.SignedOut, f.now()); err != nil {
			return err
		}
		return f.event(ctx, tx, c, "logout", t.UserID)
	})
	if errors.Is(err, store.ErrNotFound) { // it has ended already
		return nil
	}
	f.Sessions.Forget(t.UserID)
	return err
}

// Reauthenticate makes the session fresh by the password and gives it a new token.
func (f *Flow) Reauthenticate(ctx context.Context, c Client, typed string) (Outcome, error) {
	s, err := signedIn(c)
	if err != nil {
		return Outcome{}, err
	}
	pw, err := f.proveOwn(ctx, c, s, "password", typed)
	if err != nil {
		return Outcome{}, err
	}
	token, row := f.Sessions.Rotate(s)
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.rotate(ctx, tx, s, row); err != nil {
			return err
		}
		return f.event(ctx, tx, c, "reauthenticated", s.UserID)
	})
	if err != nil {
		return Outcome{}, err
	}
	f.Sessions.Forget(s.UserID)
	return Outcome{Step: StepDone, User: s.User, Session: f.Sessions.With(row, *s.User), Token: token, DeviceToken: f.deviceToken(c, s.UserID, pw)}, nil
}

// rotate stores the session's new token. A session that has ended meanwhile stays ended. The old token is dropped from every
// node's cache, else it would go on working where it is cached.
func (f *Flow) rotate(ctx context.Context, tx *store.Tx, s *session.Session, row store.Session) error {
	if err := tx.RotateSession(ctx, s.Hash, row); errors.Is(err, store.ErrNotFound) {
		return refuse(message.Unauthenticated, "session_ended_meanwhile")
	} else if err != nil {
		return err
	}
	now := f.now()
	err := tx.CreateTicket(ctx, store.Ticket{
		ID: uuid.NewString(), Kind: replaced, Hash: s.Hash, UserID: s.UserID, Subject: s.ID, CreatedAt: now, ExpiresAt: now.Add(replacedFor),
	})
	if err != nil {
		return err
	}
	return tx.Revoke(ctx, store.RevokeSession, s.ID, now)
}

// causeWrongPassword: somebody who is signed in does not know the password.
const causeWrongPassword = "wrong_current_password"

// proveOwn checks the password of somebody who is signed in. It shares its counters with log-in, so that a stolen session is no
// side door for guessing (B-026). A wrong one is a field fault: while signed in, 401 means only «no longer signed in».
func (f *Flow) proveOwn(ctx context.Context, c Client, s *session.Session, field, typed string) (store.Password, error) {
	if typed == "" {
		return store.Password{}, invalid(message.Field{Name: field, Code: "required"})
	}
	var pw store.Password
	err := f.Store.View(ctx, func(tx *store.Tx) (err error) {
		pw, err = tx.PasswordOf(ctx, s.UserID)
		return err
	})
	if err != nil {
		return pw, err
	}
	guess, err := f.reserve(ctx, f.guessKey(c, store.Identifier{}, *s.User, pw))
	if err != nil {
		return pw, err
	}
	defer guess.Spend()
	match, err := f.Hasher.Verify(ctx, pw.Hash, typed)
	if err != nil {
		guess.Release()
		return pw, busy(err)
	}
	if !match.OK {
		fault := &message.Fault{Code: message.InvalidFields, Cause: causeWrongPassword, UserID: s.UserID}
		fault.Fields = append([]message.Field{{Name: field, Code: "incorrect"}}, edgeSpaces(field, typed)...)
		return pw, fault
	}
	guess.Release()
	return pw, nil
}
