package server

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"
)

// What a stranger can tell from answers about who has an account: nothing. Each case is asked of an address that has one and of one that has none,
// and the bytes on the wire are compared, the order of the headers included. How long it takes, the benchmarks tell.

// wire sends a request and returns the answer as it came.
func (h *house) wire(c *client, method, path, kind, body string) string {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.address)
	must(h.t, err)
	defer func() { _ = conn.Close() }()
	must(h.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	head := h.lines(method, h.config.Prefixed(path), "Content-Type: "+kind, "Origin: "+h.config.Origin(), "Sec-Fetch-Site: same-origin",
		fmt.Sprintf("Content-Length: %d", len(body)), c.cookieHeader())
	_, err = io.WriteString(conn, head+body)
	must(h.t, err)
	text, err := io.ReadAll(conn)
	must(h.t, err)
	return string(text)
}

// fleeting are the parts of an answer that differ between any two: what is random, and the time. What stays of them is their length.
var fleeting = regexp.MustCompile(`X-Request-Id: \S+|Date: [^\r]+|'nonce-[^']+'|nonce="[^"]+"|name="csrf" value="[^"]+"|(?:__Host-)?gatehouse[a-z-]*=[^;]+|` +
	`[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}|"request_id":"[^"]+"`)

func lasting(text string) string {
	return fleeting.ReplaceAllStringFunc(text, func(s string) string {
		if name, value, ok := strings.Cut(s, "="); ok && strings.Contains(name, "gatehouse") {
			return fmt.Sprintf("%s=<%d>", name, len(value))
		}
		return fmt.Sprintf("<%d>", len(s))
	})
}

// known are addresses of the same length, each of an account of another kind.
func (h *house) known() map[string]string {
	h.t.Helper()
	ctx := h.t.Context()
	create := func(kind string, u flow.NewUser) string {
		u.Email, u.Name = fmt.Sprintf("%-10s@example.com", kind), "Ada Lovelace"
		u.Email = strings.ReplaceAll(u.Email, " ", "x")
		_, err := h.flow.CreateUser(ctx, u)
		must(h.t, err)
		return u.Email
	}
	all := map[string]string{
		"A-001 an account":                    create("member", flow.NewUser{Password: secret, Verified: true}),
		"A-002 an account without a password": create("nopassword", flow.NewUser{Verified: true}),
		"A-003 an account with bcrypt":        create("imported", flow.NewUser{Password: secret, Verified: true}),
		"A-004 a disabled account":            create("disabled", flow.NewUser{Password: secret, Verified: true}),
		"an account that waits":               create("unverified", flow.NewUser{Password: secret}),
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), 4)
	must(h.t, err)
	imported := h.user(all["A-003 an account with bcrypt"])
	must(h.t, h.store.Update(ctx, func(tx *store.Tx) error {
		return tx.SetPassword(ctx, uuid.NewString(), imported.ID, string(hash), h.clock.Now())
	}))
	must(h.t, h.flow.SetUserState(ctx, h.user(all["A-004 a disabled account"]).ID, store.StateDisabled))
	return all
}

const nobody = "nobody-000@example.com"

func TestAStrangerLearnsNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		known := h.known()
		b := h.browser()
		csrf := b.csrf()
		owner := h.member()
		ownerToken := owner.csrf()
		for what, ask := range map[string]func(email string) string{
			"A-001 a wrong password, JSON": func(email string) string {
				return h.wire(b, "POST", "/api/v1/login", jsonType, credentials(email, wrong))
			},
			"A-001 a wrong password, a form": func(email string) string {
				_, body := form(map[string]string{"csrf": csrf, "identifier": email, "password": wrong})
				return h.wire(b, "POST", "/login", formType, body)
			},
			"A-005 a forgotten password, JSON": func(email string) string {
				return h.wire(b, "POST", "/api/v1/password/forgot", jsonType, fmt.Sprintf(`{"email":%q}`, email))
			},
			"A-005 a forgotten password, a form": func(email string) string {
				_, body := form(map[string]string{"csrf": csrf, "email": email})
				return h.wire(b, "POST", "/forgot", formType, body)
			},
			"A-007 a sign-up, JSON": func(email string) string {
				return h.wire(b, "POST", "/api/v1/signup", jsonType, fmt.Sprintf(`{"email":%q,"password":%q,"name":"Eve"}`, email, another))
			},
			"A-007 a sign-up, native": func(email string) string {
				text := h.wire(b, "POST", "/api/v1/signup", jsonType, fmt.Sprintf(`{"email":%q,"password":%q,"transport":"token"}`, email, another))
				return regexp.MustCompile(`"pending_token":"[^"]{43}"`).ReplaceAllString(text, "a pending token")
			},
			"A-007 a sign-up, a form": func(email string) string {
				_, body := form(map[string]string{"csrf": csrf, "email": email, "password": another, "name": "Eve"})
				return h.wire(b, "POST", "/signup", formType, body)
			},
			"the link once more, JSON": func(email string) string {
				return h.wire(b, "POST", "/api/v1/verify/resend", jsonType, fmt.Sprintf(`{"email":%q}`, email))
			},
			"the link once more, a form": func(email string) string {
				_, body := form(map[string]string{"csrf": csrf, "email": email})
				return h.wire(b, "POST", "/verify/resend", formType, body)
			},
			"A-012 another's address for one's own, JSON": func(email string) string {
				return h.wire(owner, "POST", "/api/v1/account/email", jsonType, fmt.Sprintf(`{"email":%q}`, email))
			},
			"A-012 another's address for one's own, a form": func(email string) string {
				_, body := form(map[string]string{"csrf": ownerToken, "email": email})
				return h.wire(owner, "POST", "/account/email", formType, body)
			},
		} {
			want := lasting(strings.ReplaceAll(ask(nobody), nobody, "<address>"))
			for who, email := range known {
				if len(email) != len(nobody) {
					t.Fatal(email)
				}
				if got := lasting(strings.ReplaceAll(ask(email), email, "<address>")); got != want {
					t.Errorf("%s, %s:\n%s\nand for nobody's address\n%s", what, who, got, want)
				}
			}
			if strings.HasPrefix(want, "HTTP/1.1 5") || strings.HasPrefix(want, "HTTP/1.1 403") {
				t.Errorf("%s: %s", what, want)
			}
		}
	})
}

// the same with what looks mistyped, and in a browser that another account knows.
func TestAStrangerWithSlipsAndAForeignDeviceLearnsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	known := h.known()
	device := h.member() // signed in to an account of its own, whose device token it keeps
	device.want(204, "POST", "/logout", "")
	for name, b := range map[string]*client{"a new browser": h.browser(), "another account's browser": device} {
		for _, typed := range []string{wrong, wrong + " ", " " + secret} {
			want := lasting(strings.ReplaceAll(h.wire(b, "POST", "/api/v1/login", jsonType, credentials(nobody, typed)), nobody, "<address>"))
			if strings.Contains(want, "edge_spaces") != (strings.TrimSpace(typed) != typed) || !strings.HasPrefix(want, "HTTP/1.1 401 ") || strings.Contains(want, "known_device") {
				t.Errorf("%s, %q: %s", name, typed, want)
			}
			for who, email := range known {
				got := lasting(strings.ReplaceAll(h.wire(b, "POST", "/api/v1/login", jsonType, credentials(email, typed)), email, "<address>"))
				if got != want {
					t.Errorf("%s, %s, %q:\n%s\nand for nobody's address\n%s", name, who, typed, got, want)
				}
			}
		}
	}
}

// A form that comes back without any cookie of ours is from a browser that keeps none; one with an old token was open too long. Both keep what was typed.
func TestBlockedCookiesAreToldApartFromAnOldPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser()
	csrf := b.csrf()
	_, body := form(map[string]string{"csrf": csrf, "identifier": nobody, "password": wrong})
	blocked := h.wire(h.browser(), "POST", "/login", formType, body)
	_, body = form(map[string]string{"csrf": "old", "identifier": nobody, "password": wrong})
	old := h.wire(b, "POST", "/login", formType, body)
	for got, want := range map[string]string{blocked: "did not send our cookie back", old: "open for too long"} {
		if !strings.HasPrefix(got, "HTTP/1.1 403 ") || !strings.Contains(got, want) || !strings.Contains(got, `value="`+nobody+`"`) || strings.Contains(got, wrong) {
			t.Errorf("want %q:\n%s", want, got)
		}
	}
}

// The right password of an account that waits for its address to be confirmed gets the same bytes too: its owner gets a fresh link by mail.
func TestTheRightPasswordOfAnUnconfirmedAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	email := h.known()["an account that waits"]
	got := lasting(h.wire(h.browser(), "POST", "/api/v1/login", jsonType, credentials(email, secret)))
	want := lasting(h.wire(h.browser(), "POST", "/api/v1/login", jsonType, credentials(nobody, secret)))
	if got != want || !strings.HasPrefix(want, "HTTP/1.1 401 ") {
		t.Errorf("%s\nand for nobody\n%s", got, want)
	}
}

// while somebody has to wait, the right password gets the same bytes as a wrong one, and unknown addresses wait in the same way.
func TestWhoMustWaitLearnsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *config.Config) {
		c.Limits, c.TrustedProxies = "standard", networks("127.0.0.1/32") // each try from another client: the account's own budget counts
	})
	email := h.known()["A-001 an account"]
	try := func(i int, email, password string) answer {
		a := h.native().call("POST", "/login", credentials(email, password), headers("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)))
		a.Header.Del("Date")
		return a
	}
	statuses := func(email string) (all []int) {
		for i := range 8 {
			all = append(all, try(i, email, wrong).StatusCode)
		}
		return all
	}
	account, unknown := statuses(email), statuses(nobody)
	if !slices.Equal(account, unknown) || account[7] != 429 || account[0] != 401 {
		t.Errorf("an account %v, nobody %v", account, unknown)
	}
	right, bad, none := try(9, email, secret), try(9, email, wrong), try(9, nobody, wrong)
	if same(right) != same(bad) || same(bad) != same(none) || right.StatusCode != 429 {
		t.Errorf("the right one\n%s\na wrong one\n%s\nnobody's\n%s", same(right), same(bad), same(none))
	}
}
