package shape

import (
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// User is a person's account as its owner sees it.
type User struct {
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

// UserOf is a user with the first permissions.
func UserOf(u *store.User) User {
	listed := u.Permissions[:min(len(u.Permissions), maxPermissions)]
	return User{
		ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, Username: u.Username, Name: u.Name, Locale: u.Locale,
		Roles: orEmpty(u.Roles), Permissions: orEmpty(listed), Truncated: len(listed) < len(u.Permissions), CreatedAt: u.CreatedAt,
	}
}

// Session is one log-in on one device.
type Session struct {
	ID            string    `json:"id" doc:"stays when the session gets a new token"`
	CreatedAt     time.Time `json:"created_at"`
	LastSeenAt    time.Time `json:"last_seen_at"`
	ExpiresAt     time.Time `json:"expires_at" doc:"when it ends in any case"`
	IdleExpiresAt time.Time `json:"idle_expires_at" doc:"when it ends if it is not used again"`
	Methods       []string  `json:"methods" doc:"the proofs that were given"`
	Assurance     string    `json:"assurance" doc:"level of NIST SP 800-63B"`
	FreshUntil    time.Time `json:"fresh_until" doc:"until then, calls that need a fresh session work without POST /reauthenticate"`
	Device        Device    `json:"device"`
	Current       bool      `json:"current" doc:"true: the session of this request"`
	Token         string    `json:"token,omitempty" doc:"for Authorization: Bearer, only where it is new and only for clients that use bearer tokens; told once"`
}

// Device is where a session was made.
type Device struct {
	Label   string `json:"label" doc:"as «Firefox (Linux)»; may be empty"`
	Address string `json:"address" doc:"IP address"`
}

// SessionOf is a session without its token.
func SessionOf(s *session.Session, current bool) Session {
	return Session{
		ID: s.ID, CreatedAt: s.CreatedAt, LastSeenAt: s.SeenAt, ExpiresAt: s.EndAt, IdleExpiresAt: s.IdleExpiresAt(),
		Methods: orEmpty(s.Methods), Assurance: s.Assurance(), FreshUntil: s.FreshUntil,
		Device: Device{s.DeviceLabel, s.DeviceAddr}, Current: current,
	}
}

// SessionsOf lists sessions; current is the id of the one that asks.
func SessionsOf(all []*session.Session, current string) []Session {
	list := make([]Session, len(all))
	for i, s := range all {
		list[i] = SessionOf(s, s.ID == current)
	}
	return list
}

// orEmpty is [] where Go has nil, which would be null.
func orEmpty(words []string) []string { return append([]string{}, words...) }
