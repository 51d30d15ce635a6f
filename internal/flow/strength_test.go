package flow

import (
	"errors"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
)

// I-147: wherever a password is chosen, the meter takes what the journey takes and refuses what it refuses, also where that hangs on whose it is.
func TestTheStrengthIsTheVerdictOfEachJourney(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.Config.Identifiers = []string{"email", "username"}
		ben := h.member(SignUpInput{Email: "ben@example.com", Name: "Grimalkin"})
		anna := SignUpInput{Email: "anna@example.com", Username: "zwetschge", Name: "Rumpelstilz", Password: goodPassword}
		h.member(anna)
		h.forgot(ben, "anna@example.com")
		reset := h.link("anna@example.com", mail.Reset)
		h.browser().signUp(SignUpInput{Email: "gwendolyn@example.com", Name: "Rumpelstilz"})
		verify := h.link("gwendolyn@example.com", mail.Verify)
		for _, typed := range []string{
			"x7", goodPassword, "password123", "rumpelstilz-99", "zwetschge-99", "grimalkin-99", "gwendolyn-99", "quillfeather-99", "anna@example.com", "a\tb-correct-horse-battery",
		} {
			journeys := map[string]struct {
				in  StrengthInput
				c   Client
				try func() error
			}{
				"sign-up": {StrengthInput{Email: "eva@example.com", Username: "zwetschge2", Name: "Grimalkin"}, h.browser().client(), func() error {
					_, err := h.SignUp(t.Context(), h.browser().client(), SignUpInput{Email: "eva@example.com", Username: "zwetschge2", Name: "Grimalkin", Password: typed})
					return err
				}},
				"change": {StrengthInput{Name: "Somebody"}, ben.client(), func() error {
					_, err := h.ChangePassword(t.Context(), ben.client(), wrongPassword, typed)
					return err
				}},
				"reset, where somebody else is signed in": {StrengthInput{Token: reset}, ben.client(), func() error {
					return invalid(h.checked(reset, typed)...)
				}},
				"choosing anew": {StrengthInput{Token: verify, Name: "Somebody"}, h.browser().client(), func() error {
					v, err := h.openVerification(t.Context(), h.browser().client(), verify)
					h.ok(err)
					return h.chooseAnew(t.Context(), &v.signup, VerifyInput{NewPassword: typed})
				}},
			}
			for name, j := range journeys {
				j.in.Password = typed
				verdict, err := h.Strength(t.Context(), j.c, j.in)
				h.ok(err)
				if refused := h.faultsOf(j.try()); refused == verdict.Acceptable {
					t.Errorf("%s with %q: acceptable is %v, refused is %v", name, typed, verdict.Acceptable, refused)
				}
			}
		}
	})
}

// checked is what a reset finds wrong, or nothing: a password that it takes would use up the link.
func (h *house) checked(token, typed string) []message.Field {
	_, user, err := h.openReset(h.t.Context(), h.browser().client(), token)
	h.ok(err)
	return h.checkPassword("password", typed, h.about(user))
}

// faultsOf reports whether the new password was found fault with.
func (h *house) faultsOf(err error) bool {
	fault, _ := errors.AsType[*message.Fault](err)
	if fault == nil {
		h.ok(err)
		return false
	}
	for _, f := range fault.Fields {
		if f.Name == "password" || f.Name == "new_password" {
			return true
		}
	}
	return false
}

// F-076: asking the meter is no way to guess links, and with a good link it never counts as a guess.
func TestTheStrengthIsNoWayToGuessLinks(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.browser().signUp(SignUpInput{Email: "anna@example.com"})
		token, b := h.link("anna@example.com", mail.Verify), h.browser()
		ask := func(token string) error {
			_, err := h.Strength(t.Context(), b.client(), StrengthInput{Password: goodPassword, Token: token})
			return err
		}
		for range 40 {
			h.ok(ask(token))
		}
		for range 30 {
			h.refused(ask(ticket.NewToken()), message.LinkExpired)
		}
		h.refused(ask(token), message.RateLimited, "limit_token_client")
	})
}

// Who has used the meter up can still sign in and sign up.
func TestTheMeterHasABudgetOfItsOwn(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		for range 120 {
			_, err := h.Strength(t.Context(), b.client(), StrengthInput{Password: "x"})
			h.ok(err)
		}
		_, err := h.Strength(t.Context(), b.client(), StrengthInput{Password: "x"})
		h.refused(err, message.RateLimited, "limit_strength_client")
		_, err = h.SignUp(t.Context(), b.client(), SignUpInput{Email: "eva@example.com", Password: goodPassword})
		h.ok(err)
		b.login("anna@example.com", goodPassword)
	})
}
