package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/google/uuid"
)

// Session is a login that was found good, with its user. It is shared between requests: read only.
type Session struct {
	store.Session
	User *store.User
	// FreshUntil is when acts that ask for a fresh proof will ask for it again.
	FreshUntil time.Time
}

// IdleExpiresAt is when the session ends if it is not used again.
func (s *Session) IdleExpiresAt() time.Time { return earlier(s.SeenAt.Add(s.Idle), s.EndAt) }

// Assurance is the NIST 800-63B level that the proofs amount to: one factor is aal1.
func (s *Session) Assurance() string { return "aal1" }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Lifetimes says how long sessions live. The Remember pair is for «stay signed in».
type Lifetimes struct {
	Idle, Absolute                 time.Duration
	RememberIdle, RememberAbsolute time.Duration
	Fresh                          time.Duration
}

// MaxPerUser is how many sessions a user may have; at the next one the one that was not used for longest ends.
const MaxPerUser = 100

// Device is what a session remembers of where it was made.
type Device struct {
	Label string // «Firefox (Linux)»
	Addr  string
}

const tokenBytes = 32

// tokenCode is strict: without that the last character has spellings that mean the same bytes, and a token that was tampered with would still
// be hashed and looked up.
var tokenCode = base64.RawURLEncoding.Strict()

// newToken is 256 random bits as 43 characters, and the hash of it that is stored.
func newToken() (token string, hash []byte) {
	b := make([]byte, tokenBytes)
	rand.Read(b) // it never fails since Go 1.24
	token = tokenCode.EncodeToString(b)
	sum := sha256.Sum256([]byte(token))
	return token, sum[:]
}

// wellFormed keeps junk away from the store. The decoder skips line ends wherever they are, so the length of what it gives counts too.
func wellFormed(token string) bool {
	if len(token) != tokenCode.EncodedLen(tokenBytes) {
		return false
	}
	var b [tokenBytes]byte
	text := textOf(token)
	n, err := tokenCode.Decode(b[:], text[:])
	return err == nil && n == tokenBytes
}

// textOf copies a token of the right length to where it costs no allocation.
func textOf(token string) (text [43]byte) {
	copy(text[:], token)
	return text
}

// New makes a session that began now with the given proofs, and its token. It is good once it is stored.
func (m *Manager) New(userID string, methods []string, remember bool, d Device) (token string, s store.Session) {
	now := m.now()
	idle, absolute := m.life.Idle, m.life.Absolute
	if remember {
		idle, absolute = m.life.RememberIdle, m.life.RememberAbsolute
	}
	token, hash := newToken()
	return token, store.Session{
		Hash: hash, ID: uuid.NewString(), UserID: userID, CreatedAt: now, SeenAt: now, Idle: idle, EndAt: now.Add(absolute),
		AuthAt: now, Methods: methods, Remember: remember, DeviceLabel: d.Label, DeviceAddr: d.Addr,
	}
}

// Rotate makes the same session with another token, fresh from now on: privilege rises, so a token that was seen before must
// not be the one that has it. It is good once store.Tx.RotateSession has stored it.
func (m *Manager) Rotate(s *Session) (token string, next store.Session) {
	next = s.Session
	token, next.Hash = newToken()
	next.SeenAt, next.AuthAt = m.now(), m.now()
	return token, next
}

// With joins a session and its user into what the rest of the house works with.
func (m *Manager) With(s store.Session, u store.User) *Session {
	return &Session{Session: s, User: &u, FreshUntil: s.AuthAt.Add(m.life.Fresh)}
}

// Fresh reports whether the last proof is young enough for acts that ask for it. A proof from the future is none: the clock was set back,
// and nobody can tell how old it is (N-224).
func (m *Manager) Fresh(s *Session) bool {
	const skew = time.Minute // between the clocks of two nodes
	now := m.now()
	return now.Before(s.FreshUntil) && !s.AuthAt.After(now.Add(skew))
}

// causes are the words of the record for some ends; for the others it is «session_» and the end.
var causes = map[store.End]string{
	store.Expired:         "session_absolute_limit",
	store.Idle:            "session_idle_limit",
	store.AccountDisabled: "account_disabled",
}

// overSince is told to whoever shows the token of a session that is over.
func overSince(e store.EndedSession) *message.Fault {
	fault := &message.Fault{Code: message.Unauthenticated, Cause: causes[e.Why], Args: map[string]any{"ended_at": e.At, "lasted": e.Lasted}}
	if fault.Cause == "" {
		fault.Cause = "session_" + string(e.Why)
	}
	if slices.Contains(message.Hints[message.Unauthenticated], string(e.Why)) { // else a word of a newer version
		fault.Hint = string(e.Why)
	}
	return fault
}

// ended says of a session that is still in the store why it is over.
func ended(s *store.Session, why store.End) store.EndedSession {
	e := store.EndedSession{Why: why}
	switch why {
	case store.Idle:
		e.Lasted = s.Idle
	case store.Expired:
		e.Lasted = s.EndAt.Sub(s.CreatedAt)
	}
	return e
}

// good says why a session may not be used at the moment; empty: it may. Judged here, at every use, never by the sweeper.
func good(s *store.Session, u *store.User, seen, now time.Time) (why store.End) {
	switch {
	case u.State != store.StateActive:
		return store.AccountDisabled
	case !now.Before(s.EndAt):
		return store.Expired
	case !now.Before(seen.Add(s.Idle)):
		return store.Idle
	}
	return ""
}
