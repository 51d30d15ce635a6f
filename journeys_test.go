package gatehouse_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse"
)

// ownPages is a site that has log-in pages of its own.
func ownPages(t *testing.T, h *house) http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, journey func(gatehouse.Client, *http.Request) (gatehouse.Outcome, error)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			client, err := h.ClientFrom(r)
			must(t, err)
			out, err := journey(client, r)
			if refused, ok := errors.AsType[*gatehouse.Error](err); ok {
				http.Error(w, refused.Code, refused.Status)
				return
			}
			h.Keep(w, out)
		})
	}
	handle("/own/login", func(c gatehouse.Client, r *http.Request) (gatehouse.Outcome, error) {
		in := gatehouse.Login{Identifier: r.URL.Query().Get("email"), Password: secret, Remember: r.URL.Query().Has("remember")}
		return h.Login(t.Context(), c, in)
	})
	handle("/own/signup", func(c gatehouse.Client, r *http.Request) (gatehouse.Outcome, error) {
		return h.SignUp(t.Context(), c, gatehouse.SignUp{Email: r.URL.Query().Get("email"), Password: secret})
	})
	handle("/own/verify", func(c gatehouse.Client, r *http.Request) (gatehouse.Outcome, error) {
		return h.Verify(t.Context(), c, gatehouse.Verify{Token: r.URL.Query().Get("token")})
	})
	mux.HandleFunc("/own/logout", func(w http.ResponseWriter, r *http.Request) {
		client, err := h.ClientFrom(r)
		must(t, err)
		must(t, h.Logout(t.Context(), client))
		h.Leave(w)
	})
	mux.Handle("/", h.Require()(hello))
	return mux
}

// TestASiteWithPagesOfItsOwn goes through them with a browser: Keep must set the cookies that the hosted pages set, to the letter (C-036,
// contract «Sessions»), and what the one signs in must be signed in for the other.
func TestASiteWithPagesOfItsOwn(t *testing.T) {
	t.Parallel()
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, engine)
			site := ownPages(t, h)
			b := h.stranger()
			do := func(path string) answer {
				t.Helper()
				a := b.send(site, b.request(http.MethodPost, path, "", ""))
				if a.StatusCode != http.StatusOK {
					t.Fatalf("%s: %d %s", path, a.StatusCode, a.body)
				}
				return a
			}
			do("/own/signup?email=ada@example.com")
			do("/own/verify?token=" + h.mailed("ada@example.com", "/verify")) // it asks for no password: the pending cookie was kept
			if r := (&pages{b}).who(); r.String() != "signed_in ada@example.com," {
				t.Errorf("at the hosted pages: %v", r)
			}
			do("/own/logout")
			if r := (&pages{b}).who(); r.String() != unauthenticated {
				t.Errorf("after the log-out: %v", r)
			}
			for _, remember := range []string{"", "&remember"} {
				own := cookieForms(do("/own/login?email=ada@example.com" + remember))
				hosted := h.stranger()
				form := "csrf=" + (&pages{hosted}).formToken() + "&identifier=ada@example.com&password=" + secret + strings.Replace(remember, "remember", "remember=1", 1)
				pages := cookieForms(hosted.ask(http.MethodPost, "/login", "application/x-www-form-urlencoded", form))
				if len(own) == 0 || !reflect.DeepEqual(own, pages) {
					t.Errorf("cookies %v\ninstead of %v", own, pages)
				}
			}
		})
	}
}

// cookieForms are the cookies of an answer but for their values. Ages are told to the minute: the clock goes on.
func cookieForms(a answer) map[string]string {
	all := map[string]string{}
	for _, c := range a.Cookies() {
		c.Value, c.MaxAge, c.Raw = "", (c.MaxAge+30)/60, ""
		all[c.Name] = c.String() + fmt.Sprint(c.Expires)
	}
	return all
}

func TestClientFromTellsTroubleFromNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite")
	h.account("ada@example.com", "Ada")
	b := h.stranger().signIn("ada@example.com")
	client, err := h.ClientFrom(b.request(http.MethodGet, "/", "", ""))
	must(t, err)
	if client.Addr != netip.MustParseAddr(b.addr) || client.Token == "" || client.DeviceToken == "" || client.Language != "en" ||
		!strings.Contains(client.UserAgent, "Firefox") {
		t.Errorf("%+v", client)
	}
	if user, session, err := h.CurrentUser(t.Context(), client); err != nil || user.Email != "ada@example.com" || !session.Current {
		t.Errorf("%+v %+v %v", user, session, err)
	}
	if nobody, err := h.ClientFrom(h.stranger().request(http.MethodGet, "/", "", "")); err != nil || nobody.Token != "" {
		t.Errorf("%+v %v", nobody, err)
	}
	b = h.stranger().signIn("ada@example.com") // one that is in no cache yet
	must(t, h.Flow().Store.Close())
	_, err = h.ClientFrom(b.request(http.MethodGet, "/", "", ""))
	if r := refusedWith(err); r.String() != "503 unavailable in 5s" {
		t.Error(r)
	}
	if !strings.Contains(h.log.String(), `"cause":"our_own_trouble"`) || !strings.Contains(h.log.String(), `"error":"`) {
		t.Errorf("the log does not tell what the trouble is: %s", h.log)
	}
}

// TestStrengthIsTheAPIs: the meter of a site of one's own says what the API says, word for word.
func TestStrengthIsTheAPIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite")
	client := gatehouse.Client{Addr: netip.MustParseAddr("192.0.2.1")}
	for _, typed := range []string{"", "x7!", "password1", "ada.lovelace-1815", "aaaaaaaaaaaa", secret, strings.Repeat("x1", 129)} {
		got, err := h.PasswordStrength(t.Context(), client, gatehouse.Password{Password: typed, Email: "ada.lovelace@example.com", Name: "Ada Lovelace"})
		must(t, err)
		body, err := json.Marshal(fields{"password": typed, "email": "ada.lovelace@example.com", "name": "Ada Lovelace"})
		must(t, err)
		var want struct {
			Score        int
			Acceptable   bool
			GuessesLog10 float64 `json:"guesses_log10"`
			GuessedIn    string  `json:"guessed_in"`
			Breached     bool
			Warning      string
			Suggestions  []string
		}
		must(t, json.Unmarshal([]byte(h.stranger().ask(http.MethodPost, "/api/v1/password/strength", "application/json", string(body)).body), &want))
		if len(want.Suggestions) == 0 {
			want.Suggestions = nil
		}
		if got, want := fmt.Sprint(got), fmt.Sprint(gatehouse.Strength(want)); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", typed, got, want)
		}
	}
	// Of whom is signed in, the account's own words count (and no others need be given).
	h.account("grace@example.com", "Grace Hopper")
	client.Token = goToken(t, h, "grace@example.com")
	if got, err := h.PasswordStrength(t.Context(), client, gatehouse.Password{Password: "grace hopper"}); err != nil || got.Acceptable {
		t.Errorf("%+v %v", got, err)
	}
}

func goToken(t *testing.T, h *house, email string) string {
	t.Helper()
	out, err := h.Login(t.Context(), gatehouse.Client{Addr: netip.MustParseAddr("192.0.2.1")}, gatehouse.Login{Identifier: email, Password: secret})
	must(t, err)
	return out.Token
}

// TestARefusalLeadsToItsCause: the operator finds behind the reference what the person must not see, and neither the error nor the log holds
// what was typed (P-235).
func TestARefusalLeadsToItsCause(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite")
	client := gatehouse.Client{Addr: netip.MustParseAddr("192.0.2.1"), Language: "en"}
	_, err := h.Login(t.Context(), client, gatehouse.Login{Identifier: "nobody@example.com", Password: secret})
	refused, ok := errors.AsType[*gatehouse.Error](err)
	if !ok {
		t.Fatal(err)
	}
	if strings.Contains(err.Error()+refused.Detail+h.log.String(), secret) || strings.Contains(err.Error()+refused.Detail, "no_such_account") {
		t.Errorf("the error tells too much: %v", err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		events, err := h.Flow().Explain(t.Context(), refused.Reference)
		if err == nil && len(events) == 1 && events[0].Cause == "no_such_account" && events[0].Client == "192.0.2.1" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("behind %s is %+v, %v", refused.Reference, events, err)
		}
	}
	_, err = h.SignUp(t.Context(), client, gatehouse.SignUp{Email: "ada", Password: "x7!"})
	if text := err.Error(); !strings.HasPrefix(text, "gatehouse: invalid_fields, email: invalid_email, password: password_too_short, reference ") {
		t.Error(text)
	}
}

func TestARefusalSaysHowToBecomeFresh(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite")
	h.account("ada@example.com", "Ada")
	client := gatehouse.Client{Addr: netip.MustParseAddr("192.0.2.1"), Token: goToken(t, h, "ada@example.com")}
	h.clock.Pass(11 * time.Minute)
	err := h.DeleteAccount(t.Context(), client)
	refused, ok := errors.AsType[*gatehouse.Error](err)
	if !ok || refused.Code != "reauthentication_required" || refused.MaxAge != 10*time.Minute || !reflect.DeepEqual(refused.Methods, []string{"password"}) {
		t.Errorf("%+v", err)
	}
}

// TestAnOldTokenIsNobodys: a token that was replaced, or that is junk, is not signed in, and never an error of the store.
func TestAnOldTokenIsNobodys(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite")
	h.account("ada@example.com", "Ada")
	client := gatehouse.Client{Addr: netip.MustParseAddr("192.0.2.1"), Token: goToken(t, h, "ada@example.com")}
	old := client.Token
	out, err := h.Reauthenticate(t.Context(), client, secret)
	must(t, err)
	for _, token := range []string{old, "junk", "a\x00b", strings.Repeat("A", 43)} { // C-042
		client.Token = token
		if _, _, err := h.CurrentUser(t.Context(), client); refusedWith(err).String() != unauthenticated {
			t.Errorf("%q: %v", token, err)
		}
		if token != old {
			must(t, h.Logout(t.Context(), client))
		}
	}
	client.Token = out.Token
	if _, _, err := h.CurrentUser(t.Context(), client); err != nil {
		t.Error(err)
	}
	client.Token = old
	must(t, h.Logout(t.Context(), client)) // it was replaced a moment ago: the log-out was on its way (C-048)
	client.Token = out.Token
	if _, _, err := h.CurrentUser(t.Context(), client); refusedWith(err).String() != unauthenticated+" signed_out" {
		t.Error("a log-out that raced the new token left it alive: ", err)
	}
}

func TestLeaveAndKeepOfNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite")
	w := httptest.NewRecorder()
	h.Keep(w, gatehouse.Outcome{})
	if len(w.Header()) > 0 {
		t.Errorf("an outcome without tokens sets %v", w.Header())
	}
	h.Leave(w)
	if len(w.Header()["Set-Cookie"]) == 0 {
		t.Error("no cookie is taken away")
	}
}
