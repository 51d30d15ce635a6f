package flow

import (
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// next is the only decider of what comes now; this is all of it.
func TestNext(t *testing.T) {
	t.Parallel()
	user := func(state, email string, verified bool) store.User {
		return store.User{ID: "u", State: state, Email: email, EmailVerified: verified}
	}
	password, none := []string{"password"}, []string(nil)
	for _, c := range []struct {
		name string
		f    facts
		want due
	}{
		{"nothing proven", facts{user(store.StateActive, "a@b", true), none, true}, dueProof},
		{"nothing proven of a closed account", facts{user(store.StateDisabled, "a@b", true), none, true}, dueProof},
		{"nothing proven of an unconfirmed one", facts{user(store.StateActive, "a@b", false), none, true}, dueProof},
		{"all proven", facts{user(store.StateActive, "a@b", true), password, true}, dueSession},
		{"all proven where nothing is confirmed", facts{user(store.StateActive, "a@b", false), password, false}, dueSession},
		{"unconfirmed", facts{user(store.StateActive, "a@b", false), password, true}, dueVerify},
		{"unconfirmed and closed: closed is told later", facts{user(store.StateDisabled, "a@b", false), password, true}, dueVerify},
		{"closed", facts{user(store.StateDisabled, "a@b", true), password, true}, dueDisabled},
		{"closed where nothing is confirmed", facts{user(store.StateDisabled, "a@b", false), password, false}, dueDisabled},
		{"no address to confirm", facts{user(store.StateActive, "", false), password, true}, dueSession},
		{"no address and closed", facts{user(store.StateDisabled, "", false), password, true}, dueDisabled},
		{"a state that is not known opens nothing", facts{user("", "a@b", true), password, true}, dueDisabled},
	} {
		if got := next(c.f); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
