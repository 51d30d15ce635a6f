package browser

import (
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
)

// signUp fills in the sign-up and sends it.
func (p *person) signUp(email string) *person {
	p.t.Helper()
	p.open("/signup").sees("/signup", "Sign up")
	p.write("Email address", email).write("Name (optional)", "Mia").write("Password", secret)
	return p.press("Sign up").sees("/signup", "Check your mail").reads("main", email)
}

// confirms opens the link of a sign-up.
func (p *person) confirms(email string) *person {
	p.t.Helper()
	return p.open(p.link(p.mail(email, "Confirm your address"), "/verify")).sees("/verify", "Confirm your address").reads("main", email)
}

// account makes an account as an operator does, where the sign-up is not the point.
func (h *house) account(email string) {
	h.t.Helper()
	if _, err := h.Flow().CreateUser(h.t.Context(), flow.NewUser{Email: email, Name: "Mia", Password: secret, Verified: true}); err != nil {
		h.t.Fatal(err)
	}
}

func TestSignUpAndConfirmInTheSameBrowser(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		p := h.person()
		p.open("/").sees("/login", "Sign in").press("Sign up").sees("/signup", "Sign up")
		p.signUp("mia@example.com").confirms("mia@example.com")
		p.press("Confirm my address").sees("/account", "Your account").told("Welcome. Your account is ready.")
		p.reads("#address", "mia@example.com").reads("#address", "confirmed").reads("#devices", "this device")
	})
}

func TestConfirmInAnotherBrowserAsksForThePasswordOfTheSignUp(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		here, there := h.person(), h.person()
		here.signUp("mia@example.com")
		there.confirms("mia@example.com").reads("main", "You opened the link in another browser")
		there.press("Confirm my address").refused("Please fill this in.")
		there.write("Password you chose when you signed up", another).press("Confirm my address").sees("/verify", "Confirm your address")
		there.refused("That did not match").held("password", "")
		there.write("Password you chose when you signed up", secret).press("Confirm my address").sees("/account", "Your account")
		here.open("/account").sees("/login", "Sign in") // the browser that signed up was not signed in by it
	})
}

func TestConfirmInAnotherBrowserWithANewPassword(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		h.person().signUp("mia@example.com")
		p := h.person().confirms("mia@example.com")
		p.click("main", "I do not remember it, or it was not me who signed up")
		p.write("New password", "short").press("Confirm with a new password").refused("too short").focused("new_password")
		p.write("New password", another).press("Confirm with a new password").sees("/account", "Your account")
		p.held("name", "") // all that the sign-up chose is dropped, the name too
		stranger := h.person().login("mia@example.com", secret)
		stranger.refused("That did not match").login("mia@example.com", another).sees("/account", "Your account")
	})
}

func TestASignUpIsCancelled(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		h.person().signUp("mia@example.com")
		owner := h.person()
		l := owner.mail("mia@example.com", "Confirm your address")
		owner.open(owner.link(l, "/signup/cancel")).sees("/signup/cancel", "Was this not you?").reads("main", "mia@example.com")
		owner.press("Cancel the sign-up").sees("/login", "Sign in").told("The sign-up was cancelled.")
		owner.open(owner.link(l, "/verify")).sees("/verify", "This link does not work")
	})
}

func TestTheLinkIsSentAgain(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		p := h.person().signUp("mia@example.com")
		p.mail("mia@example.com", "Confirm your address") // lost
		h.pass(6 * minute)                                // a link is sent again every 5 minutes at most
		p.press("Send it again").sees("/signup", "Check your mail").told("its link was sent again").reads("main", "mia@example.com")
		p.confirms("mia@example.com").press("Confirm my address").sees("/account", "Your account")
	})
}

// the page says the same for an address that has an account; its owner is told by mail.
func TestSignUpWithATakenAddress(t *testing.T) {
	on(t, few, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		p := h.person().signUp("mia@example.com")
		p.mail("mia@example.com", "You already have an account")
		p.open("/account").sees("/login", "Sign in")
	})
}

// What is wrong is said in one place that is read aloud, the first wrong field has the focus, and what was typed is kept, but for passwords.
func TestWhatIsWrongWithASignUp(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		p := h.person().open("/signup")
		p.press("Sign up").sees("/signup", "Sign up").refused("Almost there").reads("[role=alert]", "Email address")
		p.focused("email").reads("#field-email-error", "Please fill this in.").reads("#field-password-error", "Please fill this in.")
		p.write("Email address", "mia@").write("Name (optional)", "Mia Gärtner").write("Password", "correct-horse-battery-mia-g").press("Sign up")
		p.refused("There is nothing after the @.").focused("email").held("email", "mia@").held("name", "Mia Gärtner").held("password", "")
		p.write("Email address", "mia@example.com").write("Password", "password").press("Sign up").focused("password").reads("#field-password-error", "stolen passwords")
		p.held("email", "mia@example.com").held("password", "")
		p.write("Password", secret).press("Sign up").sees("/signup", "Check your mail")
	})
}

func TestUsernames(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		p := h.person().open("/signup")
		p.write("Email address", "mia@example.com").write("Username (optional)", "m").write("Password", secret).press("Sign up")
		p.refused("Use 3 to 32 letters or digits").focused("username").held("username", "m")
		p.write("Username (optional)", "Mia.G").write("Password", secret).press("Sign up").sees("/signup", "Check your mail")
		p.confirms("mia@example.com").press("Confirm my address").sees("/account", "Your account").reads("#profile", "Mia.G")
		p.pressIn("header", "Sign out")
		p.login("mia.g", secret).sees("/account", "Your account").pressIn("header", "Sign out")
		p.login("MIA@example.com", secret).sees("/account", "Your account")
	}, func(c *config.Config) { c.Identifiers = []string{"email", "username"} })
}

// F-083: a link that belongs to somebody else than who is signed in changes nothing, and says so.
func TestALinkInSomebodyElsesSession(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		h.person().signUp("eva@example.com")
		p := h.person().login("mia@example.com", secret)
		p.open(p.link(p.mail("eva@example.com", "Confirm your address"), "/verify")).sees("/verify", "Somebody else is signed in")
		p.reads("main", "eva@example.com").reads("main", "mia@example.com").press("Sign out and go on").sees("/verify", "Confirm your address")
		p.write("Password you chose when you signed up", secret).press("Confirm my address").sees("/account", "Your account")
		p.reads("#address", "eva@example.com")
	})
}
