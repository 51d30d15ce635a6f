package main

import (
	"slices"

	"github.com/gatehouse-auth/gatehouse/internal/web"
)

// shot is one picture.
type shot struct {
	state       string
	phone, dark bool
	lang        string
}

// name is the picture's file without its ending: login.wrong-phone-dark-ar.
func (s shot) name() string {
	name := s.state + "-desktop"
	if s.phone {
		name = s.state + "-phone"
	}
	if s.dark {
		name += "-dark"
	}
	if s.lang != "en" {
		name += "-" + s.lang
	}
	return name
}

// telling are the pictures that show what there is to see: every page as it opens and at its worst, on one kind of screen in light and on the
// other in dark, and some from right to left and in letters of other kinds.
var telling = slices.Concat(
	pairs("login", "login.slips", "login.limited", "signup", "signup.wrong", "signup_sent", "verify.elsewhere", "forgot.wrong", "forgot_sent.typo",
		"reset", "reset.leaked", "link.expired", "link.used", "account", "account.wrong", "account.long", "problem.unavailable", "dev_mail", "mail.verify"),
	single("login.wrong", "login.password_changed", "login.cookies", "signup.fields_wrong", "signup.closed", "verify_other", "cancel", "reauthenticate.wrong",
		"email_confirm", "delete", "logout", "logout.done", "problem.not_found", "dev_mail.empty", "mail.password_changed"),
	[]shot{
		{"login.wrong", true, false, "ar"}, {"signup.wrong", false, true, "ar"}, {"account", true, false, "ar"}, {"mail.reset", true, false, "ar"},
		{"login.limited", true, true, "ja"}, {"signup", false, false, "ja"}, {"account.wrong", true, false, "de"}, {"link.used", true, false, "es"},
	},
)

// pairs are two pictures of each state that differ in all there is.
func pairs(states ...string) (all []shot) {
	for i, state := range states {
		all = append(all, shot{state, i%2 == 0, false, "en"}, shot{state, i%2 == 1, true, "en"})
	}
	return all
}

// single is one picture of each state, in turn of four looks.
func single(states ...string) (all []shot) {
	for i, state := range states {
		all = append(all, shot{state, i%2 == 0, i%4 > 1, "en"})
	}
	return all
}

// everything is every state in every look.
func everything() (all []shot) {
	for _, state := range web.States() {
		for _, phone := range []bool{false, true} {
			for _, dark := range []bool{false, true} {
				all = append(all, shot{state, phone, dark, "en"})
			}
		}
	}
	return all
}
