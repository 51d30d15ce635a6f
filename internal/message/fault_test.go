package message

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"
)

// The contract's table of codes, written a second time by hand.
func TestEveryCodeHasTheStatusOfTheContract(t *testing.T) {
	t.Parallel()
	contract := map[Code]int{
		"malformed": 400, "not_found": 404, "method_not_allowed": 405, "too_large": 413, "unsupported_media_type": 415,
		"unauthenticated": 401, "invalid_credentials": 401, "invalid_code": 401,
		"forbidden": 403, "cross_origin": 403, "signup_closed": 403, "account_disabled": 403, "reauthentication_required": 403,
		"conflict": 409, "link_expired": 410, "invalid_fields": 422, "rate_limited": 429, "challenge_required": 429,
		"provider_unavailable": 502, "overloaded": 503, "unavailable": 503, "internal": 500,
	}
	if !maps.Equal(statuses, contract) {
		t.Errorf("the codes are\n%v, the contract says\n%v", statuses, contract)
	}
	if got := (&Fault{Code: "no_such_code"}).Status(); got != http.StatusInternalServerError {
		t.Errorf("a code that is not in the table answers %d", got)
	}
}

// Trouble of our own must never look like a wrong password, nor a wrong password like trouble.
func TestWhatIsNoFaultIsToldAsOurOwnTrouble(t *testing.T) {
	t.Parallel()
	if From(nil) != nil {
		t.Error("no error became a fault")
	}
	wrong := &Fault{Code: InvalidCredentials}
	if got := From(fmt.Errorf("login: %w", wrong)); got != wrong {
		t.Errorf("a wrapped fault became %v", got)
	}
	for _, err := range []error{errors.New("disk full"), context.DeadlineExceeded, context.Canceled, fmt.Errorf("x: %w", context.DeadlineExceeded)} {
		f := From(err)
		if f.Code != Unavailable || f.Status() != 503 || f.RetryAfter <= 0 || !errors.Is(f, err) {
			t.Errorf("%v became %v, %d, again in %v", err, f, f.Status(), f.RetryAfter)
		}
	}
}

func TestTheLogSeesTheExactCause(t *testing.T) {
	t.Parallel()
	f := &Fault{Code: InvalidFields, Cause: "policy", Fields: []Field{{Name: "password", Code: "weak_password"}}, Err: errors.New("why")}
	if got, want := f.Error(), "invalid_fields (policy) password: weak_password: why"; got != want {
		t.Errorf("the log says %q, want %q", got, want)
	}
	if got := (&Fault{Code: NotFound}).Error(); got != "not_found" {
		t.Errorf("without a cause the log says %q", got)
	}
}

func TestAReferenceSurvivesTheTelephone(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 10_000 {
		code := NewReference()
		if back, ok := NormalReference(code); !ok || back != code || len(code) != 9 {
			t.Fatalf("%q is read as %q, %v", code, back, ok)
		}
		seen[code] = true
	}
	if len(seen) < 9_999 { // two alike among 10,000 of 2^40 happen once in 20,000 runs, three once in an age
		t.Errorf("only %d of 10,000 references differ", len(seen))
	}
	for typed, want := range map[string]string{
		"7f3k-9qwm": "7F3K-9QWM", " 7F3K 9QWM\n": "7F3K-9QWM", "7f3k9qwm": "7F3K-9QWM", "7F3K\u20119QWM": "7F3K-9QWM",
		"7\u00a0F3K–9QWM": "7F3K-9QWM", "oIl0-oooo": "0110-0000",
		"": "", "7F3K-9QW": "", "7F3K-9QWMX": "", "7F3K-9QWU": "", "7F3K-9QW!": "", "ÄF3K-9QW": "",
	} {
		if got, ok := NormalReference(typed); got != want || ok != (want != "") {
			t.Errorf("%q is read as %q, %v; want %q", typed, got, ok, want)
		}
	}
}

func FuzzAReferenceIsReadInOneWay(f *testing.F) {
	f.Add("7f3k-9qwm")
	f.Add("oIl0 oooo")
	f.Add("\xff\u0131")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := NormalReference(s)
		if again, still := NormalReference(got); ok && (!still || again != got) || !ok && got != "" {
			t.Errorf("%q is read as %q, and that as %q", s, got, again)
		}
	})
}

func TestHintsBelongToCodesOfTheTable(t *testing.T) {
	t.Parallel()
	for code := range Hints {
		if _, ok := statuses[code]; !ok {
			t.Errorf("hints for %s, which is no code", code)
		}
	}
	if want := []string{"expired", "used", "malformed", "unknown"}; !slices.Equal(Hints[LinkExpired], want) {
		t.Errorf("the hints of a link are %v, the contract says %v", Hints[LinkExpired], want)
	}
}

func TestSecondsAreRoundedUp(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]int{0: 0, 1: 1, time.Second: 1, time.Second + 1: 2, 90 * time.Second: 90} {
		if got := wholeSeconds(d); got != want {
			t.Errorf("%v is told as %d s, want %d", d, got, want)
		}
	}
}
