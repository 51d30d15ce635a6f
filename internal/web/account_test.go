package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

func TestTheAccountPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.member("mia@example.com")
	for _, act := range []struct {
		action string
		typed  map[string]string
		leads  string
		says   []string
	}{
		{"/account/profile", map[string]string{"name": `Mia "M" <b>`}, "/account?notice=profile_saved", []string{"Saved.", `value="Mia &#34;M&#34; &lt;b&gt;"`}},
		{"/account/email", map[string]string{"email": "new@example.com"}, "/account?notice=email_sent", []string{"new@example.com", `action="/account/email/cancel"`}},
		{"/account/email/cancel", nil, "/account?notice=email_canceled", []string{"stays as it is"}},
		{"/account/password", map[string]string{"current_password": goodPassword, "password": "another-horse-battery-staple-42"}, "/account?notice=password_changed", []string{"was changed"}},
	} {
		page := b.page("/account")
		for deadline := time.Now().Add(20 * time.Second); strings.HasSuffix(act.action, "cancel") && !strings.Contains(page.body, act.action) && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond) // the wish is decided by a job
			page = b.page("/account")
		}
		a := b.send(page, act.action, act.typed)
		if a.StatusCode != http.StatusSeeOther || a.location() != act.leads {
			t.Fatalf("%s: %d %s, want %s\n%s", act.action, a.StatusCode, a.location(), act.leads, a.body)
		}
		after := b.page(a.Header.Get("Location"))
		for deadline := time.Now().Add(20 * time.Second); !containsAll(after.body, act.says) && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
			after = b.page(a.Header.Get("Location"))
		}
		if !containsAll(after.body, act.says) {
			t.Errorf("after %s the account lacks one of %q:\n%s", act.action, act.says, after.body)
		}
	}
}

func containsAll(body string, all []string) bool {
	for _, one := range all {
		if !strings.Contains(body, one) {
			return false
		}
	}
	return true
}

// What is refused on the account page is said there, beside the field, with all the rest of the page.
func TestWhatTheAccountPageRefuses(t *testing.T) {
	t.Parallel()
	b := open(t).member("mia@example.com")
	for _, act := range []struct {
		action string
		typed  map[string]string
		status int
		says   []string
	}{
		{"/account/profile", map[string]string{"name": "a\tb"}, http.StatusUnprocessableEntity, []string{"field-name-error", "value=\"a\tb\""}},
		{"/account/email", map[string]string{"email": "no address"}, http.StatusUnprocessableEntity, []string{"field-email-error", `value="no address"`}},
		{
			"/account/password", map[string]string{"current_password": "wrong-horse-battery-staple-42", "password": "another-horse-battery-staple-42"},
			http.StatusUnprocessableEntity, []string{"field-current_password-error"},
		},
		{"/account/password", map[string]string{"current_password": "", "password": "short"}, http.StatusUnprocessableEntity, []string{"field-password-error", "field-current_password-error"}},
	} {
		a := b.send(b.page("/account"), act.action, act.typed)
		if a.StatusCode != act.status || !containsAll(a.body, append(act.says, `id="devices"`, "<code>", `role="alert"`)) {
			t.Errorf("%s %v: %d, want %d with %q\n%s", act.action, act.typed, a.StatusCode, act.status, act.says, a.body)
		}
		if strings.Contains(a.body, "horse") || strings.Contains(a.body, `value="short"`) {
			t.Errorf("%s: a password is on the page", act.action)
		}
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.member("mia@example.com")
	others := []*browser{h.browser(), h.browser(), h.browser()}
	for _, o := range others {
		o.login("mia@example.com", goodPassword)
		o.page("/account")
	}
	page := b.page("/account")
	if n := strings.Count(page.body, `action="/account/sessions/end"`); n != 3 || strings.Count(page.body, "this device</span>") != 1 {
		t.Fatalf("%d devices can be signed out, want the three others:\n%s", n, page.body)
	}
	signedIn := func() (n int) {
		for _, o := range others {
			if o.get("/account").StatusCode == http.StatusOK {
				n++
			}
		}
		return n
	}
	if a := b.send(page, "/account/sessions/end", nil); a.location() != "/account?notice=device_ended" || signedIn() != 2 {
		t.Errorf("one was signed out: %d %s, and %d are still in", a.StatusCode, a.location(), signedIn())
	}
	// C-045: somebody else's session does not exist.
	eva := h.member("eva@example.com")
	if a := b.send(page, "/account/sessions/end", map[string]string{"id": sessionOf(t, eva)}); a.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else's session: %d", a.StatusCode)
	}
	eva.page("/account")
	if a := b.send(b.page("/account"), "/account/sessions/end-others", nil); a.location() != "/account?notice=devices_ended" || signedIn() != 0 {
		t.Errorf("all others were signed out: %d %s, and %d are still in", a.StatusCode, a.location(), signedIn())
	}
	if a := b.send(page, "/account/sessions/end", map[string]string{"id": sessionOf(t, b)}); a.location() != "/logout" || b.get("/account").StatusCode != http.StatusSeeOther {
		t.Errorf("ending one's own session leads to %s", a.location())
	}
}

func sessionOf(t *testing.T, b *browser) string {
	t.Helper()
	var answer struct{ Session struct{ ID string } }
	if err := json.Unmarshal([]byte(b.page("/api/v1/session").body), &answer); err != nil || answer.Session.ID == "" {
		t.Fatal(err, answer)
	}
	return answer.Session.ID
}

// The export is what the API exports, as a file, and has no hash or token in it.
func TestTheExport(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.member("mia@example.com")
	a := b.page("/account/export")
	if a.Header.Get("Content-Disposition") != `attachment; filename="account.json"` || a.Header.Get("Content-Type") != "application/json; charset=utf-8" ||
		a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the headers are %v", a.Header)
	}
	shape := func(body string) string {
		var all map[string]any
		if err := json.Unmarshal([]byte(body), &all); err != nil {
			t.Fatal(err)
		}
		delete(all, "exported_at")
		for _, s := range all["sessions"].([]any) {
			delete(s.(map[string]any), "last_seen_at")
			delete(s.(map[string]any), "idle_expires_at")
		}
		text, _ := json.Marshal(all)
		return string(text)
	}
	if page, api := shape(a.body), shape(b.page("/api/v1/account/export").body); page != api {
		t.Errorf("the page exports\n%s\nthe API\n%s", page, api)
	}
	for _, secret := range []string{"argon2", "hash", "token"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("the export has %q in it:\n%s", secret, a.body)
		}
	}
}

// 7.5.1: what cannot be undone asks a session that is not fresh for the password, and then goes on where it was.
func TestAStaleSessionProvesItselfAndGoesOn(t *testing.T) {
	t.Parallel()
	later := &atomic.Int64{}
	h := openAt(t, func() time.Time { return time.Now().Add(time.Duration(later.Load())) }, func(c *config.Config) { c.FreshFor = 10 * time.Minute })
	b := h.member("mia@example.com")
	fresh := b.page("/account")
	later.Store(int64(11 * time.Minute))
	if page := b.page("/account"); strings.Contains(page.body, `action="/account/email"`) ||
		!strings.Contains(page.body, `href="/reauthenticate?return_to=%2Faccount%23address"`) {
		t.Errorf("the stale account page:\n%s", page.body)
	}
	for _, act := range []struct {
		name  string
		do    func() answer
		leads string
	}{
		{"another address", func() answer { return b.send(fresh, "/account/email", map[string]string{"email": "new@example.com"}) }, "/account#address"},
		{"the export", func() answer { return b.get("/account/export") }, "/account/export"},
		{"deleting", func() answer { return b.send(b.page("/account/delete"), "/account/delete", nil) }, "/account/delete"},
	} {
		a := act.do()
		if a.StatusCode != http.StatusSeeOther || a.location() != "/reauthenticate?return_to="+escape(act.leads) {
			t.Fatalf("%s: %d %s\n%s", act.name, a.StatusCode, a.location(), a.body)
		}
		page := b.page(a.location())
		wrong := b.send(page, "/reauthenticate", map[string]string{"password": "wrong"})
		if wrong.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(wrong.body, "field-password-error") {
			t.Errorf("%s: a wrong password answers %d", act.name, wrong.StatusCode)
		}
		a = b.send(wrong, "/reauthenticate", map[string]string{"password": goodPassword})
		if act.leads == "/account/export" {
			if a.StatusCode != http.StatusOK || !strings.Contains(a.body, `content="0;url=/account/export"`) {
				t.Errorf("%s: %d\n%s", act.name, a.StatusCode, a.body)
			}
		} else if a.location() != act.leads {
			t.Errorf("%s leads to %s, want %s", act.name, a.location(), act.leads)
		}
		if act.name != "deleting" {
			later.Add(int64(11 * time.Minute))
		}
	}
	a := b.send(b.page("/account/delete"), "/account/delete", nil)
	if a.location() != "/login?notice=account_deleted" || h.browser().login("mia@example.com", goodPassword).StatusCode != http.StatusUnauthorized {
		t.Errorf("deleting: %d %s", a.StatusCode, a.location())
	}
}

func TestAnotherAddressIsConfirmedByItsLink(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.member("mia@example.com")
	b.send(b.page("/account"), "/account/email", map[string]string{"email": "new@example.com"})
	link := h.mailed("new@example.com", "/account/email/confirm")
	page := b.follow(link)
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "new@example.com") {
		t.Fatalf("the link: %d\n%s", page.StatusCode, page.body)
	}
	if a := b.send(page, "/account/email/confirm", nil); a.location() != "/account?notice=email_changed#address" {
		t.Errorf("%d %s\n%s", a.StatusCode, a.location(), a.body)
	}
	if a := b.page("/account"); !strings.Contains(a.body, `<strong class="address">new@example.com</strong>`) {
		t.Errorf("the account:\n%s", a.body)
	}
}
