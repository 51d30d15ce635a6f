package message

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Code is the stable name of a fault, for programs.
type Code string

// The codes.
const (
	Malformed                Code = "malformed"
	NotFound                 Code = "not_found"
	MethodNotAllowed         Code = "method_not_allowed"
	TooLarge                 Code = "too_large"
	UnsupportedMediaType     Code = "unsupported_media_type"
	Unauthenticated          Code = "unauthenticated"
	InvalidCredentials       Code = "invalid_credentials"
	InvalidCode              Code = "invalid_code"
	Forbidden                Code = "forbidden"
	CrossOrigin              Code = "cross_origin"
	SignupClosed             Code = "signup_closed"
	AccountDisabled          Code = "account_disabled"
	ReauthenticationRequired Code = "reauthentication_required"
	Conflict                 Code = "conflict"
	LinkExpired              Code = "link_expired"
	InvalidFields            Code = "invalid_fields"
	RateLimited              Code = "rate_limited"
	ChallengeRequired        Code = "challenge_required"
	ProviderUnavailable      Code = "provider_unavailable"
	Overloaded               Code = "overloaded"
	Unavailable              Code = "unavailable"
	Internal                 Code = "internal"
)

// statuses is the table of faults. The texts of a code are error.<code>.title and error.<code>.detail.
var statuses = map[Code]int{
	Malformed:                http.StatusBadRequest,
	NotFound:                 http.StatusNotFound,
	MethodNotAllowed:         http.StatusMethodNotAllowed,
	TooLarge:                 http.StatusRequestEntityTooLarge,
	UnsupportedMediaType:     http.StatusUnsupportedMediaType,
	Unauthenticated:          http.StatusUnauthorized,
	InvalidCredentials:       http.StatusUnauthorized,
	InvalidCode:              http.StatusUnauthorized,
	Forbidden:                http.StatusForbidden,
	CrossOrigin:              http.StatusForbidden,
	SignupClosed:             http.StatusForbidden,
	AccountDisabled:          http.StatusForbidden,
	ReauthenticationRequired: http.StatusForbidden,
	Conflict:                 http.StatusConflict,
	LinkExpired:              http.StatusGone,
	InvalidFields:            http.StatusUnprocessableEntity,
	RateLimited:              http.StatusTooManyRequests,
	ChallengeRequired:        http.StatusTooManyRequests,
	ProviderUnavailable:      http.StatusBadGateway,
	Overloaded:               http.StatusServiceUnavailable,
	Unavailable:              http.StatusServiceUnavailable,
	Internal:                 http.StatusInternalServerError,
}

// Hints are the hints that a code may carry; a hint has the text error.<code>.<hint>, which takes the place of the detail.
var Hints = map[Code][]string{
	Conflict:           {"taken"},
	LinkExpired:        {"expired", "used", "malformed", "unknown"},
	CrossOrigin:        {"form_token", "cookies_blocked"},
	InvalidCredentials: {"known_device"},
	Unauthenticated: {
		"idle", "expired", "password_changed", "password_reset", "signed_out", "signed_out_elsewhere", "administrator", "too_many",
		"account_disabled", "account_deleted",
	},
}

// Reasons are the reasons that a code may carry, by «code» or «code.hint»: they choose a text that says more exactly what it is, and nothing else.
var Reasons = map[string][]string{
	"account_disabled":     {"support"},
	"invalid_credentials":  {"either", "username", "signup_password"},
	"rate_limited":         {"login", "mail", "signup", "link"},
	"link_expired.expired": {"newer"},
	"link_expired.used": {
		"device", "newer", "replaced", "canceled", "password_changed", "password_reset", "email_changed", "administrator", "account_disabled",
	},
}

// FieldCodes are all codes that a field may carry; their texts are field.<code>. The arguments: password_too_short {min}, password_too_long
// {max}, too_long {max} where it is known, typo {suggestion}.
var FieldCodes = []string{
	"required", "unknown_field", "invalid_type", "invalid_email", "invalid_username", "invalid_characters", "too_long", "incorrect", "mismatch",
	"weak_password", "breached_password", "contains_personal_info", "password_too_short", "password_too_long",
	"username_taken", "email_taken", "not_allowed", "unchanged", "outdated", "typo", "edge_spaces",
}

// FieldReasons are the reasons that the code of a field may carry: they choose the text field.<code>.<reason>.
var FieldReasons = map[string][]string{
	"invalid_email": {
		"no_at", "two_at", "space", "full_width", "letter", "character", "dots", "nothing_before", "nothing_after", "no_dot", "domain",
		"too_long", "brackets", "comma",
	},
}

// Fault is a refusal that people may see.
type Fault struct {
	Code       Code
	Hint       string         // one of Hints
	Reason     string         // one of Reasons; it chooses the text, and is not told itself
	Fields     []Field        // what is wrong with what was typed
	RetryAfter time.Duration  // when it is worth trying again; 0: not told
	Methods    []string       // of reauthentication_required: how
	MaxAge     time.Duration  // of reauthentication_required: how old a proof may be
	Args       map[string]any // for the text; what is not known is left out

	// For the record alone, never shown.
	Cause  string // the exact cause, a stable word
	UserID string // whom it concerns
	Err    error
}

// Field is what is wrong with one field.
type Field struct {
	Name       string
	Code       string // one of FieldCodes
	Reason     string // one of FieldReasons
	Suggestion string // what may have been meant; empty: nothing
	Args       map[string]any
}

// Error is for logs: it tells the exact cause, so it must never be shown.
func (f *Fault) Error() string {
	s := string(f.Code)
	if f.Cause != "" {
		s += " (" + f.Cause + ")"
	}
	for _, field := range f.Fields {
		s += fmt.Sprintf(" %s: %s", field.Name, field.Code)
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

func (f *Fault) Unwrap() error { return f.Err }

// Status is the HTTP status of the fault. A code that is not in the table is a mistake of ours: 500.
func (f *Fault) Status() int {
	if status, ok := statuses[f.Code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// From is the fault that an error amounts to. Whatever is not a Fault already is trouble of our own, told as such: it must never look like
// a wrong password. The error stays inside, for the log.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault
	}
	return &Fault{Code: Unavailable, Cause: "our_own_trouble", RetryAfter: 5 * time.Second, Err: err}
}
