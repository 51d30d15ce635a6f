package gatehouse

import (
	"context"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
)

// Outcome is what a journey came to. Which of its fields are set follows from the step; the others are zero.
type Outcome struct {
	Step         string  // one of the constants below
	User         User    // who is signed in by it
	Session      Session // the session that was made, or goes on
	Token        string  // of a session that was made or got a new token, which replaces the old one; 256 random bits, told once
	PendingToken string  // of a sign-up: shows later that the link is opened in the same browser
	DeviceToken  string  // makes this browser a known one of the account; see [Client]
	ReturnTo     string  // where the person wanted to go, checked: a path on this origin or an allowed URL; empty: nowhere in particular

	inner flow.Outcome
}

// The steps of an [Outcome].
const (
	SignedIn         = string(flow.StepSignedIn)         // there is a session
	VerificationSent = string(flow.StepVerificationSent) // if the address is new; its owner gets a mail in any case
	Created          = string(flow.StepCreated)          // signed up and signed in, the address not confirmed yet
	PasswordChanged  = string(flow.StepPasswordChanged)
	Sent             = string(flow.StepSent) // if the address can be used here, a mail is on its way
	Done             = string(flow.StepDone)
)

// do runs a journey for a client and says what it came to, or why it was refused.
func (s *Server) do(ctx context.Context, c Client, journey func(flow.Client) (flow.Outcome, error)) (Outcome, error) {
	inner, err := s.house.As(ctx, flow.Client{
		Addr: c.Addr, UserAgent: c.UserAgent, Locale: c.Language, Pending: c.PendingToken, Device: c.DeviceToken,
	}, c.Token)
	if err != nil {
		return Outcome{}, s.refusal(ctx, inner, err)
	}
	out, err := journey(inner)
	if err != nil {
		return Outcome{}, s.refusal(ctx, inner, err)
	}
	return outcomeOf(out), nil
}

func outcomeOf(out flow.Outcome) Outcome {
	o := Outcome{
		Step: string(out.Step), Token: out.Token, PendingToken: out.PendingToken, DeviceToken: out.DeviceToken, ReturnTo: out.ReturnTo, inner: out,
	}
	if out.User != nil {
		o.User = userOf(*out.User)
	}
	if out.Session != nil {
		o.Session = sessionOf(out.Session, out.Session.ID)
	}
	return o
}

// SignUp is what a sign-up asks for.
type SignUp struct {
	Email    string // required where [Config.Identifiers] has "email"
	Username string // where Identifiers has "username"; required where it has nothing else
	Password string
	Name     string // may be empty; at most 100 characters
	// Fields are what [Config.SignupFields] asks for, by name: a text, the value of an option, and of a consent the version that was shown, or
	// "true" for the one that holds now.
	Fields   map[string]string
	ReturnTo string // may be empty; see [Outcome]
}

// SignUp registers somebody. Where addresses must be confirmed, the outcome is [VerificationSent] for a new and for a taken address alike,
// and the account is made by [Server.Verify]; keep the PendingToken for it. Elsewhere the outcome is [Created], with a session, and an
// address that somebody has is refused with "conflict". Other refusals: "invalid_fields", "signup_closed", "rate_limited", "overloaded".
func (s *Server) SignUp(ctx context.Context, c Client, in SignUp) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().SignUp(ctx, c, flow.SignUpInput(in)) })
}

// Verify is what confirming an address asks for.
type Verify struct {
	Token string // of the mailed link
	// One of the two is needed where the client has not the PendingToken of the sign-up: the password that was chosen there, or a new one,
	// which drops all that was chosen there.
	Password, NewPassword string
	Fields                map[string]string // as in [SignUp]; asked for with NewPassword
}

// Verify confirms the address of a sign-up by the token of the mailed link, and signs its owner in. Refusals: "link_expired", which has a
// hint; "invalid_fields", with password required, elsewhere than where the sign-up was; "invalid_credentials" for a wrong one; "conflict"
// where somebody else is signed in, or the address was taken meanwhile. None but the first uses the link up.
func (s *Server) Verify(ctx context.Context, c Client, in Verify) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().Verify(ctx, c, flow.VerifyInput(in)) })
}

// ResendVerification mails the link again to an address that waits to be confirmed. The outcome is [Sent] for every address.
func (s *Server) ResendVerification(ctx context.Context, c Client, email string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().ResendVerification(ctx, c, email) })
}

// CancelSignUp throws a sign-up away by the token of its link: «this was not me». A link that does not work is "link_expired".
func (s *Server) CancelSignUp(ctx context.Context, c Client, token string) error {
	return s.only(ctx, c, func(c flow.Client) error { return s.house.Flow().CancelSignUp(ctx, c, token) })
}

// Login is what a log-in asks for.
type Login struct {
	Identifier string // address or username, as [Config.Identifiers] says
	Password   string
	Remember   bool   // stay signed in when the browser is closed, as long as [Config.RememberIdle] says
	ReturnTo   string // may be empty; see [Outcome]
}

// Login lets somebody in who knows a password. A session that the client had before ends. Wrong password, unknown address and unconfirmed
// address are one refusal, "invalid_credentials", and take the same time. "account_disabled" comes only after the right password;
// "rate_limited" after too many wrong ones; "overloaded" when more passwords wait to be checked than the machine can do.
func (s *Server) Login(ctx context.Context, c Client, in Login) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().Login(ctx, c, flow.LoginInput(in)) })
}

// Logout ends the client's session; no error when there is none.
func (s *Server) Logout(ctx context.Context, c Client) error {
	return s.only(ctx, c, func(c flow.Client) error { return s.house.Flow().Logout(ctx, c) })
}

// ForgotPassword mails a link to set a new password, if the address is an account's. The outcome is [Sent] for every address.
func (s *Server) ForgotPassword(ctx context.Context, c Client, email, returnTo string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().Forgot(ctx, c, email, returnTo) })
}

// ResetPassword sets a new password by the token of the mailed link. It signs nobody in and ends every session of the account. A password
// that is refused ("invalid_fields") does not use the link up.
func (s *Server) ResetPassword(ctx context.Context, c Client, token, password string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) {
		return s.house.Flow().Reset(ctx, c, flow.ResetInput{Token: token, Password: password})
	})
}

// ChangePassword replaces the password of who is signed in and knows the old one. All other sessions end; this one gets a new token. A wrong
// one is "invalid_fields", current_password incorrect: while signed in, "unauthenticated" means only «no longer signed in».
func (s *Server) ChangePassword(ctx context.Context, c Client, current, password string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) {
		return s.house.Flow().ChangePassword(ctx, c, current, password)
	})
}

// Reauthenticate makes the session fresh by the password, for acts that are refused with "reauthentication_required". It gets a new token.
func (s *Server) Reauthenticate(ctx context.Context, c Client, password string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().Reauthenticate(ctx, c, password) })
}

// Profile is what a person may change of themselves; nil leaves it as it is.
type Profile struct {
	Name   *string // at most 100 characters; empty: none
	Locale *string // BCP 47 tag; empty: as the browser asks for
	// Fields are those that change, as in [SignUp]. An empty one is forgotten, if it is not required; of a consent it withdraws it.
	Fields map[string]string
}

// UpdateProfile changes name, language and what was filled in at sign-up. The outcome has the user as they are now.
func (s *Server) UpdateProfile(ctx context.Context, c Client, in Profile) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) {
		return s.house.Flow().UpdateProfile(ctx, c, flow.ProfileInput(in))
	})
}

// ChangeEmail mails a link to the new address; the account keeps the old one until it is opened. The outcome is [Sent], also for an address
// that somebody has. It needs a fresh session.
func (s *Server) ChangeEmail(ctx context.Context, c Client, email string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().ChangeEmail(ctx, c, email) })
}

// CancelEmailChange forgets the wish for another address.
func (s *Server) CancelEmailChange(ctx context.Context, c Client) error {
	return s.only(ctx, c, func(c flow.Client) error { return s.house.Flow().CancelEmailChange(ctx, c) })
}

// ConfirmEmail gives the account its new address by the token of the mailed link, in a session of the account; in another one it is
// "forbidden".
func (s *Server) ConfirmEmail(ctx context.Context, c Client, token string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().ConfirmEmail(ctx, c, token) })
}

// Sessions lists where the person is signed in, the last used first.
func (s *Server) Sessions(ctx context.Context, c Client) (all []Session, err error) {
	err = s.only(ctx, c, func(c flow.Client) error {
		live, err := s.house.Flow().Devices(ctx, c)
		for _, one := range live {
			all = append(all, sessionOf(one, c.Session.ID))
		}
		return err
	})
	return all, err
}

// EndSession ends one of the person's own sessions, by [Session.ID]. Any other id is "not_found".
func (s *Server) EndSession(ctx context.Context, c Client, id string) error {
	return s.only(ctx, c, func(c flow.Client) error { return s.house.Flow().EndDevice(ctx, c, id) })
}

// EndOtherSessions ends all of them but this one.
func (s *Server) EndOtherSessions(ctx context.Context, c Client) error {
	return s.only(ctx, c, func(c flow.Client) error { return s.house.Flow().EndOtherDevices(ctx, c) })
}

// DeleteAccount removes the person's account and all that is kept about them. It needs a fresh session.
func (s *Server) DeleteAccount(ctx context.Context, c Client) error {
	return s.only(ctx, c, func(c flow.Client) error { return s.house.Flow().DeleteAccount(ctx, c) })
}

// only runs a journey that comes to nothing but done or refused.
func (s *Server) only(ctx context.Context, c Client, journey func(flow.Client) error) error {
	_, err := s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return flow.Outcome{}, journey(c) })
	return err
}
