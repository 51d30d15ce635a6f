package main

import "github.com/gatehouse-auth/gatehouse/internal/web"

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

// telling are the pictures that show what there is to see: every page as it opens and at its worst, and each of the two on one kind of screen in
// light and on the other in dark.
var telling = pairs(
	"login", "login.wrong", "login.limited", "login.over", "login.username",
	"signup", "signup.wrong", "signup.short", "signup.closed", "signup_sent", "signup_sent.wrong",
	"verify", "verify.elsewhere", "verify.wrong", "verify_other", "cancel",
	"forgot", "forgot.wrong", "forgot_sent", "reset", "reset.leaked", "link.expired", "link.used", "link.cut",
	"account", "account.wrong", "account.long", "delete", "reauthenticate.wrong", "email_confirm", "logout", "logout.done",
	"problem.not_found", "problem.unavailable", "dev_mail", "dev_mail.empty", "mail.verify", "mail.password_changed",
)

func pairs(states ...string) (all []shot) {
	for i, state := range states {
		all = append(all, shot{state, i%2 == 0, false, "en"}, shot{state, i%2 == 1, true, "en"})
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
