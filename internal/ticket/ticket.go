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
		return store.Ticket{}, gone("malformed")
	}
	t, err := tx.TicketByHash(ctx, string(kind), Hash(token))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Ticket{}, gone("unknown")
	case err != nil:
		return store.Ticket{}, err
	case t.UsedAt.IsZero() && t.ExpiresAt.After(now):
		return t, nil
	}
	newer, err := newest(ctx, tx, t, now)
	if err != nil {
		return store.Ticket{}, err
	}
	return store.Ticket{}, why(t, newer, now)
}

// newest is when a link was mailed that still works where this one does not; zero: there is none.
func newest(ctx context.Context, tx *store.Tx, t store.Ticket, now time.Time) (time.Time, error) {
	var live []store.Ticket
	var err error
	if t.UserID == "" {
		live, err = tx.LiveTickets(ctx, t.Kind, t.Subject, now)
	} else {
		live, err = tx.LiveTicketsOf(ctx, t.Kind, t.UserID, now)
	}
	if err != nil || len(live) == 0 || !live[0].CreatedAt.After(t.CreatedAt) {
		return time.Time{}, err
	}
	return live[0].MailedAt, nil
}

// why says what became of a link, to its holder.
func why(t store.Ticket, newer, now time.Time) error {
	args := map[string]any{}
	fault := &message.Fault{Code: message.LinkExpired, Args: args}
	switch {
	case t.Void: // nobody used it, so it is never told like that
		fault.Hint, fault.Reason, fault.Cause = "used", t.EndedBy, "link_void"
		args["void_at"] = t.UsedAt
	case !t.UsedAt.IsZero():
		fault.Hint, fault.Cause = "used", "link_used"
		args["used_at"] = t.UsedAt
		if t.EndedBy != "" {
			fault.Reason, args["device"] = "device", t.EndedBy
		}
	default:
		fault.Hint, fault.Cause = "expired", "link_expired"
		args["ago"] = message.Past(now.Sub(t.ExpiresAt))
	}
	if !newer.IsZero() && fault.Cause != "link_used" {
		fault.Reason, args["newer_at"] = "newer", newer
	}
	return fault
}

// Redeem uses a ticket up, from a device that its holder is told of later. Of many at once exactly one succeeds. The errors are Look's.
func Redeem(ctx context.Context, tx *store.Tx, kind Kind, token, device string, now time.Time) (store.Ticket, error) {
	if !WellFormed(token) {
		return store.Ticket{}, gone("malformed")
	}
	t, err := tx.Redeem(ctx, string(kind), Hash(token), device, now)
	if !errors.Is(err, store.ErrNotFound) {
		return t, err
	}
	if _, err := Look(ctx, tx, kind, token, now); err != nil {
		return store.Ticket{}, err
	}
	return store.Ticket{}, gone("used") // by somebody else, between the two statements
}

func gone(hint string) error {
	return &message.Fault{Code: message.LinkExpired, Hint: hint, Cause: "link_" + hint}
}
