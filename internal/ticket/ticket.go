package ticket

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// Kind is what a ticket is good for.
type Kind string

// The kinds of ticket.
const (
	Verify      Kind = "verify"       // confirms the address of a sign-up
	Reset       Kind = "reset"        // sets a new password
	EmailChange Kind = "email_change" // confirms a new address of an account
)

// Kinds lists them all, for tests that try each where another belongs.
var Kinds = []Kind{Verify, Reset, EmailChange}

// tokenBytes is the length of a token before encoding: 256 bits.
const tokenBytes = 32

// NewToken is 256 random bits in 43 characters.
func NewToken() string {
	b := make([]byte, tokenBytes)
	rand.Read(b) // it never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b)
}

// Hash is what is stored of a token. A fast hash does: there is nothing to guess in 256 random bits.
func Hash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// WellFormed reports whether s could be a token: the right length and alphabet, with no spare bits set.
func WellFormed(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == tokenBytes && len(s) == base64.RawURLEncoding.EncodedLen(tokenBytes)
}

// LinkToken is the token of a ticket whose link may have to be mailed again: it is computed from the ticket's id with the secret
// key, so that every mail carries the same link and none has to be stored. Whoever has only the database can't compute it.
func LinkToken(keys *seal.Keys, kind Kind, id string) string {
	return base64.RawURLEncoding.EncodeToString(keys.MAC("ticket link", []byte(string(kind)+" "+id)))
}

// Bound reports whether pending, the token that the asking browser was given, is the one that the ticket is bound to.
func Bound(t store.Ticket, pending string) bool {
	return len(t.Browser) > 0 && WellFormed(pending) && subtle.ConstantTimeCompare(t.Browser, Hash(pending)) == 1
}

// Seal encodes and seals what a ticket carries; it can be opened only for the same ticket.
func Seal(keys *seal.Keys, id string, payload any) ([]byte, error) {
	plain, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("ticket payload: %w", err)
	}
	return keys.Seal("ticket", plain, []byte(id)), nil
}

// Open reads what a ticket carries.
func Open(keys *seal.Keys, t store.Ticket, payload any) error {
	plain, err := keys.Open("ticket", t.Payload, []byte(t.ID))
	if err != nil {
		return fmt.Errorf("ticket payload: %w", err)
	}
	return json.Unmarshal(plain, payload)
}

// Look finds a ticket that can be used now, without using it. The error is a *message.Fault link_expired whose hint says why not.
func Look(ctx context.Context, tx *store.Tx, kind Kind, token string, now time.Time) (store.Ticket, error) {
	if !WellFormed(token) {
		return store.Ticket{}, gone("malformed", store.Ticket{})
	}
	t, err := tx.TicketByHash(ctx, string(kind), Hash(token))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Ticket{}, gone("unknown", t)
	case err != nil:
		return store.Ticket{}, err
	case t.Void: // by a new password, another address: nobody used it, so no time is told
		return store.Ticket{}, &message.Fault{Code: message.LinkExpired, Hint: "used", Cause: "link_void"}
	case !t.UsedAt.IsZero():
		return store.Ticket{}, gone("used", t)
	case !t.ExpiresAt.After(now):
		return store.Ticket{}, gone("expired", t)
	}
	return t, nil
}

// Redeem uses a ticket up. Of many at once exactly one succeeds. The errors are Look's.
func Redeem(ctx context.Context, tx *store.Tx, kind Kind, token string, now time.Time) (store.Ticket, error) {
	if !WellFormed(token) {
		return store.Ticket{}, gone("malformed", store.Ticket{})
	}
	t, err := tx.Redeem(ctx, string(kind), Hash(token), now)
	if !errors.Is(err, store.ErrNotFound) {
		return t, err
	}
	if _, err := Look(ctx, tx, kind, token, now); err != nil {
		return store.Ticket{}, err
	}
	return store.Ticket{}, gone("used", store.Ticket{}) // by somebody else, between the two statements
}

func gone(hint string, t store.Ticket) error {
	return &message.Fault{Code: message.LinkExpired, Hint: hint, Cause: "link_" + hint, Args: map[string]any{"used_at": t.UsedAt, "expired_at": t.ExpiresAt}}
}
