package gatehouse

import (
	"context"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
)

// Outcome is what a journey came to.
type Outcome struct {
	Step         string  // see the constants
	User         User    // zero if nobody is signed in by it
	Session      Session // zero if there is none
	Token        string  // of a session that was made or got a new token; 256 random bits
	PendingToken string
	DeviceToken  string
	ReturnTo     string // where the person wanted to go, checked; empty: nowhere in particular

	inner flow.Outcome
}

// The steps of an [Outcome].
const (
	SignedIn         = string(flow.StepSignedIn)
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
		return Outcome{}, s.refusal(inner, err)
	}
	out, err := journey(inner)
	if err != nil {
		return Outcome{}, s.refusal(inner, err)
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
type SignUp struct{ Email, Username, Password, Name, ReturnTo string }

// SignUp registers somebody. Where addresses must be confirmed, the outcome is [VerificationSent] for a new and for a taken address alike.
func (s *Server) SignUp(ctx context.Context, c Client, in SignUp) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().SignUp(ctx, c, flow.SignUpInput(in)) })
}

// Verify is what confirming an address asks for. Password or NewPassword count only outside the browser that signed up.
type Verify struct{ Token, Password, NewPassword string }

// Verify confirms the address of a sign-up by the token of the mailed link, and signs its owner in.
func (s *Server) Verify(ctx context.Context, c Client, in Verify) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().Verify(ctx, c, flow.VerifyInput(in)) })
}

// ResendVerification mails the link again to an address that waits to be confirmed. The outcome is [Sent] for every address.
func (s *Server) ResendVerification(ctx context.Context, c Client, email string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().ResendVerification(ctx, c, email) })
}

// CancelSignUp throws a sign-up away by the token of its link: «this was not me».
func (s *Server) CancelSignUp(ctx context.Context, c Client, token string) error {
	return s.only(ctx, c, func(c flow.Client) error { return s.house.Flow().CancelSignUp(ctx, c, token) })
}

// Login is what a log-in asks for. Identifier is an address or a username.
type Login struct {
	Identifier, Password string
	Remember             bool
	ReturnTo             string
}

// Login lets somebody in who knows a password.
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

// ResetPassword sets a new password by the token of the mailed link. It signs nobody in and ends every session of the account.
func (s *Server) ResetPassword(ctx context.Context, c Client, token, password string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) {
		return s.house.Flow().Reset(ctx, c, flow.ResetInput{Token: token, Password: password})
	})
}

// ChangePassword replaces the password of who is signed in and knows the old one. All other sessions end; this one gets a new token.
func (s *Server) ChangePassword(ctx context.Context, c Client, current, password string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) {
		return s.house.Flow().ChangePassword(ctx, c, current, password)
	})
}

// Reauthenticate makes the session fresh by the password, for acts that are refused with reauthentication_required. It gets a new token.
func (s *Server) Reauthenticate(ctx context.Context, c Client, password string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().Reauthenticate(ctx, c, password) })
}

// Profile is what a person may change of themselves; nil leaves it as it is.
type Profile struct{ Name, Locale *string }

// UpdateProfile changes name and language.
func (s *Server) UpdateProfile(ctx context.Context, c Client, in Profile) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) {
		return s.house.Flow().UpdateProfile(ctx, c, flow.ProfileInput(in))
	})
}

// ChangeEmail mails a link to the new address; the account keeps the old one until it is opened. It needs a fresh session.
func (s *Server) ChangeEmail(ctx context.Context, c Client, email string) (Outcome, error) {
	return s.do(ctx, c, func(c flow.Client) (flow.Outcome, error) { return s.house.Flow().ChangeEmail(ctx, c, email) })
}

// CancelEmailChange forgets the wish for another address.
func (s *Server) CancelEmailChange(ctx context.Context, c Client) error {
	return s.only(ctx, c, func(c flow.Client) error { return s.house.Flow().CancelEmailChange(ctx, c) })
}

// ConfirmEmail gives the account its new address by the token of the mailed link, in a session of the account.
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

// EndSession ends one of the person's own sessions.
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
