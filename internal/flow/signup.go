package flow

import (
	"context"
	"errors"
	"slices"

	"github.com/gatehouse-auth/gatehouse/internal/account"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
	"github.com/google/uuid"
)

// SignUpInput is what a sign-up asks for.
type SignUpInput struct {
	Email    string
	Username string
	Password string
	Name     string
	Fields   map[string]string // the site's own; see readFields
	ReturnTo string
}

// signup is a sign-up that was checked and waits for its address to be confirmed. It is kept sealed.
type signup struct {
	Email    store.Identifier
	Username store.Identifier // zero: none
	Hash     string
	Name     string
	Locale   string
	Fields   []store.UserField
	ReturnTo string
	Browser  []byte // hash of the pending token
	UserID   string // not empty: the account exists already and only its address waits
	Made     bool   // that account is an operator's work, not a stranger's
}

// SignUp registers somebody. Where addresses must be confirmed, it answers the same for a new and for a taken address: the
// account is made when the link is opened. Otherwise it makes the account at once.
func (f *Flow) SignUp(ctx context.Context, c Client, in SignUpInput) (Outcome, error) {
	place, err := f.reserve(ctx, throttle.Key{Budget: throttle.SignupClient, ID: throttle.ClientID(c.Addr)})
	if err != nil {
		return Outcome{}, err
	}
	s, err := f.readSignUp(ctx, c, in)
	if err != nil && !tellsTaken(err) {
		place.Release() // who looks for a password that is good enough has not signed up yet
	}
	place.Spend()
	if err != nil {
		return Outcome{}, err
	}
	if s.Hash, err = f.Hasher.Hash(ctx, in.Password); err != nil {
		return Outcome{}, busy(err)
	}
	if !f.mustVerify() || s.Email.Canonical == "" {
		return f.createNow(ctx, c, s)
	}
	pending := ticket.NewToken() // always a new one: a planted cookie must bind nothing
	s.Browser = ticket.Hash(pending)
	err = f.Store.Update(ctx, func(tx *store.Tx) error { return f.enqueue(ctx, tx, jobSignUp, s) })
	if err != nil {
		return Outcome{}, err
	}
	f.Mail.Wake()
	return Outcome{Step: StepVerificationSent, PendingToken: pending, ReturnTo: s.ReturnTo, Suggestion: account.SuggestEmail(s.Email.AsTyped)}, nil
}

// readSignUp checks everything that was typed and reports all that is wrong with it at once.
func (f *Flow) readSignUp(ctx context.Context, c Client, in SignUpInput) (signup, error) {
	s := signup{Locale: c.Locale, ReturnTo: f.ReturnTo(in.ReturnTo)}
	var wrong []message.Field
	add := func(field string, err error) {
		if err != nil {
			wrong = append(wrong, badField(field, err))
		}
	}
	var err error
	wantsEmail, wantsUsername := slices.Contains(f.Config.Identifiers, store.KindEmail), slices.Contains(f.Config.Identifiers, store.KindUsername)
	switch {
	case wantsEmail || in.Email != "":
		s.Email, err = account.ParseEmail(in.Email)
		add("email", err)
	}
	switch {
	case wantsUsername && (in.Username != "" || !wantsEmail):
		s.Username, err = account.ParseUsername(in.Username)
		add("username", err)
	case in.Username != "":
		add("username", account.Invalid("not_allowed"))
	}
	s.Name, err = account.CleanName(in.Name)
	add("name", err)
	wrong = append(wrong, f.checkPassword("password", in.Password, f.aboutTyped(in.Email, in.Username, in.Name))...)
	answers, bad := f.readFields(in.Fields, true)
	s.Fields, wrong = f.filled(answers), append(wrong, bad...)
	if err := f.admits(s.Email); err != nil {
		return s, err
	}
	if s.Username.Canonical != "" {
		taken, err := f.identifierTaken(ctx, s.Username)
		if err != nil {
			return s, err
		}
		if taken { // a public handle: that it is taken may be said
			wrong = append(wrong, message.Field{Name: "username", Code: "username_taken"})
		}
	}
	if len(wrong) > 0 {
		return s, invalid(wrong...)
	}
	return s, nil
}

// tellsTaken reports whether a refusal tells something about an account, so that it must count.
func tellsTaken(err error) bool {
	fault, ok := errors.AsType[*message.Fault](err)
	return ok && slices.ContainsFunc(fault.Fields, func(w message.Field) bool { return w.Code == "username_taken" })
}

// admits applies the site's rule on who may sign up.
func (f *Flow) admits(email store.Identifier) error {
	if slices.Equal(f.Config.Signup, []string{"closed"}) {
		return refuse(message.SignupClosed, "signup_closed")
	}
	if !f.takesDomain(email) {
		fault := refuse(message.SignupClosed, "signup_domain_not_allowed")
		fault.Args = map[string]any{"domain": account.DomainOf(email.Canonical)}
		return fault
	}
	return nil
}

// takesDomain reports whether an account may have the address. Where the rule lists domains, it must be in one of them, also later: else one
// address inside would be the way to any outside (I-154).
func (f *Flow) takesDomain(email store.Identifier) bool {
	rule := f.Config.Signup
	listed := !slices.Equal(rule, []string{"open"}) && !slices.Equal(rule, []string{"closed"})
	return !listed || email.Canonical == "" || slices.Contains(rule, account.DomainOf(email.Canonical))
}

func (f *Flow) identifierTaken(ctx context.Context, id store.Identifier) (taken bool, err error) {
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		_, err := tx.UserByIdentifier(ctx, id.Kind, id.Canonical)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		taken = err == nil
		return err
	})
	return taken, err
}

// createNow makes the account and logs it in: for sites that do not ask for a confirmed address. There, by the operator's choice, a
// taken address is told (409).
func (f *Flow) createNow(ctx context.Context, c Client, s signup) (Outcome, error) {
	userID := uuid.NewString()
	out, err := f.enter(ctx, c, userID, []string{"password"}, false, func(tx *store.Tx) error {
		if err := f.createAccount(ctx, tx, userID, s, false); err != nil {
			return err
		}
		if err := f.dropSignUps(ctx, tx, s.Email); err != nil {
			return err
		}
		if err := f.event(ctx, tx, c, "signup", userID); err != nil {
			return err
		}
		if s.Email.Canonical == "" || f.Config.EmailVerification == "off" {
			return nil
		}
		// Without the hash: the account has it, and a link that carried it would set it again.
		waiting := signup{Email: s.Email, Name: s.Name, Locale: s.Locale, ReturnTo: s.ReturnTo, UserID: userID}
		return f.enqueue(ctx, tx, jobSignUp, waiting)
	})
	if errors.Is(err, store.ErrConflict) {
		return Outcome{}, f.taken(ctx, s)
	}
	if err != nil {
		return Outcome{}, err
	}
	f.Mail.Wake()
	out.Step, out.ReturnTo = StepCreated, s.ReturnTo
	return out, nil
}

// taken is the refusal of an account whose address or username somebody has. Only for who may know: the operator, and where the operator chose
// that everybody may.
func (f *Flow) taken(ctx context.Context, s signup) error {
	fault := &message.Fault{Code: message.Conflict, Hint: "taken", Cause: "identifier_taken"}
	for _, id := range []store.Identifier{s.Email, s.Username} {
		switch taken, err := f.identifierTaken(ctx, id); {
		case err != nil:
			return err
		case taken:
			fault.Fields = append(fault.Fields, message.Field{Name: id.Kind, Code: id.Kind + "_taken"})
		}
	}
	return fault
}

// createAccount writes the account that a sign-up asked for. store.ErrConflict when the address is somebody's already.
func (f *Flow) createAccount(ctx context.Context, tx *store.Tx, userID string, s signup, verified bool) error {
	now := f.now()
	var ids []store.Identifier
	if s.Email.Canonical != "" {
		if verified {
			s.Email.VerifiedAt = now
		}
		ids = append(ids, s.Email)
	}
	if s.Username.Canonical != "" {
		ids = append(ids, s.Username)
	}
	u := store.User{ID: userID, State: store.StateActive, Name: s.Name, Locale: s.Locale}
	if err := tx.CreateUser(ctx, u, now, ids...); err != nil {
		return err
	}
	if err := keepFields(ctx, tx, userID, s.Fields); err != nil || s.Hash == "" {
		return err
	}
	return tx.SetPassword(ctx, uuid.NewString(), userID, s.Hash, now)
}

// ResendVerification mails the link again to an address that waits to be confirmed; for any other address nothing happens.
func (f *Flow) ResendVerification(ctx context.Context, c Client, email string) (Outcome, error) {
	return f.requestMail(ctx, c, jobResend, email, "")
}

// requestMail is what every «send me a mail» does for every address: one sealed row, decided later.
func (f *Flow) requestMail(ctx context.Context, c Client, job, email, returnTo string) (Outcome, error) {
	id, err := account.ParseEmail(email)
	if err != nil {
		return Outcome{}, invalid(badField("email", err))
	}
	if err := f.spend(ctx, throttle.Key{Budget: throttle.MailClient, ID: throttle.ClientID(c.Addr)}); err != nil {
		return Outcome{}, err
	}
	request := mailRequest{Email: id, Locale: c.Locale, ReturnTo: f.ReturnTo(returnTo), Device: deviceLabel(c), At: f.now()}
	if err := f.Store.Update(ctx, func(tx *store.Tx) error { return f.enqueue(ctx, tx, job, request) }); err != nil {
		return Outcome{}, err
	}
	f.Mail.Wake()
	return Outcome{Step: StepSent, Suggestion: account.SuggestEmail(id.AsTyped)}, nil
}
