package api

import (
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/shape"
)

// signedIn says who is signed in, and by which session.
type signedIn struct {
	User     shape.User    `json:"user"`
	Session  shape.Session `json:"session"`
	ReturnTo string        `json:"return_to,omitempty" doc:"the return_to that was asked for, if it is safe to go there"`
}

// rotated is a session that got a new token.
type rotated struct {
	Session shape.Session `json:"session"`
}

// issued hands the client the session that an outcome made or gave a new token: by cookie, or in what is returned.
func (c *call) issued(out flow.Outcome, transport string) shape.Session {
	native := c.native(transport)
	c.v.Keep(c.w, out, native)
	s := shape.SessionOf(out.Session, true)
	if native {
		s.Token = out.Token
	}
	return s
}

func (c *call) enters(out flow.Outcome, transport string) signedIn {
	return signedIn{User: shape.UserOf(out.User), Session: c.issued(out, transport), ReturnTo: out.ReturnTo}
}

// sent says that whatever there is to be mailed is on its way; whether there is anything, it does not say.
type sent struct {
	Status     string `json:"status" one:"sent"`
	Suggestion string `json:"suggestion,omitempty" doc:"the address that may have been meant, if the domain looks mistyped: to be asked, never taken"`
	SentTo     string `json:"sent_to,omitempty" doc:"masked; only for a browser that the account knows: the mail is really on its way there"`
}

func wasSent(out flow.Outcome, err error) (sent, error) {
	return sent{string(flow.StepSent), out.Suggestion, out.SentTo}, err
}

// tokenBody is the token of a link in a mail.
type tokenBody struct {
	Token string `json:"token" req:"true" doc:"of the link in the mail"`
}

type emailBody struct {
	Email string `json:"email" req:"true"`
}
