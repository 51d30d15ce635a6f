package flow

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// What a page does not say, the reference code on it tells the operator.
func TestReferenceLeadsToTheCause(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		c := h.browser().client()
		c.Reference = message.NewReference()
		_, err := h.Login(t.Context(), c, LoginInput{Identifier: "anna@example.com", Password: wrongPassword})
		h.Refused(c, "POST /login", fault(err))
		mine := b.client()
		mine.Reference = message.NewReference()
		h.Refused(mine, "GET /x", message.From(fmt.Errorf("%w: the disk is full", store.ErrUnavailable)))
		h.ok(h.writeRefusals(t.Context()))

		events, err := h.Explain(t.Context(), " "+c.Reference[:4]+" "+c.Reference[5:])
		h.ok(err)
		want := store.Event{
			ID: events[0].ID, At: events[0].At, Kind: "refused", UserID: h.user("anna@example.com").ID, Client: c.Addr.String(), Reference: c.Reference,
			RequestID: "r", Cause: "wrong_password", Detail: "POST /login invalid_credentials",
		}
		if len(events) != 1 || events[0] != want {
			t.Fatalf("%+v", events)
		}
		events, err = h.Explain(t.Context(), mine.Reference)
		if h.ok(err); events[0].UserID != mine.Session.UserID || events[0].Detail != "GET /x unavailable: store: unavailable: the disk is full" {
			t.Fatalf("%+v", events)
		}
		if _, err := h.Explain(t.Context(), message.NewReference()); !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		if _, err := h.Explain(t.Context(), "no code"); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

// Run nudges, and records refusals; what waits when it is ended is still recorded, however much it is.
func TestRun(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.browser().signUp(SignUpInput{Email: "anna@example.com"})
		h.settle()
		h.clock.Pass(time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var running sync.WaitGroup
		running.Go(func() { h.Run(ctx) })
		_, err := h.browser().tryLogin("anna@example.com", goodPassword)
		h.refused(err, message.InvalidCredentials)
		for end := time.Now().Add(20 * time.Second); len(h.mails("anna@example.com", mail.Verify)) < 2; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("no nudge came")
			}
		}
		for i := range 3000 { // more than there is room for: it never waits
			h.Refused(Client{Addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Reference: "7F3K-9QWM"}, "GET /", refuse(message.NotFound, "x"))
		}
		cancel()
		running.Wait()
		recorded := len(h.dump()["events"])
		if recorded < cap(h.refusals) {
			t.Fatalf("%d events are recorded, want at least %d", recorded, cap(h.refusals))
		}
	})
}

// M-208: who asks for pages that are not there as fast as they can fills no disk, and nobody else's refusals are lost by it.
func TestAFloodOfRefusalsIsNotRecorded(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		flooding, other := Client{Addr: netip.MustParseAddr("192.0.2.1")}, Client{Addr: netip.MustParseAddr("192.0.2.2"), Reference: message.NewReference()}
		before := len(h.dump()["events"])
		for range 900 {
			h.Refused(flooding, "GET", refuse(message.NotFound, "no_such_path"))
			h.ok(h.writeRefusals(t.Context()))
		}
		h.Refused(other, "GET", refuse(message.NotFound, "no_such_path"))
		h.ok(h.writeRefusals(t.Context()))
		if recorded := len(h.dump()["events"]) - before; recorded != 121 {
			t.Errorf("%d refusals are recorded", recorded)
		}
		if _, err := h.Explain(t.Context(), other.Reference); err != nil {
			t.Error(err)
		}
		// P-241: the flood does not hide the guesses that come after it.
		for _, failed := range []*message.Fault{
			refuse(message.InvalidCredentials, "wrong_password"), refuse(message.AccountDisabled, "account_disabled"), refuse(message.InvalidFields, causeWrongPassword),
		} {
			flooding.Reference = message.NewReference()
			h.Refused(flooding, "POST /login", failed)
			h.ok(h.writeRefusals(t.Context()))
			if _, err := h.Explain(t.Context(), flooding.Reference); err != nil {
				t.Error(failed, err)
			}
		}
	})
}

// What a driver or a header says may hold bytes that a store refuses: they must not keep a whole batch from being written.
func TestARefusalThatTheStoreWouldNotTakeIsRecorded(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		c := h.browser().client()
		c.Reference = message.NewReference()
		h.Refused(c, "GET", &message.Fault{Code: message.Malformed, Err: errors.New("a\x00b\xff" + strings.Repeat("é", 400))})
		h.ok(h.writeRefusals(t.Context()))
		events, err := h.Explain(t.Context(), c.Reference)
		if h.ok(err); !utf8.ValidString(events[0].Detail) || len(events[0].Detail) > 500 || !strings.HasPrefix(events[0].Detail, "GET malformed: ab\ufffdéé") {
			t.Errorf("%q", events[0].Detail)
		}
	})
}

// A transaction may run more than once: what the first run took from a mail's budget must be there for the second.
func TestAJobThatRunsTwiceMails(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		h.clock.Pass(25 * time.Hour)
		in := signup{Email: store.Identifier{Kind: store.KindEmail, Canonical: "anna@example.com", AsTyped: "anna@example.com"}, Hash: "x"}
		again := errors.New("again")
		run := job(h.Flow, func(ctx context.Context, tx *store.Tx, p *postage, s signup) error {
			h.ok(h.decideSignUp(ctx, tx, p, s))
			return again // as a deadlock does, after the mail was queued
		})
		payload := fmt.Appendf(nil, `{"Email":{"Kind":"email","Canonical":%q,"AsTyped":%q},"Hash":"x"}`, in.Email.Canonical, in.Email.AsTyped)
		for range 5 {
			if err := h.Store.Update(t.Context(), func(tx *store.Tx) error { return run(t.Context(), tx, payload) }); !errors.Is(err, again) {
				t.Fatal(err)
			}
		}
		for range 5 {
			h.ok(h.Store.Update(t.Context(), func(tx *store.Tx) error { return h.Jobs()[jobSignUp](t.Context(), tx, payload) }))
		}
		if got := len(h.mails("anna@example.com", mail.SignupTaken)); got != 1 {
			t.Fatalf("%d mails, want 1", got)
		}
		if err := h.Jobs()[jobForgot](t.Context(), nil, []byte("nonsense")); err == nil {
			t.Fatal("a payload that can't be read is no error")
		}
	})
}

// ASVS 6.3.7: whatever changes an account is in its record.
func TestEventsAreRecorded(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		b.keep(h.Reauthenticate(t.Context(), b.client(), goodPassword))
		b.keep(h.ChangePassword(t.Context(), b.client(), goodPassword, otherPassword))
		b.changeEmail("anna@example.net")
		_, err := h.ConfirmEmail(t.Context(), b.client(), h.link("anna@example.net", mail.EmailChange))
		h.ok(err)
		h.forgot(b, "anna@example.net")
		_, err = h.Reset(t.Context(), b.client(), ResetInput{Token: h.link("anna@example.net", mail.Reset), Password: thirdPassword})
		h.ok(err)
		b.login("anna@example.net", thirdPassword)
		phone := h.browser() // another device to end
		phone.addr = b.addr
		phone.login("anna@example.net", thirdPassword)
		h.ok(h.EndOtherDevices(t.Context(), b.client()))
		h.ok(h.Logout(t.Context(), b.client()))
		id := h.user("anna@example.net").ID
		h.ok(h.SetUserState(t.Context(), id, store.StateDisabled))
		var kinds []string
		for _, e := range h.eventsOf("anna@example.net") {
			kinds = append(kinds, e.Kind)
			if byOperator := e.Kind == "user_disabled"; (e.Actor == "operator") != byOperator || !byOperator && e.Client != b.addr.String() {
				t.Errorf("%+v", e)
			}
		}
		for _, want := range []string{
			"address_verified", "login", "reauthenticated", "password_changed", "email_change_asked", "email_changed", "password_reset", "other_sessions_ended",
			"logout", "user_disabled",
		} {
			if !slices.Contains(kinds, want) {
				t.Errorf("no event %s in %q", want, kinds)
			}
		}
	})
}
