package flow

import (
	"context"
	"errors"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
	"github.com/google/uuid"
)

// VerifyInput is what confirming an address asks for. Password or NewPassword count only outside the browser that signed up.
type VerifyInput struct {
	Token       string
	Password    string
	NewPassword string
	Fields      map[string]string // the site's own, asked for with NewPassword: those of the sign-up are dropped with it
}

// Link tells the page what the link that was opened is about. Its holder may know.
type Link struct {
	Email         string
	NeedsPassword bool // opened in another browser than the one that signed up
	HasPassword   bool // there is a password to ask for, not only one to choose
	Other         bool // somebody else is signed in here
	Account       bool // there is an account already, which would be deleted with the sign-up
}

// verification is a link that was found good.
type verification struct {
	ticket store.Ticket
	signup signup
	bound  bool
}

// VerifyLink says what a verification link is about, without using it: mail scanners open links (F-078).
func (f *Flow) VerifyLink(ctx context.Context, c Client, token string) (Link, error) {
	v, err := f.openVerification(ctx, c, token)
	if err != nil {
		return Link{}, err
	}
	hash, err := f.signUpHash(ctx, v.signup)
	return Link{Email: v.signup.Email.AsTyped, NeedsPassword: !v.bound, HasPassword: hash != "", Other: otherUser(c, v), Account: v.signup.UserID != "" && !v.signup.Made}, err
}

// Verify confirms the address of a sign-up and logs its owner in. Who opens the link elsewhere must know the password that was
// chosen at sign-up, or choose a new one, which drops everything else that the sign-up chose: a stranger's sign-up with my
// address never becomes my account by my click.
func (f *Flow) Verify(ctx context.Context, c Client, in VerifyInput) (Outcome, error) {
	v, err := f.openVerification(ctx, c, in.Token)
	if err != nil {
		return Outcome{}, err
	}
	if otherUser(c, v) {
		return Outcome{}, refuse(message.Conflict, "verify_link_in_another_users_session")
	}
	if in.NewPassword != "" && in.Password != "" { // which of the two is meant decides what becomes of all that the sign-up chose
		return Outcome{}, invalid(message.Field{Name: "new_password", Code: "not_allowed"})
	}
	if len(in.Fields) > 0 && in.NewPassword == "" && (v.bound || in.Password != "") { // the sign-up's own hold
		return Outcome{}, invalid(message.Field{Name: "fields", Code: "not_allowed"})
	}
	if in.NewPassword != "" {
		if err := f.chooseAnew(ctx, &v.signup, in); err != nil {
			return Outcome{}, err
		}
	} else if !v.bound {
		if err := f.proveSignUp(ctx, v, in.Password); err != nil {
			return Outcome{}, err
		}
	}
	s := v.signup
	userID := s.UserID
	if userID == "" {
		userID = uuid.NewString()
	}
	out, err := f.enter(ctx, c, userID, []string{"password"}, false, func(tx *store.Tx) error {
		if err := f.lockAddress(ctx, tx, s.Email); err != nil { // first: two links of one address void each other
			return err
		}
		if _, err := ticket.Redeem(ctx, tx, ticket.Verify, in.Token, deviceLabel(c), f.now()); err != nil {
			return err
		}
		if err := f.confirm(ctx, tx, userID, &s); err != nil {
			return err
		}
		if err := tx.DeleteTicketsAbout(ctx, string(ticket.Verify), s.Email.Canonical, v.ticket.ID); err != nil {
			return err
		}
		return f.event(ctx, tx, c, "address_verified", userID)
	})
	if errors.Is(err, store.ErrConflict) {
		return Outcome{}, refuse(message.Conflict, "address_taken_meanwhile")
	}
	if err != nil {
		return Outcome{}, err
	}
	f.Sessions.Forget(userID)
	out.ReturnTo = f.ReturnTo(s.ReturnTo) // it was stored: judged again where it is used
	out.UsernameLost = v.signup.Username.Canonical != s.Username.Canonical
	return out, nil
}

// confirm makes the account of a sign-up, or marks the address of one that exists. A username that somebody took while the link waited is
// left out: the account is of use without it, and a link that leads nowhere is not.
func (f *Flow) confirm(ctx context.Context, tx *store.Tx, userID string, s *signup) error {
	if s.UserID == "" {
		if s.Username.Canonical != "" {
			switch _, err := tx.UserByIdentifier(ctx, s.Username.Kind, s.Username.Canonical); {
			case err == nil:
				s.Username = store.Identifier{}
			case !errors.Is(err, store.ErrNotFound):
				return err
			}
		}
		return f.createAccount(ctx, tx, userID, *s, true)
	}
	if err := tx.VerifyIdentifier(ctx, userID, store.KindEmail, s.Email.Canonical, f.now()); errors.Is(err, store.ErrNotFound) {
		return &message.Fault{Code: message.LinkExpired, Hint: "used", Cause: "address_changed_since"}
	} else if err != nil {
		return err
	}
	if s.Hash != "" {
		return f.handOver(ctx, tx, userID, *s)
	}
	return tx.Revoke(ctx, store.RevokeUser, userID, f.now())
}

// handOver gives an account that waited for its address to whoever chose a new password through the mailbox: who knew the old one is out, and
// what they called it and filled in goes too (H-125), unless it was the operator who made it.
func (f *Flow) handOver(ctx context.Context, tx *store.Tx, userID string, s signup) error {
	if err := tx.SetPassword(ctx, uuid.NewString(), userID, s.Hash, f.now()); err != nil {
		return err
	}
	if !s.Made {
		if err := tx.SetProfile(ctx, userID, "", s.Locale, f.now()); err != nil {
			return err
		}
		if err := tx.RemoveIdentifier(ctx, userID, store.KindUsername); err != nil {
			return err
		}
		if err := tx.RemoveUserFields(ctx, userID); err != nil {
			return err
		}
	}
	if err := keepFields(ctx, tx, userID, s.Fields); err != nil {
		return err
	}
	return endAll(ctx, tx, userID, "", store.PasswordReset, f.now())
}

// openVerification finds the link and reads what it carries. Wrong tokens count against the client (F-076).
func (f *Flow) openVerification(ctx context.Context, c Client, token string) (v verification, err error) {
	err = f.countingBadLinks(ctx, c, func() error {
		return f.Store.View(ctx, func(tx *store.Tx) error {
			v.ticket, err = ticket.Look(ctx, tx, ticket.Verify, token, f.now())
			return err
		})
	})
	if err == nil {
		err = ticket.Open(f.Keys, v.ticket, &v.signup)
	}
	// Where addresses may be confirmed later, the browser that signed up is signed in.
	own := c.Session != nil && v.signup.UserID != "" && c.Session.UserID == v.signup.UserID
	v.bound = err == nil && (own || ticket.Bound(v.ticket, c.Pending))
	return v, err
}

// countingBadLinks does what opens a link and counts against the client when the link was none.
func (f *Flow) countingBadLinks(ctx context.Context, c Client, open func() error) error {
	r, err := f.reserve(ctx, throttle.Key{Budget: throttle.TokenClient, ID: throttle.ClientID(c.Addr)})
	if err != nil {
		return err
	}
	err = open()
	if fault, ok := errors.AsType[*message.Fault](err); ok && (fault.Hint == "unknown" || fault.Hint == "malformed") {
		r.Spend()
	}
	r.Release()
	return err
}

// otherUser reports whether somebody is signed in here to whom the link does not belong. The browser that signed up may go on: it
// leaves the old account knowingly.
func otherUser(c Client, v verification) bool {
	return c.Session != nil && !v.bound && c.Session.UserID != v.signup.UserID
}

// chooseAnew drops all that the sign-up chose and takes a new password in its place. The site's own fields are asked for again: whoever made the
// sign-up may have agreed to something that the owner of the address never saw.
func (f *Flow) chooseAnew(ctx context.Context, s *signup, in VerifyInput) (err error) {
	answers, wrong := f.readFields(in.Fields, true)
	wrong = append(f.checkPassword("new_password", in.NewPassword, f.aboutAddress(*s)), wrong...)
	if len(wrong) > 0 {
		return invalid(wrong...)
	}
	*s = signup{Email: s.Email, Locale: s.Locale, UserID: s.UserID, Made: s.Made, Fields: f.filled(answers)}
	s.Hash, err = f.Hasher.Hash(ctx, in.NewPassword)
	return busy(err)
}

// proveSignUp checks the password that was chosen at sign-up. A wrong one does not use the link up.
func (f *Flow) proveSignUp(ctx context.Context, v verification, typed string) error {
	if typed == "" {
		return invalid(message.Field{Name: "password", Code: "required"})
	}
	hash, err := f.signUpHash(ctx, v.signup)
	if err != nil {
		return err
	}
	guess, err := f.reserve(ctx, throttle.Key{Budget: throttle.LoginIdentifier, ID: "sign-up " + v.ticket.ID})
	if err != nil {
		return err
	}
	defer guess.Spend()
	match, err := f.Hasher.Verify(ctx, hash, typed)
	if err != nil {
		guess.Release()
		return busy(err)
	}
	if !match.OK {
		return &message.Fault{
			Code: message.InvalidCredentials, Reason: "signup_password", Cause: "wrong_sign_up_password", Fields: edgeSpaces("password", typed),
		}
	}
	guess.Release()
	return nil
}

// signUpHash is the hash of the password that a link may ask for: of the sign-up, or of the account that exists already.
func (f *Flow) signUpHash(ctx context.Context, s signup) (hash string, err error) {
	if s.UserID == "" {
		return s.Hash, nil
	}
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		pw, err := tx.PasswordOf(ctx, s.UserID)
		hash = pw.Hash
		return err
	})
	return hash, err
}

// CancelSignUp throws a sign-up away: «this was not me». Where an account was made before its address was confirmed, the account goes too, for
// whoever has the mailbox decides over it until then. One that an operator made stays, and loses only this link.
func (f *Flow) CancelSignUp(ctx context.Context, c Client, token string) error {
	v, err := f.openVerification(ctx, c, token)
	if err != nil {
		return err
	}
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.lockAddress(ctx, tx, v.signup.Email); err != nil {
			return err
		}
		if err := tx.DeleteTicket(ctx, v.ticket.Kind, v.ticket.Hash); err != nil {
			return err
		}
		if v.signup.UserID == "" || v.signup.Made {
			return nil
		}
		return f.cancelAccount(ctx, tx, v.signup)
	})
	if errors.Is(err, store.ErrNotFound) {
		return &message.Fault{Code: message.LinkExpired, Hint: "used", Cause: "link_used"}
	}
	if err != nil {
		return err
	}
	// Others may have used up what mails this address gets. Its owner has just been here, and may want to sign up.
	f.Limits.Clear(throttle.Key{Budget: throttle.MailAddress, ID: v.signup.Email.Canonical})
	f.Sessions.Forget(v.signup.UserID)
	return nil
}

func (f *Flow) cancelAccount(ctx context.Context, tx *store.Tx, s signup) error {
	user, err := tx.UserByIdentifier(ctx, s.Email.Kind, s.Email.Canonical)
	if errors.Is(err, store.ErrNotFound) || err == nil && (user.ID != s.UserID || user.EmailVerified) {
		return nil // it has another address by now, or was confirmed
	}
	if err != nil {
		return err
	}
	if err := f.erase(ctx, tx, user); err != nil {
		return err
	}
	return f.event(ctx, tx, Client{}, "signup_canceled", user.ID) // without the address: it was not theirs
}
