package flow

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/jackc/pgx/v5"
	_ "github.com/ncruces/go-sqlite3/driver"
)

// A profile that is changed while the account is deleted from elsewhere is signed out, and no trouble of ours.
func TestUpdateProfileOfADeletedAccount(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		late := b.client()
		h.ok(h.DeleteAccount(t.Context(), b.client()))
		name := "Anna"
		_, err := h.UpdateProfile(t.Context(), late, ProfileInput{Name: &name})
		h.refused(err, message.Unauthenticated)
	})
}

func TestUpdateProfile(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com", Name: "Anna"})
		stale := b.client()
		text := func(s string) *string { return &s }
		for _, c := range []struct {
			in           ProfileInput
			name, locale string
		}{
			{ProfileInput{Name: text(" Änne ")}, "Änne", "en"},
			{ProfileInput{Locale: text("de-ch")}, "Änne", "de-CH"}, // by a session that still knows the old name
			{ProfileInput{}, "Änne", "de-CH"},
			{ProfileInput{Name: text(""), Locale: text("")}, "", ""},
		} {
			out, err := h.UpdateProfile(t.Context(), stale, c.in)
			h.ok(err)
			if u := h.user("anna@example.com"); u.Name != c.name || u.Locale != c.locale || out.User.Name != c.name || out.Session.User.Locale != c.locale {
				t.Fatalf("%+v\n%+v", u, out.User)
			}
		}
		for want, in := range map[string]ProfileInput{
			"name:invalid_characters": {Name: text("a\u202eb")}, "locale:not_allowed": {Locale: text("de-" + strings.Repeat("x", 40))},
		} {
			_, err := h.UpdateProfile(t.Context(), b.client(), in)
			h.refused(err, message.InvalidFields, want)
		}
		_, err := h.UpdateProfile(t.Context(), b.client(), ProfileInput{Locale: text("not a language")})
		h.refused(err, message.InvalidFields, "locale:not_allowed")
		_, err = h.UpdateProfile(t.Context(), Client{}, ProfileInput{})
		h.refused(err, message.Unauthenticated)
	})
}

// C-045: everybody sees and ends their own sessions and nobody else's.
func TestDevices(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		laptop := h.member(SignUpInput{Email: "anna@example.com"})
		phone, tablet := h.browser(), h.browser()
		phone.login("anna@example.com", goodPassword)
		tablet.login("anna@example.com", goodPassword)
		bert := h.member(SignUpInput{Email: "bert@example.com"})
		h.clock.Pass(time.Minute)
		_ = laptop.signedIn() // used last

		all, err := h.Devices(t.Context(), laptop.client())
		h.ok(err)
		if len(all) != 3 || all[0].ID != laptop.client().Session.ID || all[0].DeviceLabel != "Firefox (Linux)" || all[0].DeviceAddr != laptop.addr.String() {
			t.Fatalf("%+v", all[0])
		}
		for _, s := range all {
			if s.UserID != laptop.client().Session.UserID || len(s.Hash) > 0 {
				t.Fatalf("%+v", s)
			}
		}
		h.refused(h.EndDevice(t.Context(), bert.client(), phone.client().Session.ID), message.NotFound)
		for _, id := range []string{"no-such-id", "", "a\x00b", "\xff"} {
			h.refused(h.EndDevice(t.Context(), laptop.client(), id), message.NotFound)
		}
		if !phone.signedIn() {
			t.Fatal("somebody ended somebody else's session")
		}
		h.ok(h.EndDevice(t.Context(), laptop.client(), phone.client().Session.ID))
		if phone.signedIn() || !tablet.signedIn() || !laptop.signedIn() {
			t.Fatal("not that one session has ended")
		}
		for range 5 { // asked again, it ends nothing and records nothing: else the store could be filled with it
			h.ok(h.EndOtherDevices(t.Context(), laptop.client()))
		}
		ended := 0
		for _, e := range h.eventsOf("anna@example.com") {
			if e.Kind == "other_sessions_ended" {
				ended++
			}
		}
		if ended != 1 {
			t.Errorf("recorded %d times", ended)
		}
		if tablet.signedIn() || !laptop.signedIn() || !bert.signedIn() {
			t.Fatal("not all other sessions have ended, or too many")
		}
		h.ok(h.EndDevice(t.Context(), laptop.client(), laptop.client().Session.ID))
		if laptop.signedIn() {
			t.Fatal("one's own session can be ended too")
		}
		for _, err := range []error{h.EndDevice(t.Context(), Client{}, ""), h.EndOtherDevices(t.Context(), Client{})} {
			h.refused(err, message.Unauthenticated)
		}
	})
}

func TestDevicesLeavesOutWhatHasRunOut(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		h.clock.Pass(13 * time.Hour) // idle is 12 h
		b := h.browser()
		b.login("anna@example.com", goodPassword)
		all, err := h.Devices(t.Context(), b.client())
		if h.ok(err); len(all) != 1 {
			t.Fatalf("%d sessions are listed", len(all))
		}
		h.ok(h.sweep(t.Context()))
		h.view(func(ctx context.Context, tx *store.Tx) error {
			rows, err := tx.SessionsOf(ctx, b.client().Session.UserID)
			if len(rows) != 1 {
				t.Errorf("%d sessions are kept", len(rows))
			}
			return err
		})
	})
}

// dump is all that the store holds, a text a row, by table.
func (h *house) dump() map[string][]string {
	h.t.Helper()
	if strings.HasPrefix(h.dsn, "sqlite:") {
		return h.dumpSQLite()
	}
	c, err := pgx.Connect(h.t.Context(), h.dsn)
	h.ok(err)
	defer func() { _ = c.Close(context.Background()) }()
	rows, err := c.Query(h.t.Context(), `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`)
	h.ok(err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	h.ok(err)
	all := map[string][]string{}
	for _, table := range tables {
		rows, err := c.Query(h.t.Context(), `SELECT * FROM `+table)
		h.ok(err)
		for rows.Next() {
			values, err := rows.Values()
			h.ok(err)
			all[table] = append(all[table], rowText(values))
		}
		h.ok(rows.Err())
	}
	return all
}

func (h *house) dumpSQLite() map[string][]string {
	db, err := sql.Open("sqlite3", "file:"+strings.TrimPrefix(h.dsn, "sqlite:"))
	h.ok(err)
	defer func() { _ = db.Close() }()
	all := map[string][]string{}
	for _, table := range h.queryTexts(db, `SELECT name FROM sqlite_master WHERE type = 'table'`) {
		all[table] = h.queryTexts(db, `SELECT * FROM `+table)
	}
	return all
}

func (h *house) queryTexts(db *sql.DB, query string) (texts []string) {
	h.t.Helper()
	rows, err := db.QueryContext(h.t.Context(), query)
	h.ok(err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	h.ok(err)
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		h.ok(rows.Scan(into...))
		texts = append(texts, rowText(values))
	}
	h.ok(rows.Err())
	return texts
}

func rowText(values []any) string {
	var parts []string
	for _, v := range values {
		if b, ok := v.([]byte); ok {
			v = string(b)
		}
		parts = append(parts, fmt.Sprint(v))
	}
	return strings.Join(parts, " ")
}

// holding lists the tables that hold any of the words.
func holding(dump map[string][]string, words ...string) (tables []string) {
	for table, rows := range dump {
		if slices.ContainsFunc(rows, func(row string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToLower(row), strings.ToLower(w)) })
		}) {
			tables = append(tables, table)
		}
	}
	slices.Sort(tables)
	return tables
}

// After a deletion nothing of the person is left but bare events, and the address is free.
func TestDeleteAccount(t *testing.T) {
	onBoth(t, withUsernames, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "Anna.Unmistakable@example.com", Username: "unmistakable", Name: "Anna Unmistakable"})
		phone := h.browser()
		phone.login("unmistakable", goodPassword)
		id, address := b.client().Session.UserID, "anna.unmistakable@example.com"
		h.Refused(b.client(), "POST /login", refuse(message.InvalidCredentials, "wrong_password"))
		h.ok(h.writeRefusals(t.Context()))
		_, err := h.ChangeEmail(t.Context(), b.client(), "unmistakable@example.net")
		h.ok(err)
		h.forgot(b, address)
		reset := h.link("Anna.Unmistakable@example.com", mail.Reset)
		person := []string{"unmistakable", b.addr.String(), phone.addr.String(), h.passwordOf(address).Hash}
		if len(holding(h.dump(), person...)) < 4 {
			t.Fatalf("the search finds nothing: %q", holding(h.dump(), person...))
		}

		h.clock.Pass(11 * time.Minute)
		h.refused(h.DeleteAccount(t.Context(), b.client()), message.ReauthenticationRequired)
		h.refused(h.DeleteAccount(t.Context(), Client{}), message.Unauthenticated)
		b.keep(h.Reauthenticate(t.Context(), b.client(), goodPassword))
		c := b.client()
		h.ok(h.DeleteAccount(t.Context(), c))
		h.ok(h.DeleteAccount(t.Context(), c)) // twice is done once
		if b.signedIn() || phone.signedIn() || h.exists(address) {
			t.Fatal("C-037: something of the account is alive")
		}
		if len(h.mails("Anna.Unmistakable@example.com", mail.AccountDeleted)) != 1 {
			t.Fatal("the owner was not told")
		}
		dump := h.dump()
		if left := holding(dump, person...); len(left) > 0 {
			t.Fatalf("something of the person is left in %q", left)
		}
		for _, table := range holding(dump, id) {
			if table != "events" && table != "revocations" && table != "locks" { // the last two go within a day
				t.Fatalf("the user's id is left in %s", table)
			}
		}
		_, err = h.Reset(t.Context(), h.browser().client(), ResetInput{Token: reset, Password: otherPassword})
		h.refused(err, message.LinkExpired)
		_, err = h.browser().tryLogin(address, goodPassword)
		h.refused(err, message.InvalidCredentials)
		again := h.member(SignUpInput{Email: address, Username: "unmistakable"})
		if again.client().Session.UserID == id {
			t.Fatal("the new account is the old one")
		}
	})
}

// C-044 and J-167: an export holds all about a person, and neither it nor the store holds anything that opens something.
func TestExport(t *testing.T) {
	onBoth(t, withUsernames, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com", Username: "anna", Name: "Anna"})
		phone := h.browser()
		phone.login("anna", goodPassword)
		b.changeEmail("anna@example.net")
		h.forgot(b, "anna@example.com")
		links := []string{h.link("anna@example.com", mail.Verify), h.link("anna@example.com", mail.Reset), h.link("anna@example.net", mail.EmailChange)}
		e, err := h.ExportAccount(t.Context(), b.client())
		h.ok(err)
		pw := h.passwordOf("anna@example.com")
		if e.User.Name != "Anna" || len(e.Identifiers) != 2 || len(e.Sessions) != 2 || e.PendingEmail != "anna@example.net" || !e.PasswordSet.Equal(pw.ChangedAt) {
			t.Fatalf("%+v", e)
		}
		if len(e.Events) == 0 || !slices.ContainsFunc(e.Events, func(e store.Event) bool { return e.Kind == "login" && e.Client == phone.addr.String() }) {
			t.Fatalf("%+v", e.Events)
		}
		text, err := json.Marshal(e)
		h.ok(err)
		secrets := append(links, pw.Hash, b.token, phone.token, b.device, b.pending)
		for _, one := range []*browser{b, phone} {
			sum := one.client().Session.Hash
			secrets = append(secrets, base64.StdEncoding.EncodeToString(sum), hex.EncodeToString(sum))
		}
		for _, secret := range secrets {
			if strings.Contains(string(text), secret) {
				t.Fatalf("the export holds %q", secret)
			}
		}
		if tables := holding(h.dump(), append(links, b.token, phone.token, b.device, b.pending, goodPassword)...); len(tables) > 0 {
			t.Fatalf("the store holds what opens something, in %q", tables)
		}
		h.clock.Pass(11 * time.Minute)
		_, err = h.ExportAccount(t.Context(), b.client())
		h.refused(err, message.ReauthenticationRequired)
	})
}
