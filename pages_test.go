package gatehouse_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-auth/gatehouse"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// pages is a person at the pages: what a step or a refusal is, they know from where they are sent and from what stands there to read.
type pages struct{ *browser }

// post fills in a form as its page would, with the form token that the browser got.
func (p *pages) post(path string, form map[string]string) answer {
	values := url.Values{"csrf": {p.formToken()}}
	for name, value := range form {
		values.Set(name, value)
	}
	return p.ask(http.MethodPost, path, "application/x-www-form-urlencoded", values.Encode())
}

var formToken = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// formToken is the token of a page that has a form for everybody.
func (p *pages) formToken() string {
	p.h.t.Helper()
	if found := formToken.FindStringSubmatch(p.ask(http.MethodGet, "/forgot", "", "").body); found != nil {
		return found[1]
	}
	return "" // the store is down: the page is not there
}

// goesTo is where an answer leads, below the prefix, and the notice that is shown there.
func (p *pages) goesTo(a answer) (path, notice, returnTo string) {
	u, err := url.Parse(strings.TrimPrefix(a.location(), p.h.Settled().PathPrefix))
	must(p.h.t, err)
	notice, _, _ = strings.Cut(u.Query().Get("notice"), ".") // without the code that binds it to the browser
	return u.Path, notice, a.location()
}

var refresh = regexp.MustCompile(`http-equiv="refresh" content="0;url=([^"]+)"`)

// came is the result of a form that comes to a step: it leads to the path, with the notice.
func (p *pages) came(a answer, step, path, notice string) result {
	p.h.t.Helper()
	if r, refused := p.refused(a); refused {
		return r
	}
	if to, told, _ := p.goesTo(a); to != path || told != notice {
		return result{step: "went to " + a.location()}
	}
	return result{step: step}
}

// enters is the result of a form that signs in: it leads to the account or to where the person wanted to go.
func (p *pages) enters(a answer, step, notice string) result {
	p.h.t.Helper()
	if r, refused := p.refused(a); refused {
		return r
	}
	if found := refresh.FindStringSubmatch(a.body); found != nil { // to another origin, by a page that leads on
		return result{step: step, returnTo: html.UnescapeString(found[1])}
	}
	path, told, to := p.goesTo(a)
	if path == "/account" && told == notice {
		to = ""
	}
	return result{step: step, returnTo: to}
}

// refused reports whether an answer is a refusal, and which.
func (p *pages) refused(a answer) (r result, refused bool) {
	p.h.t.Helper()
	switch path, notice, _ := p.goesTo(a); {
	case a.StatusCode == http.StatusSeeOther && path == "/login" && (notice == "" || strings.HasPrefix(notice, "session_over")):
		hint := strings.TrimPrefix(strings.TrimPrefix(notice, "session_over"), "_")
		return result{status: http.StatusUnauthorized, code: "unauthenticated", hint: hint}, true
	case a.StatusCode == http.StatusSeeOther && path == "/reauthenticate":
		return result{status: http.StatusForbidden, code: "reauthentication_required"}, true
	case a.StatusCode < 400:
		return r, false
	}
	r = read(a.body)
	r.status, r.wait = a.StatusCode, a.Header.Get("Retry-After")
	return r, true
}

var (
	refusalText = regexp.MustCompile(`(?s)<p class="news-title">(.*?)</p>\s*<p>(.*?)</p>|<h1>(.*?)</h1>\s*<p role="alert">(.*?)</p>`)
	heading     = regexp.MustCompile(`<h1>(.*?)</h1>`)
	wrongField  = regexp.MustCompile(`(?s)<div class="error" id="field-([a-z_]+)-error">(.*?)</div>`)
	paragraph   = regexp.MustCompile(`<p>(.*?)</p>`)
	wrongLine   = regexp.MustCompile(`<li><a href="#field-([a-z_]+)">.*?</a>: (.*?)</li>`)
	texts       = func() *message.Catalog {
		all, err := message.Load()
		if err != nil {
			panic(err)
		}
		return all
	}()
)

// read reads off a page which refusal it shows: the words are the catalogue's, and each is another refusal's.
func read(body string) (r result) {
	found := refusalText.FindStringSubmatch(body)
	if found == nil {
		if h := heading.FindStringSubmatch(body); h != nil && html.UnescapeString(h[1]) == texts.Text("en", "page.verify_other.title", nil) {
			return result{code: "conflict"} // a page of its own, with the way out
		}
		return result{code: "a page without a refusal: " + body}
	}
	title, detail := html.UnescapeString(found[1]+found[3]), html.UnescapeString(found[2]+found[4])
	for _, key := range texts.Keys("en") {
		code, ok := strings.CutSuffix(strings.TrimPrefix(key, "error."), ".title")
		if !ok || texts.Text("en", key, nil) != title {
			continue
		}
		for _, key := range texts.Keys("en") {
			if ending, ok := strings.CutPrefix(key, "error."+code+"."); ok && ending != "title" && says(key, detail) {
				r.code = code
				if hint, _, _ := strings.Cut(ending, "."); slices.Contains(message.Hints[message.Code(code)], hint) { // else a reason, which JSON does not tell
					r.hint = hint
				}
			}
		}
	}
	if r.code == "" {
		r.code = "no refusal has these words: " + title + " " + detail
	}
	seen := map[string]bool{}
	for _, field := range wrongField.FindAllStringSubmatch(body, -1) {
		for _, text := range paragraph.FindAllStringSubmatch(field[2], -1) {
			seen[field[1]] = true
			r.fields = append(r.fields, field[1]+":"+fieldCode(field[1], html.UnescapeString(text[1])))
		}
	}
	for _, line := range wrongLine.FindAllStringSubmatch(body, -1) { // what has no input on this page is told in the summary alone
		if !seen[line[1]] {
			r.fields = append(r.fields, line[1]+":"+fieldCode(line[1], html.UnescapeString(line[2])))
		}
	}
	return r
}

// says reports whether a text of the catalogue was shown, whatever was filled in.
func says(key, shown string) bool {
	pattern := regexp.MustCompile(`\\\{[a-z_]+\\\}`).ReplaceAllString(regexp.QuoteMeta(texts.Text("en", key, nil)), ".+")
	return regexp.MustCompile("^" + pattern + "$").MatchString(shown)
}

func fieldCode(name, shown string) string {
	for _, code := range message.FieldCodes {
		if code == "too_long" && strings.Contains(name, "password") {
			continue // in words the same as password_too_long
		}
		for _, key := range texts.Keys("en") {
			if (key == "field."+code || strings.HasPrefix(key, "field."+code+".")) && says(key, shown) {
				return code
			}
		}
	}
	return "no code has these words: " + shown
}

func (p *pages) signUp(in gatehouse.SignUp) result {
	form := map[string]string{"email": in.Email, "password": in.Password, "name": in.Name, "return_to": in.ReturnTo}
	if in.Username != "" {
		form["username"] = in.Username
	}
	a := p.post("/signup", form)
	if path, _, _ := p.goesTo(a); path == "/signup" {
		return result{step: gatehouse.VerificationSent}
	}
	return p.enters(a, gatehouse.Created, "welcome")
}

// open opens a link as a person does, before they press its button: the token goes from the URL into a cookie. A link that its page refuses
// must be refused by its button too.
func (p *pages) open(path, token string, press func() result) result {
	p.h.t.Helper()
	a := p.ask(http.MethodGet, path+"?token="+url.QueryEscape(token), "", "")
	if a.StatusCode != http.StatusSeeOther || strings.Contains(a.location(), "token") {
		p.h.t.Errorf("%s with a token: %d to %q", path, a.StatusCode, a.location())
	}
	shown, refused := p.refused(p.ask(http.MethodGet, path, "", ""))
	r := press()
	if refused && shown.String() != r.String() {
		p.h.t.Errorf("the page of a link says «%v» and its button «%v»", shown, r)
	}
	return r
}

func (p *pages) verify(in gatehouse.Verify) result {
	return p.open("/verify", in.Token, func() result {
		form := map[string]string{"token": in.Token}
		if in.NewPassword != "" {
			form["new_password"] = in.NewPassword
		} else {
			form["password"] = in.Password
		}
		return p.enters(p.post("/verify", form), gatehouse.SignedIn, "welcome")
	})
}

func (p *pages) resend(email string) result {
	return p.came(p.post("/verify/resend", map[string]string{"email": email}), gatehouse.Sent, "/signup", "sent_again")
}

func (p *pages) cancel(token string) result {
	return p.open("/signup/cancel", token, func() result {
		return p.came(p.post("/signup/cancel", map[string]string{"token": token}), gatehouse.Done, "/login", "signup_canceled")
	})
}

func (p *pages) login(in gatehouse.Login) result {
	form := map[string]string{"identifier": in.Identifier, "password": in.Password, "return_to": in.ReturnTo}
	if in.Remember {
		form["remember"] = "1"
	}
	return p.enters(p.post("/login", form), gatehouse.SignedIn, "")
}

func (p *pages) logout() result {
	return p.came(p.post("/logout", nil), gatehouse.Done, "/logout", "")
}

var (
	accountEmail = regexp.MustCompile(`<strong class="address">(.*?)</strong>`)
	accountName  = regexp.MustCompile(`name="name"[^>]* value="(.*?)"`)
	deviceID     = regexp.MustCompile(`id="device-([0-9a-f-]{36})"`)
)

func (p *pages) who() result {
	a := p.ask(http.MethodGet, "/account", "", "")
	if r, refused := p.refused(a); refused {
		return r
	}
	email, name := accountEmail.FindStringSubmatch(a.body), accountName.FindStringSubmatch(a.body)
	if email == nil || name == nil {
		return result{step: "an account without address or name: " + a.body}
	}
	return result{step: gatehouse.SignedIn, about: html.UnescapeString(email[1] + ", " + name[1])}
}

func (p *pages) forgot(email string) result {
	return p.came(p.post("/forgot", map[string]string{"email": email}), gatehouse.Sent, "/forgot", "")
}

func (p *pages) reset(token, password string) result {
	return p.open("/reset", token, func() result {
		form := map[string]string{"token": token, "password": password}
		return p.came(p.post("/reset", form), gatehouse.PasswordChanged, "/login", "password_reset")
	})
}

func (p *pages) changePassword(current, chosen string) result {
	form := map[string]string{"current_password": current, "password": chosen}
	return p.came(p.post("/account/password", form), gatehouse.PasswordChanged, "/account", "password_changed")
}

func (p *pages) reauthenticate(password string) result {
	return p.came(p.post("/reauthenticate", map[string]string{"password": password}), gatehouse.Done, "/account", "")
}

func (p *pages) changeEmail(email string) result {
	return p.came(p.post("/account/email", map[string]string{"email": email}), gatehouse.Sent, "/account", "email_sent")
}

func (p *pages) cancelEmail() result {
	return p.came(p.post("/account/email/cancel", nil), gatehouse.Done, "/account", "email_canceled")
}

func (p *pages) confirmEmail(token string) result {
	return p.open("/account/email/confirm", token, func() result {
		return p.came(p.post("/account/email/confirm", map[string]string{"token": token}), gatehouse.Done, "/account", "email_changed")
	})
}

func (p *pages) profile(in gatehouse.Profile) result {
	form := map[string]string{}
	if in.Name != nil {
		form["name"] = *in.Name
	}
	if in.Locale != nil {
		form["locale"] = *in.Locale
	}
	return p.came(p.post("/account/profile", form), gatehouse.Done, "/account", "profile_saved")
}

func (p *pages) sessions() result {
	a := p.ask(http.MethodGet, "/account", "", "")
	if r, refused := p.refused(a); refused {
		return r
	}
	r := result{step: "list"}
	for _, id := range deviceID.FindAllStringSubmatch(a.body, -1) {
		r.ids = append(r.ids, id[1])
	}
	return r.counted()
}

func (p *pages) end(id string) result {
	return p.came(p.post("/account/sessions/end", map[string]string{"id": id}), gatehouse.Done, "/account", "device_ended")
}

func (p *pages) endOthers() result {
	return p.came(p.post("/account/sessions/end-others", nil), gatehouse.Done, "/account", "devices_ended")
}

func (p *pages) export() result {
	a := p.ask(http.MethodGet, "/account/export", "", "")
	if r, refused := p.refused(a); refused {
		return r
	}
	var out exported
	must(p.h.t, json.Unmarshal([]byte(a.body), &out))
	return result{step: "export", about: out.String()}
}

func (p *pages) deleteAccount() result {
	return p.came(p.post("/account/delete", nil), gatehouse.Done, "/login", "account_deleted")
}

// unsaved sends a form that was opened while the store was still there.
func (p *pages) unsaved(path string, form map[string]string) result {
	r, refused := p.refused(p.post(path, form))
	if !refused {
		r.step = "not refused"
	}
	return r
}
