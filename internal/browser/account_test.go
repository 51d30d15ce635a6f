package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

func TestProfile(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		p := h.person().login("mia@example.com", secret).held("name", "Mia")
		p.write("Name", `Mia "M" <b>Gärtner</b>`).press("Save").sees("/account", "Your account").told("Saved.").held("name", `Mia "M" <b>Gärtner</b>`)
		p.write("Name", strings.Repeat("m", 1000)).press("Save").refused("This is too long").focused("name")
		p.open("/account").held("name", `Mia "M" <b>Gärtner</b>`)
	})
}

func TestChangeOfPassword(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		other := h.person().login("mia@example.com", secret)
		p := h.person().login("mia@example.com", secret)
		p.write("Current password", another).write("New password", another).press("Change the password").sees("/account/password", "Your account")
		p.refused("This is not right. Please try again.").focused("current_password").held("current_password", "").held("password", "")
		p.write("Current password", secret).write("New password", another).press("Change the password").sees("/account", "Your account")
		p.told("Your password was changed, and all other devices were signed out.").open("/account").sees("/account", "Your account")
		other.open("/account").sees("/login", "Sign in")
		other.login("mia@example.com", secret).refused("That did not match").login("mia@example.com", another).sees("/account", "Your account")
	})
}

// wants asks for another address and waits until that is to be seen.
func (p *person) wants(email string) *person {
	p.t.Helper()
	p.write("New email address", email).press("Change the address").sees("/account", "Your account").told("Open the link that we mailed to the new address")
	p.wait("the wish", func() bool {
		p.open("/account")
		return look[bool](p, `!!document.querySelector(".pending")`)
	})
	return p.reads(".pending", email)
}

func TestChangeOfAddress(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		p := h.person().login("mia@example.com", secret)
		p.write("New email address", "no address").press("Change the address").refused("There is a space in it.").focused("email").held("email", "no address")
		p.wants("new@example.com")
		link := p.link(p.mail("new@example.com", "Confirm your new address"), "/account/email/confirm")

		// In another browser the log-in comes first, and the link is not lost over it.
		q := h.person().open(link).sees("/login", "Sign in").identify("mia@example.com", secret).press("Sign in")
		q.sees("/account/email/confirm", "Use the new address?").reads("main", "new@example.com")

		p.open(link).sees("/account/email/confirm", "Use the new address?").reads("main", "new@example.com")
		p.press("Use this address").sees("/account", "Your account").told("Your address was changed.").reads("#address", "new@example.com")
		p.mail("mia@example.com", "Your email address at Acorn was changed")
		q.press("Use this address").sees("/account/email/confirm", "This link does not work")
		r := h.person().login("mia@example.com", secret).refused("That did not match")
		r.login("new@example.com", secret).sees("/account", "Your account")
	})
}

func TestAChangeOfAddressIsCancelled(t *testing.T) {
	journey(t, func(t *testing.T, h *house) {
		h.account("mia@example.com")
		h.account("eva@example.com")
		p := h.person().login("mia@example.com", secret).wants("new@example.com")
		link := p.link(p.mail("new@example.com", "Confirm your new address"), "/account/email/confirm")
		h.person().login("eva@example.com", secret).open(link).sees("/account/email/confirm", "Not allowed") // F-083
		p.press("Do not change it").sees("/account", "Your account").told("Your address stays as it is.")
		if look[bool](p, `!!document.querySelector(".pending")`) {
			t.Error("the wish is still there")
		}
		p.open(link).sees("/account/email/confirm", "This link does not work")
		p.open("/account").reads("#address", "mia@example.com")
	})
}

// others are the devices that can be signed out.
func (p *person) others() int {
	p.t.Helper()
	return look[int](p, `document.querySelectorAll("#devices li button").length`)
}

func TestDevices(t *testing.T) {
	journey(t, func(t *testing.T, h *house) {
		h.account("mia@example.com")
		a, b := h.person().login("mia@example.com", secret), h.person().login("mia@example.com", secret)
		p := h.person().login("mia@example.com", secret)
		if n := p.others(); n != 2 {
			t.Fatalf("there are %d other devices\n%s", n, p.page())
		}
		item := look[int](p, `[...document.querySelectorAll("#devices li")].findIndex(e => e.querySelector("button"))`) + 1
		p.pressIn(fmt.Sprintf("#devices li:nth-child(%d)", item), "Sign out").sees("/account", "Your account").told("The device was signed out.")
		in := func(q *person) bool {
			return look[string](q.open("/account"), `document.querySelector("h1").innerText`) == "Your account"
		}
		if first, second := in(a), in(b); first == second || p.others() != 1 {
			t.Errorf("one device was signed out, and in are: %v %v", first, second)
		}
		h.person().login("mia@example.com", secret)
		p.open("/account").press("Sign out all other devices").sees("/account", "Your account").told("All other devices were signed out.")
		if in(a) || in(b) || p.others() != 0 || !in(p) {
			t.Error("all others were signed out, and somebody is still in")
		}
	})
}

// downloads does what leads to a file, and reads it.
func (p *person) downloads(name string, do func()) []byte {
	p.t.Helper()
	dir := p.t.TempDir()
	c := chromedp.FromContext(p.ctx)
	if _, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: c.BrowserContextID, DownloadPath: dir,
	}); err != nil {
		p.t.Fatal(err)
	}
	do()
	var content []byte
	p.wait("the file "+name, func() (there bool) {
		var err error
		content, err = os.ReadFile(filepath.Join(dir, name))
		return err == nil && json.Valid(content)
	})
	return content
}

// What cannot be undone, or gives everything away, asks again when the log-in is long ago (ASVS 7.5.1).
func TestExportWithTheSecondLook(t *testing.T) {
	journey(t, func(t *testing.T, h *house) {
		h.account("mia@example.com")
		p := h.person().login("mia@example.com", secret)
		fresh := p.downloads("account.json", func() { p.click("main", "Download your data") })
		h.pass(11 * minute)
		p.open("/account").press("Download your data").sees("/reauthenticate", "Is it still you?")
		p.write("Password", another).press("Go on").sees("/reauthenticate", "Is it still you?").refused("This is not right.").focused("password")
		later := p.downloads("account.json", func() { p.write("Password", secret).press("Go on").sees("/reauthenticate", "Your download begins") })
		for _, file := range [][]byte{fresh, later} {
			if !strings.Contains(string(file), "mia@example.com") || strings.Contains(string(file), "argon2") {
				t.Errorf("the file has\n%s", file)
			}
		}
		p.press("Back to your account").sees("/account", "Your account")
	})
}

func TestChangeOfAddressWithTheSecondLook(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		p := h.person().login("mia@example.com", secret)
		h.pass(11 * minute)
		p.open("/account").press("Change the address").sees("/reauthenticate", "Is it still you?")
		p.write("Password", secret).press("Go on").sees("/account", "Your account").wants("new@example.com")
	})
}

func TestDeleteTheAccount(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		other := h.person().login("mia@example.com", secret)
		p := h.person().login("mia@example.com", secret).press("Delete the account …").sees("/account/delete", "Delete your account?")
		p.press("Keep the account").sees("/account", "Your account").press("Delete the account …")
		h.pass(11 * minute)
		p.press("Delete my account for good").sees("/reauthenticate", "Is it still you?")
		p.write("Password", secret).press("Go on").sees("/account/delete", "Delete your account?").reads("main", "mia@example.com")
		p.press("Delete my account for good").sees("/login", "Sign in").told("Your account was deleted.")
		p.mail("mia@example.com", "Your Acorn account was deleted")
		p.login("mia@example.com", secret).refused("That did not match")
		other.open("/account").sees("/login", "Sign in")
	})
}
