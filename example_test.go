package gatehouse_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatehouse-auth/gatehouse"
)

// open makes a Gatehouse with a database in a directory of its own, for the examples.
func open(change func(*gatehouse.Config)) (*gatehouse.Server, func()) {
	dir, err := os.MkdirTemp("", "gatehouse-example")
	if err != nil {
		log.Fatal(err)
	}
	c := gatehouse.Config{
		Database: "sqlite:" + filepath.Join(dir, "app.db"), BaseURL: "http://localhost:8080", PathPrefix: "/auth",
		Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&c)
	}
	auth, err := gatehouse.New(context.Background(), c)
	if err != nil {
		log.Fatal(err)
	}
	return auth, func() { _ = errors.Join(auth.Close(), os.RemoveAll(dir)) }
}

// A site whose pages are for signed-in people alone.
func Example() {
	auth, done := open(nil)
	defer done()

	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := gatehouse.UserFrom(r.Context())
		fmt.Fprintf(w, "Hello %s", user.Name) //nolint:errcheck // an example
	})
	mux := http.NewServeMux()
	mux.Handle("/auth/", auth.Handler())
	mux.Handle("/", auth.Require()(app))

	// Somebody who is not signed in asks for a page.
	r := httptest.NewRequest(http.MethodGet, "/reports?year=2026", nil)
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 303 /auth/login?return_to=%2Freports%3Fyear%3D2026
}

// A program that asks is told that it must sign in, and who lacks a permission that they lack it.
func ExampleServer_Require() {
	auth, done := open(nil)
	defer done()

	edit := auth.Require(gatehouse.Permission("articles.edit"))(http.NotFoundHandler())
	w := httptest.NewRecorder()
	edit.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/edit", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 401 application/problem+json
}

// A site with log-in pages of its own calls the journeys.
func ExampleServer_SignUp() {
	auth, done := open(func(c *gatehouse.Config) { c.EmailVerification = "optional" })
	defer done()
	ctx := context.Background()
	client := gatehouse.Client{Addr: netip.MustParseAddr("192.0.2.1")} // on a website: auth.ClientFrom(r)

	out, err := auth.SignUp(ctx, client, gatehouse.SignUp{Email: "ada@example.com", Name: "Ada", Password: "nine-old-ferries-humming"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Step, out.User.Name) // then auth.Keep(w, out) sends the cookies

	client.Token = out.Token
	sessions, err := auth.Sessions(ctx, client)
	fmt.Println(len(sessions), err)
	// Output:
	// created Ada
	// 1 <nil>
}

// A refusal has a stable code for the program, a sentence for the person and a reference for the operator.
func ExampleServer_Login() {
	auth, done := open(nil)
	defer done()

	client := gatehouse.Client{Addr: netip.MustParseAddr("192.0.2.1"), Language: "en"}
	_, err := auth.Login(context.Background(), client, gatehouse.Login{Identifier: "nobody@example.com", Password: "a guess"})
	if refused, ok := errors.AsType[*gatehouse.Error](err); ok {
		fmt.Println(refused.Status, refused.Code)
		fmt.Println(refused.Detail)
	}
	// Output:
	// 401 invalid_credentials
	// Email or password is not right. Check both, or set a new password. Just signed up? Open the link we mailed you first.
}

// Log-in on a page of the site's own: the cookies that came make the client, and Keep sends those that follow.
func ExampleServer_ClientFrom() {
	auth, done := open(nil)
	defer done()

	login := func(w http.ResponseWriter, r *http.Request) {
		client, err := auth.ClientFrom(r)
		if err != nil {
			http.Error(w, "please try again", http.StatusServiceUnavailable)
			return
		}
		out, err := auth.Login(r.Context(), client, gatehouse.Login{Identifier: r.PostFormValue("email"), Password: r.PostFormValue("password")})
		if refused, ok := errors.AsType[*gatehouse.Error](err); ok {
			http.Error(w, refused.Title, refused.Status)
			return
		}
		auth.Keep(w, out)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/my/login", strings.NewReader("email=ada@example.com&password=a+guess"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	login(w, r)
	fmt.Print(w.Code, " ", w.Body)
	// Output: 401 That did not match
}

// The strength meter of a page of one's own says what sign-up would.
func ExampleServer_PasswordStrength() {
	auth, done := open(nil)
	defer done()

	client := gatehouse.Client{Addr: netip.MustParseAddr("192.0.2.1")}
	for _, typed := range []string{"password1", "nine-old-ferries-humming"} {
		verdict, err := auth.PasswordStrength(context.Background(), client, gatehouse.Password{Password: typed})
		fmt.Println(verdict.Acceptable, verdict.Breached, err)
	}
	// Output:
	// false true <nil>
	// true false <nil>
}

// Who is not signed in is nobody, not an error of the program.
func ExampleServer_CurrentUser() {
	auth, done := open(nil)
	defer done()

	_, _, err := auth.CurrentUser(context.Background(), gatehouse.Client{Addr: netip.MustParseAddr("192.0.2.1")})
	refused, ok := errors.AsType[*gatehouse.Error](err)
	fmt.Println(ok && refused.Code == "unauthenticated")
	// Output: true
}
