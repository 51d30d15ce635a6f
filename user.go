package gatehouse

import (
	"slices"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// User is a person's account as it was when it was read.
type User struct {
	ID            string // UUID
	Email         string // as typed; empty if there is none
	EmailVerified bool
	Username      string // empty if there is none
	Name          string
	Locale        string   // BCP 47 tag, or empty
	Roles         []string // sorted
	Permissions   []string // of all roles, sorted
	CreatedAt     time.Time
}

// Has reports whether one of the user's roles has a permission, such as "articles.edit".
func (u User) Has(permission string) bool {
	_, found := slices.BinarySearch(u.Permissions, permission)
	return found
}

// In reports whether the user has a role.
func (u User) In(role string) bool { return slices.Contains(u.Roles, role) }

func userOf(u store.User) User {
	return User{
		ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, Username: u.Username, Name: u.Name, Locale: u.Locale,
		Roles: slices.Clone(u.Roles), Permissions: slices.Clone(u.Permissions), CreatedAt: u.CreatedAt,
	}
}

// Session is a log-in on one device. The token is not in it.
type Session struct {
	ID            string // UUID; stays when the session gets a new token
	CreatedAt     time.Time
	LastSeenAt    time.Time
	ExpiresAt     time.Time // in any case
	IdleExpiresAt time.Time // if it is not used again
	FreshUntil    time.Time // until then, acts that need a fresh proof do not ask again
	Methods       []string  // what was proven: "password"
	Assurance     string    // level of NIST SP 800-63B: "aal1"
	Device        string    // «Firefox (Linux)»; may be empty
	Address       string    // IP address that it was made from
	Current       bool      // the one that asked
}

func sessionOf(s *session.Session, current string) Session {
	return Session{
		ID: s.ID, CreatedAt: s.CreatedAt, LastSeenAt: s.SeenAt, ExpiresAt: s.EndAt, IdleExpiresAt: s.IdleExpiresAt(), FreshUntil: s.FreshUntil,
		Methods: slices.Clone(s.Methods), Assurance: s.Assurance(), Device: s.DeviceLabel, Address: s.DeviceAddr, Current: s.ID == current,
	}
}
