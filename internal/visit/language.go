package visit

import (
	"net/http"
	"strings"
	"time"
)

const (
	langCookie = "-lang"
	langAge    = 365 * 24 * time.Hour
)

// ChooseLanguage settles in which language we answer: what the URL asks for with ?lang, what the signed-in account is set to, what this browser was
// told before, what Accept-Language says, the fallback. The account stands before the cookie because it is one person's own choice, while a
// browser may be shared: who signs in at a library must not read what the one before them preferred.
func (v *Visit) ChooseLanguage(r *http.Request) {
	wanted := []string{askedLanguage(r)}
	if v.Session != nil {
		wanted = append(wanted, v.Session.User.Locale)
	}
	if !v.Bearer {
		kept, _ := Cookie(r, Name(v.Config, langCookie))
		wanted = append(wanted, kept)
	}
	v.Locale = v.Texts.Match(r.Header.Get("Accept-Language"), wanted...)
}

// KeepLanguage makes the browser remember what ?lang asked for. What is remembered is a tag of ours, never what the URL said.
func (v *Visit) KeepLanguage(w http.ResponseWriter, r *http.Request) {
	lang, ok := v.Texts.Known(askedLanguage(r))
	if kept, _ := Cookie(r, Name(v.Config, langCookie)); ok && kept != lang {
		v.set(w, langCookie, lang, langAge)
	}
}

func askedLanguage(r *http.Request) string {
	if !strings.Contains(r.URL.RawQuery, "lang") { // nearly all requests
		return ""
	}
	return Query(r, "lang")
}
