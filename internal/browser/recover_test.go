package browser

import "testing"

// forgets asks for a new password and opens the link.
func (p *person) forgets(email string) *person {
	p.t.Helper()
	p.open("/login").press("Forgot your password?").sees("/forgot", "Forgot your password?")
	p.write("Email address", email).press("Send the link").sees("/forgot", "Check your mail for a link").reads("main", email)
	return p.open(p.link(p.mail(email, "Set a new password"), "/reset")).sees("/reset", "Choose a new password").reads("main", email)
}

func TestAForgottenPassword(t *testing.T) {
	journey(t, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		other := h.person().login("mia@example.com", secret).sees("/account", "Your account")
		p := h.person().forgets("mia@example.com")
		p.write("New password", "short").press("Set the new password").sees("/reset", "Choose a new password")
		p.refused("too short").focused("password").held("password", "") // and the link still works
		p.write("New password", another).press("Set the new password").sees("/login", "Sign in").told("Your password was changed.")
		p.mail("mia@example.com", "Your Acorn password was changed")
		p.identify("mia@example.com", secret).press("Sign in").refused("That did not match")
		p.write("Password", another).press("Sign in").sees("/account", "Your account")
		other.open("/login").sees("/login", "Sign in").told("You were signed out because a new password was set by mail.")
	})
}

// an address without an account is told the same.
func TestForgottenByAStranger(t *testing.T) {
	on(t, few, func(_ *testing.T, h *house) {
		p := h.person().open("/forgot").press("Send the link").refused("Please fill this in.").focused("email")
		p.write("Email address", "nobody@example.com").press("Send the link").sees("/forgot", "Check your mail for a link").reads("main", "nobody@example.com")
	})
}

// «It was not me» under a changed password leads to a new one.
func TestItWasNotMe(t *testing.T) {
	on(t, few, func(_ *testing.T, h *house) {
		h.account("mia@example.com")
		thief := h.person().login("mia@example.com", secret)
		thief.write("Current password", secret).write("New password", another).press("Change the password").told("Your password was changed")
		p := h.person()
		p.open(p.mail("mia@example.com", "Your Acorn password was changed").links[0])
		p.sees("/forgot", "Forgot your password?")
		p.forgets("mia@example.com").write("New password", secret).press("Set the new password").sees("/login", "Sign in")
		thief.open("/account").sees("/login", "Sign in")
	})
}
