package flow

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
)

// guess types a wrong password so often, each time from another network, and lets it be recorded.
func (h *house) guess(address string, times int) {
	h.t.Helper()
	for range times {
		c := h.browser().client()
		_, err := h.Login(h.t.Context(), c, LoginInput{Identifier: address, Password: wrongPassword})
		h.Refused(c, "POST /login", fault(err))
		h.clock.Pass(time.Second)
	}
	h.ok(h.writeRefusals(h.t.Context()))
	h.settle()
}

// ASVS 6.3.5: after ten wrong passwords since the last right one the owner gets one mail, at most one a day; a right one begins anew. Nobody is told of an
// address that is nobody's, is not confirmed, or is of a closed account. The answers are those of any wrong password.
func TestTheOwnerIsToldOfGuesses(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.Limits = throttle.Off()
		anna, closed := h.member(SignUpInput{Email: "anna@example.com"}), h.member(SignUpInput{Email: "closed@example.com"})
		_, err := h.CreateUser(t.Context(), NewUser{Email: "unverified@example.com", Password: goodPassword})
		h.ok(err)
		h.ok(h.SetUserState(t.Context(), closed.client().Session.UserID, store.StateDisabled))
		told := func(address string) int { t.Helper(); return len(h.mails(address, mail.Guessing)) }
		want := func(n int, when string) {
			t.Helper()
			if got := told("anna@example.com"); got != n {
				t.Errorf("%s: %d mails, want %d", when, got, n)
			}
		}
		h.clock.Pass(time.Second)
		h.guess("anna@example.com", 9)
		want(0, "after nine")
		h.guess("anna@example.com", 1)
		want(1, "after ten")
		if m := h.mails("anna@example.com", mail.Guessing)[0]; !strings.Contains(m.Text, "Wrong passwords: 10. Networks: 10.") || !strings.Contains(m.Text, "/forgot") {
			t.Errorf("the mail says\n%s", m.Text)
		}
		h.guess("anna@example.com", 30)
		want(1, "on the same day")
		h.clock.Pass(24 * time.Hour)
		h.guess("anna@example.com", 1)
		want(2, "on the next day")
		h.clock.Pass(25 * time.Hour)
		anna.login("anna@example.com", goodPassword)
		h.clock.Pass(time.Second)
		h.guess("anna@example.com", 9)
		want(2, "after a right one")
		for _, address := range []string{"closed@example.com", "unverified@example.com", "nobody@example.com"} {
			h.guess(address, 12)
			if told(address) != 0 {
				t.Errorf("%s is told", address)
			}
		}
	})
}
