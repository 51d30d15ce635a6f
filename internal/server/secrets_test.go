package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"go.uber.org/goleak"
)

// P-235, C-044: through every journey there is, by pages and by JSON, nothing that was secret on the wire is in any table or, as the journal of every
// test sees to, in the log. The log is at its most talkative here.
func TestNoSecretIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		const email = "canary@example.com"
		b := h.signUp(email)
		b.want(200, "POST", "/reauthenticate", fmt.Sprintf(`{"password":%q}`, secret))
		b.want(422, "POST", "/reauthenticate", fmt.Sprintf(`{"password":%q}`, wrong))
		b.want(200, "POST", "/password/change", fmt.Sprintf(`{"current_password":%q,"password":%q}`, secret, another))
		b.want(202, "POST", "/account/email", `{"email":"canary2@example.com"}`)
		_, change := h.mailed("canary2@example.com", "/account/email/confirm")
		if a := b.get("/account/email/confirm?token=" + change); a.StatusCode != 303 || strings.Contains(a.location(), change) {
			t.Errorf("P-237: the token stays in the address: %s", a.location())
		}
		b.get("/account/email/confirm")
		if a := b.post("/account/email/confirm", map[string]string{"token": change}); a.StatusCode != 303 {
			t.Fatal(a.StatusCode, a.body)
		}
		p := h.browser()
		p.post("/forgot", map[string]string{"email": "canary2@example.com"})
		_, reset := h.mailed("canary2@example.com", "/reset")
		p.get("/reset?token=" + reset)
		p.get("/reset")
		p.post("/reset", map[string]string{"token": reset, "password": "1234"})
		p.post("/reset", map[string]string{"token": reset, "password": secret})
		p.post("/reset", map[string]string{"token": reset, "password": another})
		p.post("/login", map[string]string{"identifier": "canary2@example.com", "password": wrong})
		p.post("/login", map[string]string{"identifier": "canary2@example.com", "password": secret, "remember": "on"})
		n := h.native()
		n.bearer = n.want(200, "POST", "/login", strings.Replace(credentials("canary2@example.com", secret), "{", `{"transport":"token",`, 1)).at("session", "token")
		n.want(200, "GET", "/account/export", "")
		n.want(204, "POST", "/logout", "")
		p.want(200, "POST", "/password/strength", fmt.Sprintf(`{"password":%q}`, another))
		h.settle()
		last := p.post("/reset", map[string]string{"token": reset, "password": another}) // used up
		h.recorded(referenceIn.FindString(last.body))
		all := h.dump("")
		if len(all["events"]) < 10 {
			t.Errorf("the record is short: %v", all["events"])
		}
		for table, rows := range all {
			if table == "outbox" { // sealed, as the tests of internal/mail show
				continue
			}
			for _, row := range rows {
				for s := range h.journal.secrets {
					if strings.Contains(row, s) {
						t.Errorf("the table %s holds the secret %q: %s", table, s, row)
					}
				}
			}
		}
	})
}

// P-235, P-237: secrets that were sent where none belongs, malformed bodies and what could not be found do not get into the log either.
func TestNoSecretOfABadRequestIsLogged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const canary = "canary-4711-canary"
	h.journal.hide(canary)
	b := h.browser()
	csrf := b.csrf()
	for _, r := range h.table {
		for _, path := range []string{h.pathOf(r) + "?token=" + canary + "&password=" + canary, h.pathOf(r) + "/" + canary} {
			kind := jsonType
			if r.audience == page {
				kind = formType
			}
			for _, body := range []string{
				`{"password":"` + canary, `{"` + canary + `":1}`, `{"password":{"` + canary + `":1}}`, canary, "csrf=" + csrf + "&password=" + canary + "%zz",
				"csrf=" + canary + "&token=" + canary, "csrf=" + csrf + "&token=" + canary + "&password=" + canary + "&current_password=" + canary + "&new_password=" + canary,
				`{"token":"` + canary + `","password":"` + canary + `"}`,
			} {
				if !unsafe(r.method) {
					body = ""
				}
				b.do(r.method, path, kind, body, headers("Authorization", "Basic "+canary, "Referer", "https://x.example/?"+canary))
				b.do(r.method, path, kind, body, bearer(canary))
				if body == "" {
					break
				}
			}
		}
	}
	b.get("/" + canary)
	b.get("/login?return_to=" + url.QueryEscape("/x?token="+canary))
	h.raw(h.lines("GET", "/x%0a"+canary), false)
	h.raw(h.lines(strings.ToUpper("canary"), "/login"), true)
}

// P-240: what is shown of our own trouble leads the operator to its cause, by the reference, in the log and in the record.
func TestAReferenceLeadsToTheCause(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, a := range map[string]answer{
		"JSON":   h.browser().call("POST", "/login", credentials("nobody@example.com", wrong)),
		"a form": h.browser().post("/login", map[string]string{"identifier": "nobody@example.com", "password": wrong}),
	} {
		found := referenceIn.FindString(a.body)
		if cause := h.recorded(found); cause != "no_such_account" {
			t.Errorf("%s: %s", name, cause)
		}
		if !strings.Contains(h.journal.String(), `"cause":"no_such_account","reference":"`+found) {
			t.Errorf("%s: it is not in the log", name)
		}
	}
}

// Nothing is left running after Close, whatever was going on. Not parallel: it counts goroutines, and while it runs nobody else starts any.
func TestNothingIsLeftRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	func() {
		c := config.Defaults()
		c.Database, c.Argon2Memory, c.Argon2Time = "sqlite:"+filepath.Join(t.TempDir(), "a.db"), 64<<10, 1
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		must(t, c.Finish(l.Addr()))
		s, err := Open(t.Context(), c, slog.New(slog.DiscardHandler), Options{})
		must(t, err)
		ctx, stop := context.WithCancel(context.Background())
		served := make(chan error)
		go func() { served <- s.Serve(ctx, l) }()
		h := &house{Server: s, t: t, address: l.Addr().String(), journal: &journal{}, clock: fixture.NewClock()}
		a := h.raw(h.lines("GET", "/login"), false)
		if a.StatusCode != 200 {
			t.Error(a.StatusCode)
		}
		stop()
		must(t, <-served)
		must(t, s.Close())
		must(t, s.Close()) // a second time does no harm
	}()
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
