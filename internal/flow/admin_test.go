package flow

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

func TestCreateUser(t *testing.T) {
	onBoth(t, withUsernames, func(t *testing.T, h *house) {
		if has, err := h.HasAdmin(t.Context()); err != nil || has { // ASVS 6.3.2
			t.Fatal("a new store has an administrator", err)
		}
		admin, err := h.CreateUser(t.Context(), NewUser{Email: "Root@example.com", Username: "root", Name: "Root", Password: goodPassword, Verified: true, Roles: []string{RoleAdmin}})
		h.ok(err)
		if !admin.EmailVerified || !slices.Equal(admin.Roles, []string{RoleAdmin}) {
			t.Fatalf("%+v", admin)
		}
		if has, err := h.HasAdmin(t.Context()); err != nil || !has {
			t.Fatal(has, err)
		}
		h.browser().login("root@example.com", goodPassword)
		if len(h.mails("Root@example.com")) != 0 {
			t.Fatal("a verified address got a link")
		}
		for _, named := range []string{"root@EXAMPLE.com", "Root", admin.ID, strings.ToUpper(admin.ID)} {
			if u := h.user(named); u.ID != admin.ID {
				t.Fatalf("%s is %+v", named, u)
			}
		}
		for _, nobody := range []string{"", "nobody@example.com", "nobody", "00000000-0000-4000-8000-000000000000"} {
			if _, err := h.FindUser(t.Context(), nobody); !errors.Is(err, store.ErrNotFound) {
				t.Fatal(nobody, err)
			}
		}
		_, err = h.CreateUser(t.Context(), NewUser{Email: "ROOT@example.com", Username: "ROOT"})
		h.refused(err, message.Conflict, "identifier_taken", "email:email_taken", "username:username_taken")
		h.Config.Identifiers = []string{"email"}
		_, err = h.CreateUser(t.Context(), NewUser{Email: "b@example.com", Username: "b.b"})
		h.refused(err, message.InvalidFields, "username:not_allowed")
		_, err = h.CreateUser(t.Context(), NewUser{Email: "no", Name: "\x01", Password: "short"})
		h.refused(err, message.InvalidFields, "email:invalid_email", "name:invalid_characters", "password:password_too_short")
		if _, err = h.CreateUser(t.Context(), NewUser{Email: "a@example.com", Roles: []string{"nosuch"}}); err == nil || h.exists("a@example.com") {
			t.Fatal("a role that is not there was given", err)
		}
	})
}

// A user that an operator made without a password confirms the address and chooses one, and keeps the name that the operator gave.
func TestCreatedUserOpensTheLink(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		_, err := h.CreateUser(t.Context(), NewUser{Email: "anna@example.com", Name: "Anna"})
		h.ok(err)
		token, b := h.link("anna@example.com", mail.AccountMade), h.browser()
		link, err := h.VerifyLink(t.Context(), b.client(), token)
		if h.ok(err); !link.NeedsPassword || link.HasPassword {
			t.Fatalf("there is no password to ask for: %+v", link)
		}
		_, err = h.Verify(t.Context(), b.client(), VerifyInput{Token: token})
		h.refused(err, message.InvalidFields)
		_, err = h.Verify(t.Context(), b.client(), VerifyInput{Token: token, Password: goodPassword})
		h.refused(err, message.InvalidCredentials)
		out := b.keep(h.Verify(t.Context(), b.client(), VerifyInput{Token: token, NewPassword: goodPassword}))
		if out.User.Name != "Anna" || !out.User.EmailVerified || !b.signedIn() {
			t.Fatalf("%+v", out.User)
		}
		h.browser().login("anna@example.com", goodPassword)

		// With a password that the operator chose, the link asks for it and leaves it as it is.
		_, err = h.CreateUser(t.Context(), NewUser{Email: "bert@example.com", Password: otherPassword})
		h.ok(err)
		before, token := h.passwordOf("bert@example.com"), h.link("bert@example.com", mail.AccountMade)
		link, err = h.VerifyLink(t.Context(), h.browser().client(), token)
		if h.ok(err); !link.HasPassword {
			t.Fatalf("%+v", link)
		}
		_, err = h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: token, Password: otherPassword})
		h.ok(err)
		if h.passwordOf("bert@example.com") != before {
			t.Fatal("to confirm the address changed the password")
		}
	})
}

func TestSetUserPassword(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		h.refused(h.SetUserPassword(t.Context(), h.user("anna@example.com"), "short"), message.InvalidFields, "password:password_too_short")
		h.ok(h.SetUserPassword(t.Context(), h.user("anna@example.com"), otherPassword))
		if b.signedIn() || !h.knows("anna@example.com", otherPassword) || len(h.mails("anna@example.com", mail.PasswordChanged)) != 1 {
			t.Fatal("the session is alive, the password is another, or the owner was not told")
		}
		// An address that is not confirmed stays so. The old link is void, so that a new one comes at once: without it they can't sign in.
		_, err := h.CreateUser(t.Context(), NewUser{Email: "bert@example.com"})
		h.ok(err)
		old := h.link("bert@example.com", mail.AccountMade)
		h.ok(h.SetUserPassword(t.Context(), h.user("bert@example.com"), otherPassword))
		_, err = h.VerifyLink(t.Context(), h.browser().client(), old)
		h.refused(err, message.LinkExpired, "used")
		_, err = h.browser().tryLogin("bert@example.com", otherPassword)
		h.refused(err, message.InvalidCredentials, "address_not_verified")
		token := h.link("bert@example.com", mail.AccountMade)
		if token == old {
			t.Fatal("no new link came")
		}
		_, err = h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: token, Password: otherPassword})
		h.ok(err)
	})
}

// C-037: closing ends all sessions at once and voids every link; the links stay void when the account is opened again.
func TestDisableVoidsEverything(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		b.changeEmail("anna@example.net")
		h.forgot(h.browser(), "anna@example.com")
		reset, change := h.link("anna@example.com", mail.Reset), h.link("anna@example.net", mail.EmailChange)
		user := h.user("anna@example.com")
		h.ok(h.SetUserState(t.Context(), user.ID, store.StateDisabled))
		if b.signedIn() {
			t.Fatal("a session is alive")
		}
		h.forgot(h.browser(), "anna@example.com") // brings nothing now
		h.ok(h.SetUserState(t.Context(), user.ID, store.StateActive))
		if b.signedIn() {
			t.Fatal("a session came back to life")
		}
		_, err := h.Reset(t.Context(), h.browser().client(), ResetInput{Token: reset, Password: otherPassword})
		h.refused(err, message.LinkExpired, "used")
		if len(h.tokens("anna@example.com", mail.Reset)) != 1 {
			t.Fatal("a closed account got a reset link")
		}
		b.login("anna@example.com", goodPassword)
		_, err = h.ConfirmEmail(t.Context(), b.client(), change)
		h.refused(err, message.LinkExpired, "used")
		if err := h.SetUserState(t.Context(), "nobody", store.StateDisabled); !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

// What waits in the outbox when an account is closed lets nobody in.
func TestDisabledBeforeTheLinkWasMade(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		user, err := h.CreateUser(t.Context(), NewUser{Email: "anna@example.com"})
		h.ok(err)
		h.settle()
		h.ok(h.SetUserState(t.Context(), user.ID, store.StateDisabled))
		h.ok(h.Store.Update(t.Context(), func(tx *store.Tx) error { // as a job does that was queued before
			return h.withPostage(func(p *postage) error {
				return h.decideSignUp(t.Context(), tx, p, signup{Email: store.Identifier{Kind: store.KindEmail, Canonical: "anna@example.com", AsTyped: "anna@example.com"}, UserID: user.ID})
			})
		}))
		_, err = h.Verify(t.Context(), h.browser().client(), VerifyInput{Token: h.link("anna@example.com", mail.Verify), NewPassword: goodPassword})
		h.refused(err, message.AccountDisabled)
		if u := h.user("anna@example.com"); u.EmailVerified || h.passwordOf("anna@example.com").Hash != "" {
			t.Fatal("a refused link changed the account")
		}
	})
}

func TestDeleteUser(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		user := h.user("anna@example.com")
		h.ok(h.DeleteUser(t.Context(), user))
		if b.signedIn() || h.exists("anna@example.com") || len(h.mails("anna@example.com", mail.AccountDeleted)) != 1 {
			t.Fatal("something is left, or the owner was not told")
		}
		if err := h.DeleteUser(t.Context(), user); !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		if rows := h.dump()["events"]; !slices.ContainsFunc(rows, func(r string) bool {
			return strings.Contains(r, "account_deleted "+user.ID+" operator")
		}) {
			t.Fatalf("the record does not say that it was the operator: %q", rows)
		}
	})
}

func TestRoles(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		id := h.user("anna@example.com").ID
		h.ok(h.CreateRole(t.Context(), "editor", []string{"articles.edit", "articles.read"}))
		for _, wrong := range []struct {
			name        string
			permissions []string
		}{{"editor", nil}, {"Editor", nil}, {"", nil}, {"a b", nil}, {"x", []string{"articles"}}, {"x", []string{"Articles.edit"}}} {
			if err := h.CreateRole(t.Context(), wrong.name, wrong.permissions); err == nil || fault(err) != nil {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		user, err := h.ChangeRoles(t.Context(), id, []string{"editor", RoleAdmin}, nil)
		h.ok(err)
		if !slices.Equal(user.Roles, []string{"admin", "editor"}) || !slices.Contains(b.client().Session.User.Permissions, "articles.edit") {
			t.Fatalf("%+v", user)
		}
		user, err = h.ChangeRoles(t.Context(), id, []string{"editor"}, []string{RoleAdmin, "never-had"}) // J-160
		if h.ok(err); !slices.Equal(user.Roles, []string{"editor"}) {
			t.Fatalf("%+v", user)
		}
		if _, err := h.ChangeRoles(t.Context(), id, []string{"nosuch"}, []string{"editor"}); err == nil || len(h.user(id).Roles) != 1 {
			t.Fatal("half of a change was made", err)
		}
		h.ok(h.DeleteRole(t.Context(), "editor"))
		if len(b.client().Session.User.Roles) > 0 {
			t.Fatal("a role that is gone is still somebody's")
		}
		for _, name := range []string{RoleAdmin, "editor"} {
			if err := h.DeleteRole(t.Context(), name); err == nil {
				t.Errorf("%s was deleted", name)
			}
		}
		if roles, err := h.Roles(t.Context()); err != nil || len(roles) != 1 || roles[0].Name != RoleAdmin {
			t.Fatal(roles, err)
		}
		if users, err := h.Users(t.Context(), "", 10); err != nil || len(users) != 1 || users[0].ID != id {
			t.Fatal(users, err)
		}
		var done []string // J-160: all of it is on record
		h.view(func(ctx context.Context, tx *store.Tx) error {
			ofRoles, err := tx.EventsOf(ctx, "", 10)
			for _, e := range append(ofRoles, h.eventsOf("anna@example.com")...) {
				if e.Actor == "operator" {
					done = append(done, e.Kind+": "+e.Detail)
				}
			}
			return err
		})
		want := []string{"role_deleted: editor", "role_created: editor articles.edit articles.read", "roles_changed: +editor -admin -never-had", "roles_changed: +editor +admin"}
		if !slices.Equal(done, want) {
			t.Errorf("recorded is %q, want %q", done, want)
		}
	})
}
