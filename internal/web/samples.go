package web

import (
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

const (
	sampleName      = "Ana Duarte"
	sampleEmail     = "ana@example.com"
	sampleDevice    = "Firefox (Linux)"
	sampleReference = "7F3K-9QWM"
	// What people have that designs forget: an address and a name that nothing can be put beside.
	longEmail = "wolfeschlegelsteinhausenbergerdorff.the-third@subsidiary.of.a-very-long-company-name.example.com"
	longName  = "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff Sr. of the House of Longnames"
)

// sampleTime is when something happened. The table is made before anybody looks at it, so it is a fixed one.
var sampleTime = time.Date(2026, time.May, 3, 10, 2, 0, 0, time.UTC)

// states is the table. The order is that of a visitor's way through the pages.
var states = []state{
	{name: "login"},
	{name: "login.empty", fault: invalid("identifier", "required", "password", "required"), typed: typed("identifier", "")},
	{name: "login.wrong", fault: fault(message.InvalidCredentials), typed: typed("identifier", sampleEmail)},
	{name: "login.slips", typed: typed("identifier", "ana@gmial.com"), fault: &message.Fault{Code: message.InvalidCredentials, Fields: []message.Field{
		{Name: "identifier", Code: "typo", Suggestion: "ana@gmail.com"}, {Name: "password", Code: "edge_spaces"}}}},
	{name: "login.known_device", typed: typed("identifier", sampleEmail), fault: &message.Fault{Code: message.InvalidCredentials, Hint: "known_device",
		Args: map[string]any{"changed_at": sampleTime}}},
	{name: "login.limited", fault: &message.Fault{Code: message.RateLimited, Reason: "login", RetryAfter: 42 * time.Second}, typed: typed("identifier", sampleEmail)},
	{name: "login.busy", fault: &message.Fault{Code: message.Overloaded, RetryAfter: 5 * time.Second}, typed: typed("identifier", sampleEmail)},
	{name: "login.stale", fault: hint(message.CrossOrigin, "form_token"), typed: typed("identifier", sampleEmail)},
	{name: "login.disabled", fault: fault(message.AccountDisabled), typed: typed("identifier", sampleEmail)},
	{name: "login.cookies", fault: hint(message.CrossOrigin, "cookies_blocked"), typed: typed("identifier", sampleEmail)},
	{name: "login.over", notice: "session_over_idle"},
	{name: "login.password_changed", notice: "session_over_password_changed"},
	{name: "login.reset", notice: "password_reset"},
	{name: "login.username", change: usernames, fault: &message.Fault{Code: message.InvalidCredentials, Reason: "either"}, typed: typed("identifier", "ana")},

	{name: "signup", data: open},
	{name: "signup.username", change: usernames, data: open},
	{name: "signup.weak", fault: invalid("password", "weak_password"), typed: typed("email", sampleEmail, "name", sampleName), data: open},
	{name: "signup.wrong", change: usernames, data: open, typed: typed("email", "ana.example.com", "username", "a b", "name", sampleName),
		fault: &message.Fault{Code: message.InvalidFields, Fields: []message.Field{{Name: "email", Code: "invalid_email", Reason: "no_at"},
			{Name: "username", Code: "invalid_username"}, {Name: "password", Code: "contains_personal_info"}}}},
	{name: "signup.short", data: open, typed: typed("email", sampleEmail), fault: &message.Fault{Code: message.InvalidFields, Fields: []message.Field{
		{Name: "password", Code: "password_too_short", Args: map[string]any{"min": 8}}, {Name: "password", Code: "breached_password"}}}},
	{name: "signup.long", typed: typed("email", longEmail, "name", longName), fault: invalid("name", "too_long"), data: open},
	{name: "signup.fields", change: siteOwn, data: open},
	{name: "signup.fields_wrong", change: siteOwn, data: open, typed: typed("email", sampleEmail, "name", sampleName, "fields.news", "1"),
		fault: invalid("fields.company", "required", "fields.country", "required", "fields.terms", "required")},
	{name: "signup.closed", fault: fault(message.SignupClosed), data: func(*view) any { return signUpData{} }},
	{name: "signup_sent", data: sentTo(sampleEmail)},
	{name: "signup_sent.typo", data: sent(sentData{Email: "ana@gmial.com", Suggestion: "ana@gmail.com"})},
	{name: "signup_sent.again", notice: "sent_again", data: sentTo(longEmail)},
	{name: "signup_sent.wrong", fault: invalid("email", "invalid_email"), typed: typed("email", "ana"), data: sentTo("")},

	{name: "verify", data: link(flow.Link{Email: sampleEmail})},
	{name: "verify.elsewhere", data: link(flow.Link{Email: sampleEmail, NeedsPassword: true, HasPassword: true})},
	{name: "verify.wrong", data: link(flow.Link{Email: sampleEmail, NeedsPassword: true, HasPassword: true}), fault: invalid("password", "incorrect")},
	{name: "verify.first", data: link(flow.Link{Email: longEmail, NeedsPassword: true})},
	{name: "verify.fields", change: siteOwn, data: link(flow.Link{Email: sampleEmail, NeedsPassword: true, HasPassword: true}),
		fault: invalid("fields.terms", "required"), typed: typed("fields.company", sampleName)},
	{name: "verify_other", member: true, data: link(flow.Link{Email: "bo@example.com", Other: true}), fault: fault(message.Conflict)},
	{name: "cancel", data: link(flow.Link{Email: sampleEmail})},

	{name: "forgot"},
	{name: "forgot.wrong", fault: invalid("email", "invalid_email"), typed: typed("email", "ana@example")},
	{name: "forgot.limited", fault: &message.Fault{Code: message.RateLimited, RetryAfter: 20 * time.Minute}, typed: typed("email", sampleEmail)},
	{name: "forgot_sent", data: sentTo(sampleEmail)},
	{name: "forgot_sent.known_device", data: sent(sentData{Email: sampleEmail, SentTo: "a…@example.com", Again: 48 * time.Second})},
	{name: "forgot_sent.typo", data: sent(sentData{Email: "ana@gmial.com", Suggestion: "ana@gmail.com"})},
	{name: "reset", data: link(flow.Link{Email: sampleEmail})},
	{name: "reset.leaked", data: link(flow.Link{Email: sampleEmail}), fault: invalid("password", "breached_password")},
	{name: "link.expired", data: dead("reset"), fault: gone("expired", "", "ago", 12*time.Minute)},
	{name: "link.newer", data: dead("reset"), fault: gone("expired", "newer", "ago", 12*time.Minute, "newer_at", sampleTime)},
	{name: "link.used", data: dead("verify"), fault: gone("used", "device", "used_at", sampleTime, "device", sampleDevice)},
	{name: "link.void", data: dead("reset"), fault: gone("used", "password_changed", "void_at", sampleTime)},
	{name: "link.used_signed_in", member: true, data: func(*view) any { return deadLink{"verify", true} }, fault: gone("used", "device", "used_at", sampleTime, "device", sampleDevice)},
	{name: "link.cut", data: dead("reset"), fault: hint(message.LinkExpired, "malformed")},
	{name: "link.unknown", data: dead("verify"), fault: hint(message.LinkExpired, "unknown")},
	{name: "link.cancel", data: dead("cancel"), fault: hint(message.LinkExpired, "used")},
	{name: "link.email", member: true, data: dead("email"), fault: hint(message.LinkExpired, "unknown")},

	{name: "account", member: true, data: account(nil)},
	{name: "account.welcome", member: true, notice: "welcome", data: account(nil)},
	{name: "account.stale", member: true, data: account(func(a *accountData) { a.Fresh, a.Devices = false, a.Devices[:1] })},
	{name: "account.pending", member: true, notice: "email_sent", data: account(func(a *accountData) { a.PendingEmail = longEmail })},
	{name: "account.wrong", member: true, data: account(nil), typed: typed("name", sampleName),
		fault: invalid("current_password", "incorrect", "password", "weak_password")},
	{name: "account.address", member: true, data: account(nil), typed: typed("email", "ana@"), fault: invalid("email", "invalid_email")},
	{name: "account.long", member: true, user: unusual, data: account(func(a *accountData) {
		a.User.Email, a.User.Name, a.User.Username, a.User.EmailVerified = longEmail, longName, strings.Repeat("w", 32), false
	})},
	{name: "account.fields", member: true, change: siteOwn, data: account(filledIn)},
	{name: "account.fields_wrong", member: true, change: siteOwn, data: account(filledIn), typed: typed("fields.company", longName+longName),
		fault: invalid("fields.company", "too_long", "fields.terms", "outdated")},
	{name: "email_confirm", member: true, data: link(flow.Link{Email: "ana@example.org"})},
	{name: "delete", member: true},
	{name: "reauthenticate", member: true},
	{name: "reauthenticate.wrong", member: true, fault: invalid("password", "incorrect")},
	{name: "logout", member: true},
	{name: "logout.done"},
	{name: "onward.download", member: true, data: func(*view) any { return onwardData{"#", true} }},

	{name: "problem.not_found", fault: fault(message.NotFound), data: noPage},
	{name: "problem.forbidden", member: true, fault: fault(message.Forbidden), data: noPage},
	{name: "problem.cross_origin", fault: fault(message.CrossOrigin), data: noPage},
	{name: "problem.stale", member: true, fault: hint(message.CrossOrigin, "form_token"), data: func(*view) any { return "/account" }},
	{name: "problem.unavailable", fault: &message.Fault{Code: message.Unavailable, RetryAfter: 5 * time.Second}, data: noPage},
	{name: "problem.internal", fault: fault(message.Internal), data: noPage},

	{name: "dev_mail", data: letters},
	{name: "dev_mail.empty", data: func(*view) any { return []letter(nil) }},
	{name: "dev_open", data: func(*view) any { return "sample" }},
}

func fault(code message.Code) *message.Fault { return &message.Fault{Code: code} }

func hint(code message.Code, hint string) *message.Fault {
	return &message.Fault{Code: code, Hint: hint}
}

// invalid takes field, code, field, code …
func invalid(pairs ...string) *message.Fault {
	f := &message.Fault{Code: message.InvalidFields}
	for i := 0; i < len(pairs); i += 2 {
		f.Fields = append(f.Fields, message.Field{Name: pairs[i], Code: pairs[i+1]})
	}
	return f
}

// typed takes field, value, field, value …
func typed(pairs ...string) map[string]string {
	form := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		form[pairs[i]] = pairs[i+1]
	}
	return form
}

// gone is a link that no longer works, and takes name, value, name, value … of what is told of it.
func gone(hint, reason string, args ...any) *message.Fault {
	f := &message.Fault{Code: message.LinkExpired, Hint: hint, Reason: reason, Args: map[string]any{}}
	for i := 0; i < len(args); i += 2 {
		f.Args[args[i].(string)] = args[i+1]
	}
	return f
}

func usernames(c *config.Config) { c.Identifiers = []string{store.KindEmail, store.KindUsername} }

func open(*view) any { return signUpData{Open: true} }

func noPage(*view) any { return "" }

func sentTo(email string) func(*view) any { return sent(sentData{Email: email}) }

func sent(data sentData) func(*view) any {
	data.Valid, data.From = 24*time.Hour, "login@example.com"
	return func(*view) any { return data }
}

func link(l flow.Link) func(*view) any {
	return func(*view) any { return linkData{Token: "sample", Link: l} }
}

func dead(kind string) func(*view) any {
	return func(*view) any { return deadLink{Kind: kind} }
}

func sampleSession(now time.Time) *session.Session {
	u := &store.User{
		ID: "01999999-0000-7000-8000-000000000001", State: store.StateActive, Name: sampleName, Email: sampleEmail, EmailVerified: true,
		CreatedAt: now.AddDate(-1, -2, 0), Roles: []string{"editor"},
	}
	return &session.Session{Session: store.Session{ID: "here", UserID: u.ID, SeenAt: now}, User: u, FreshUntil: now.Add(10 * time.Minute)}
}

// unusual is somebody whose address breaks lines, in the page's head too.
func unusual(s *session.Session) { s.User.Email = longEmail }

func account(change func(*accountData)) func(*view) any {
	return func(d *view) any {
		now := d.visit.Now
		here := sampleSession(now)
		here.DeviceLabel, here.DeviceAddr = sampleDevice, "198.51.100.7"
		other := func(id, label, addr string, ago time.Duration) device {
			return device{&session.Session{Session: store.Session{ID: id, DeviceLabel: label, DeviceAddr: addr, SeenAt: now.Add(-ago)}}, false}
		}
		a := accountData{User: here.User, Fresh: true, Devices: []device{
			{here, true}, other("phone", "Safari (iPhone)", "203.0.113.20", 3*time.Hour), other("old", "", "2001:db8:85a3:8d3:1319:8a2e:370:7348", 9*24*time.Hour),
		}}
		if change != nil {
			change(&a)
		}
		return a
	}
}

// siteOwn are fields as a site may declare them.
func siteOwn(c *config.Config) {
	label := func(text string) config.Label { return config.Label{"": text} }
	c.SignupFields = config.SignupFields{
		{Name: "company", Kind: config.FieldText, Label: label("Company"), Required: true},
		{Name: "country", Kind: config.FieldChoice, Label: label("Country"), Required: true, Options: []config.SignupOption{
			{Value: "fr", Label: label("France")}, {Value: "de", Label: label("Germany")},
		}},
		{Name: "terms", Kind: config.FieldConsent, Label: label("I agree to the terms of use."), Required: true, Link: "https://example.com/terms", Version: "2026-09"},
		{Name: "news", Kind: config.FieldConsent, Label: label("Send me news once a month."), Version: "1"},
	}
}

// filledIn is what somebody filled into them: the terms have changed since, and the country is asked for only lately.
func filledIn(a *accountData) {
	var c config.Config
	siteOwn(&c)
	for _, f := range c.SignupFields {
		own := flow.OwnField{SignupField: f}
		switch f.Name {
		case "company":
			own.Value = longName
		case "terms":
			own.Given = store.UserField{Name: f.Name, Version: "2026-05", At: a.User.CreatedAt}
		case "news":
			own.Given = store.UserField{Name: f.Name, Version: f.Version, At: a.User.CreatedAt}
		}
		a.Own = append(a.Own, own)
	}
}

// letters are mails as the site would send them.
func letters(d *view) any {
	var all []letter
	for i, kind := range []mail.Kind{mail.Verify, mail.Reset, mail.PasswordChanged} {
		m, err := d.pages.sampleMail(kind, d.visit)
		if err != nil {
			return []letter(nil)
		}
		sent := d.visit.Now.Add(-time.Duration(i) * 5 * time.Minute)
		all = append(all, letter{mail.Delivered{ID: string(kind), To: m.To, From: m.From, Subject: m.Subject, Text: m.Text, SentAt: sent}, pieces(m.Text)})
	}
	return all
}
