package api

import (
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	sessions "github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// user is a person's account as its owner sees it.
type user struct {
	ID            string    `json:"id"`
	Email         string    `json:"email" doc:"empty where accounts need no address"`
	EmailVerified bool      `json:"email_verified"`
	Username      string    `json:"username,omitempty"`
	Name          string    `json:"name"`
	Locale        string    `json:"locale" doc:"BCP 47; empty: not chosen"`
	Roles         []string  `json:"roles"`
	Permissions   []string  `json:"permissions" doc:"of all roles, the first 200"`
	Truncated     bool      `json:"permissions_truncated,omitempty" doc:"true: there are more permissions than are listed"`
	CreatedAt     time.Time `json:"created_at"`
}

// maxPermissions keeps an answer small that is asked for all the time.
const maxPermissions = 200

func userOf(u *store.User) user {
	listed := u.Permissions[:min(len(u.Permissions), maxPermissions)]
	return user{
		ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, Username: u.Username, Name: u.Name, Locale: u.Locale,
		Roles: u.Roles, Permissions: listed, Truncated: len(listed) < len(u.Permissions), CreatedAt: u.CreatedAt,
	}
}

// session is one log-in on one device.
type session struct {
	ID            string    `json:"id" doc:"stays when the session gets a new token"`
	CreatedAt     time.Time `json:"created_at"`
	LastSeenAt    time.Time `json:"last_seen_at"`
	ExpiresAt     time.Time `json:"expires_at" doc:"when it ends in any case"`
	IdleExpiresAt time.Time `json:"idle_expires_at" doc:"when it ends if it is not used again"`
	Methods       []string  `json:"methods" doc:"the proofs that were given"`
	Assurance     string    `json:"assurance" doc:"level of NIST SP 800-63B"`
	FreshUntil    time.Time `json:"fresh_until" doc:"until then, calls that need a fresh session work without POST /reauthenticate"`
	Device        device    `json:"device"`
	Current       bool      `json:"current" doc:"true: the session of this request"`
	Token         string    `json:"token,omitempty" doc:"for Authorization: Bearer, only where it is new and only for clients that use bearer tokens; told once"`
}

// device is where a session was made.
type device struct {
	Label   string `json:"label" doc:"as «Firefox on Linux»; may be empty"`
	Address string `json:"address" doc:"IP address"`
}

func sessionOf(s *sessions.Session, current bool) session {
	return session{
		ID: s.ID, CreatedAt: s.CreatedAt, LastSeenAt: s.SeenAt, ExpiresAt: s.EndAt, IdleExpiresAt: s.IdleExpiresAt(),
		Methods: s.Methods, Assurance: s.Assurance(), FreshUntil: s.FreshUntil,
		Device: device{s.DeviceLabel, s.DeviceAddr}, Current: current,
	}
}

// signedIn says who is signed in, and by which session.
type signedIn struct {
	User     user    `json:"user"`
	Session  session `json:"session"`
	ReturnTo string  `json:"return_to,omitempty" doc:"the return_to that was asked for, if it is safe to go there"`
}

// rotated is a session that got a new token.
type rotated struct {
	Session session `json:"session"`
}

// issued hands the client the session that an outcome made or gave a new token: by cookie, or in what is returned.
func (c *call) issued(out flow.Outcome, transport string) session {
	native := c.native(transport)
	c.v.Keep(c.w, out, native)
	s := sessionOf(out.Session, true)
	if native {
		s.Token = out.Token
	}
	return s
}

func (c *call) enters(out flow.Outcome, transport string) signedIn {
	return signedIn{User: userOf(out.User), Session: c.issued(out, transport), ReturnTo: out.ReturnTo}
}

// sent says that whatever there is to be mailed is on its way; whether there is anything, it does not say.
type sent struct {
	Status string `json:"status" one:"sent"`
}

func wasSent(_ flow.Outcome, err error) (sent, error) { return sent{string(flow.StepSent)}, err }

// tokenBody is the token of a link in a mail.
type tokenBody struct {
	Token string `json:"token" req:"true" doc:"of the link in the mail"`
}

type emailBody struct {
	Email string `json:"email" req:"true"`
}
