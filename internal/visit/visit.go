package visit

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/ticket"
)

// Handler answers a request, or returns why not: a *message.Fault, or any other error for 503. What it returns is rendered by the
// server as a page or a problem, as the route wants it.
type Handler func(w http.ResponseWriter, r *http.Request, v *Visit) error

// Visit is one request.
type Visit struct {
	flow.Client
	Config *config.Config
	Keys   *seal.Keys
	Texts  *message.Catalog
	Now    time.Time
	// Token is the session's, as it was sent; empty when there is none.
	Token string
	// Bearer: the client is a native one; cookies play no part.
	Bearer bool
	// Nonce is what the page's own scripts carry, for the Content-Security-Policy.
	Nonce string
	// Page is the path that shows this page again when it is asked for, as a URL has it; empty where there is none of ours.
	Page string
	// Form is the body of a page's form, each field once. Nil for anything else.
	Form map[string]string
	// Fault is what the client was refused; see Refuse.
	Fault *message.Fault

	form string // the browser's form secret
}

// Refuse says an error in the client's language and notes it, so that the server records it under the reference that is shown. Whoever
// writes the answer uses Problem.Status.
func (v *Visit) Refuse(w http.ResponseWriter, err error) message.Problem {
	v.Fault = message.From(err)
	if v.Reference == "" {
		v.Reference = message.NewReference()
	}
	p := v.Texts.Problem(v.Fault, v.Locale, v.Reference, v.RequestID)
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	return p
}

// Go sends the browser to a page of ours, such as /account, or to where a checked return_to leads. 303: the next request is a GET
// whatever this one was.
func (v *Visit) Go(w http.ResponseWriter, to string) error {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// The cookies, by the ends of their names.
const (
	sessionCookie = ""
	pendingCookie = "-pending"
	formCookie    = "-form"
	deviceCookie  = "-device"
	flowCookie    = "-flow"
	devCookie     = "-dev"
)

const deviceAge = 180 * 24 * time.Hour

// Name is the full name of a cookie. On https the __Host- prefix makes browsers refuse it from a sibling host or over http.
func Name(c *config.Config, end string) string {
	if c.Secure() {
		return "__Host-gatehouse" + end
	}
	return "gatehouse" + end
}

// Cookie is the value of the one cookie of that name. With two of a name one may have been planted by a sibling host, and which is first
// is up to the planter: then there is none (C-040).
func Cookie(r *http.Request, name string) (value string, ok bool) {
	found := r.CookiesNamed(name)
	if len(found) != 1 || count(r, name) != 1 {
		return "", false
	}
	return found[0].Value, true
}

// count is how many cookies of a name the browser sent, also those that net/http leaves out because of a character in their value.
func count(r *http.Request, name string) (n int) {
	for _, line := range r.Header["Cookie"] {
		for part := range strings.SplitSeq(line, ";") {
			if key, _, _ := strings.Cut(part, "="); strings.TrimSpace(key) == name {
				n++
			}
		}
	}
	return n
}

// ReadCookies takes over what the browser sent, but for the session, and returns the session's token.
func (v *Visit) ReadCookies(r *http.Request) (token string) {
	read := func(end string) string {
		value, _ := Cookie(r, Name(v.Config, end))
		return value
	}
	v.Pending, v.Device = read(pendingCookie), read(deviceCookie)
	if form := read(formCookie); ticket.WellFormed(form) {
		v.form = form
	}
	return read(sessionCookie)
}

// ShowsSession reports whether the browser sent something under the session's name, good or not.
func (v *Visit) ShowsSession(r *http.Request) bool {
	return count(r, Name(v.Config, sessionCookie)) > 0
}

// ShowsCookies reports whether the browser sent any cookie of ours.
func (v *Visit) ShowsCookies(r *http.Request) bool {
	for _, line := range r.Header["Cookie"] {
		for part := range strings.SplitSeq(line, ";") {
			if strings.HasPrefix(strings.TrimSpace(part), Name(v.Config, "")) {
				return true
			}
		}
	}
	return false
}

// AllowDev opens the pages of development to this browser.
func (v *Visit) AllowDev(w http.ResponseWriter) {
	v.set(w, devCookie, v.Keys.Sign("dev pages", "yes"), 0)
}

// DevAllowed reports whether AllowDev did.
func (v *Visit) DevAllowed(r *http.Request) bool {
	signed, _ := Cookie(r, Name(v.Config, devCookie))
	value, ok := v.Keys.Verify("dev pages", signed)
	return ok && value == "yes"
}

// set sends a cookie as the contract says: HttpOnly, SameSite=Lax, for this host alone, for all paths. Age 0 lasts as long as the browser
// runs; below 0 it goes away.
func (v *Visit) set(w http.ResponseWriter, end, value string, age time.Duration) {
	c := &http.Cookie{
		Name: Name(v.Config, end), Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: v.Config.Secure(),
	}
	if age != 0 {
		c.MaxAge = int(age / time.Second)
	}
	http.SetCookie(w, c)
}

func (v *Visit) drop(w http.ResponseWriter, end string) { v.set(w, end, "", -time.Second) }

// Keep hands the browser what an outcome gives it: the session's token, the pending token, the device token. A native client gets
// nothing here; its tokens are in the body.
func (v *Visit) Keep(w http.ResponseWriter, out flow.Outcome, native bool) {
	if native {
		return
	}
	if out.Token != "" {
		age := time.Duration(0)
		if out.Session.Remember {
			age = out.Session.EndAt.Sub(v.Now)
		}
		v.set(w, sessionCookie, out.Token, age)
		v.drop(w, pendingCookie)
	}
	if out.PendingToken != "" {
		v.set(w, pendingCookie, out.PendingToken, v.Config.VerifyTTL)
	}
	if out.DeviceToken != "" {
		v.set(w, deviceCookie, out.DeviceToken, deviceAge)
	}
}

// Leave makes the browser forget its session and whatever waits.
func (v *Visit) Leave(w http.ResponseWriter) {
	v.drop(w, sessionCookie)
	v.drop(w, pendingCookie)
	v.drop(w, formCookie)
	v.form = "" // who is told something on the next page gets another one
}

// DropSession makes the browser forget a session that is no longer good.
func (v *Visit) DropSession(w http.ResponseWriter) { v.drop(w, sessionCookie) }

// FormToken is what a form of this page must send back. It is bound to the browser by a cookie of its own and to the session, so that one
// from before a log-in, or from another session, is refused (D-061).
func (v *Visit) FormToken(w http.ResponseWriter) string {
	if v.form == "" {
		v.form = ticket.NewToken()
		v.set(w, formCookie, v.form, 0)
	}
	return encode(v.Keys.MAC("form", v.formData()))
}

// CheckFormToken reports whether a form came from a page of ours in this browser and session.
func (v *Visit) CheckFormToken(token string) bool {
	mac, ok := decode(token)
	return ok && v.form != "" && v.Keys.CheckMAC("form", v.formData(), mac)
}

// Notice is a word for the next page, as its URL carries it: only this browser's next page says it. Otherwise a link could have us raise a false
// alarm with anybody.
func (v *Visit) Notice(w http.ResponseWriter, word string) string {
	v.FormToken(w) // there is a form secret from now on
	return word + "." + encode(v.Keys.MAC("notice", []byte(v.form+" "+word)))
}

// Noticed is the word of such a notice; empty when it was not given to this browser.
func (v *Visit) Noticed(notice string) string {
	word, code, _ := strings.Cut(notice, ".")
	if mac, ok := decode(code); ok && v.form != "" && v.Keys.CheckMAC("notice", []byte(v.form+" "+word), mac) {
		return word
	}
	return ""
}

func (v *Visit) formData() []byte {
	session := ""
	if v.Session != nil {
		session = v.Session.ID // it stays when the token is rotated, so that other tabs' forms still work
	}
	return []byte(v.form + " " + session)
}

// Carry keeps a link's token over the redirect that takes it out of the address bar: from there it would get into the history and the
// Referer (F-079).
func (v *Visit) Carry(w http.ResponseWriter, token string) {
	v.set(w, flowCookie, token, 10*time.Minute)
}

// Carried is the token that Carry kept.
func (v *Visit) Carried(r *http.Request) string {
	token, _ := Cookie(r, Name(v.Config, flowCookie))
	return token
}

// DropCarried forgets it.
func (v *Visit) DropCarried(w http.ResponseWriter) { v.drop(w, flowCookie) }

// WantsJSON reports whether a path belongs to the API, below the prefix.
func WantsJSON(c *config.Config, path string) bool {
	return strings.HasPrefix(path, c.PathPrefix+"/api/")
}
