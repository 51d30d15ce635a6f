package flow

import (
	"context"
	"encoding/binary"
	"errors"
	"html"
	"log/slog"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/password"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
)

// Passwords that the policy accepts.
const (
	goodPassword  = "correct-horse-battery-staple-42"
	otherPassword = "purple-window-thunder-cactus-77"
	thirdPassword = "seven-lamps-over-quiet-harbour-9"
	wrongPassword = "this-is-not-the-right-one-at-all"
)

// house is a Flow and all that it works with, on a store of its own. The outbox works beside the test.
type house struct {
	*Flow
	t     *testing.T
	dsn   string
	clock *fixture.Clock
	texts *message.Catalog
}

// onBoth runs a scenario on both engines, in a new house on each.
func onBoth(t *testing.T, set func(*config.Config), scenario func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			scenario(t, newHouse(t, engine, set))
		})
	}
}

var cheapHash = password.Params{Format: "argon2id", Argon2Memory: 64 << 10, Argon2Time: 1, Argon2Threads: 1}

func hasher(t *testing.T, p password.Params) *password.Hasher {
	t.Helper()
	h, err := password.NewHasher(p, 1<<30, 128) // nobody waits, so that a busy machine is no refusal
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func newHouse(t *testing.T, engine string, set func(*config.Config)) *house {
	t.Helper()
	c := config.Defaults()
	c.BaseURL, c.SiteName, c.MailFrom = "https://id.example.org", "Quillfeather", "gatehouse@example.org"
	if set != nil {
		set(&c)
	}
	h := &house{t: t, dsn: engines[engine](t), clock: fixture.NewClock()}
	s, err := store.Open(t.Context(), h.dsn, store.Options{Synchronous: "off"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	keys, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	if h.texts, err = message.Load(); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	outbox := mail.NewOutbox(mail.Parts{
		Store: s, Keys: keys, Dev: true, Clock: h.clock.Now, Log: log,
		Render: &mail.Renderer{Texts: h.texts, SiteName: c.SiteName, From: c.MailFrom},
	})
	life := session.Lifetimes{
		Idle: c.SessionIdle, Absolute: c.SessionAbsolute, RememberIdle: c.RememberIdle, RememberAbsolute: c.RememberAbsolute, Fresh: c.FreshFor,
	}
	h.Flow = New(Parts{
		Config: &c, Store: s, Sessions: session.NewManager(s, h.clock.Now, life), Hasher: hasher(t, cheapHash), Policy: password.NewPolicy(8),
		Keys: keys, Limits: throttle.New(h.clock.Now), Mail: outbox, Clock: h.clock.Now, Log: log,
	})
	h.startOutbox()
	return h
}

func (h *house) startOutbox() {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.Mail.Run(ctx, h.Jobs()) })
	h.t.Cleanup(func() { cancel(); running.Wait() })
}

// settle waits until every nudge is decided, every job done and every mail delivered.
func (h *house) settle() {
	h.t.Helper()
	for len(h.nudges) > 0 {
		h.ok(h.sendNudge(h.t.Context(), <-h.nudges))
	}
	h.Mail.Wake()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		var state store.OutboxState
		h.view(func(ctx context.Context, tx *store.Tx) (err error) { state, err = tx.Outbox(ctx); return err })
		if state.Waiting == 0 {
			return
		}
		if state.LastError != "" || time.Now().After(end) {
			h.t.Fatalf("the outbox is not worked off: %+v", state)
		}
	}
}

func (h *house) view(fn func(ctx context.Context, tx *store.Tx) error) {
	h.t.Helper()
	h.ok(h.Store.View(h.t.Context(), func(tx *store.Tx) error { return fn(h.t.Context(), tx) }))
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// mails lists what an address got, the newest first; of one kind, or of all.
func (h *house) mails(to string, kind ...mail.Kind) (found []mail.Delivered) {
	h.t.Helper()
	h.settle()
	all, err := h.Mail.Mailbox(h.t.Context())
	h.ok(err)
	for _, m := range all {
		if m.To == to && (len(kind) == 0 || strings.Contains(m.HTML, h.heading(kind[0]))) {
			found = append(found, m)
		}
	}
	return found
}

// heading is what tells the kinds of mail apart in the layout.
func (h *house) heading(kind mail.Kind) string {
	key := "mail." + string(kind) + ".heading"
	if !h.texts.Has("en", key) {
		h.t.Fatalf("there is no text %s", key)
	}
	return ">" + html.EscapeString(h.texts.Text("en", key, map[string]any{"site": h.Config.SiteName})) + "<"
}

var anyToken = regexp.MustCompile(`\?token=([A-Za-z0-9_-]{43})`)

// tokens are those of all mails of a kind to an address, the newest first.
func (h *house) tokens(to string, kind mail.Kind) (tokens []string) {
	h.t.Helper()
	for _, m := range h.mails(to, kind) {
		found := anyToken.FindStringSubmatch(m.Text)
		if found == nil {
			h.t.Fatalf("no link in the mail:\n%s", m.Text)
		}
		tokens = append(tokens, found[1])
	}
	return tokens
}

// link is the token of the newest mail of a kind to an address.
func (h *house) link(to string, kind mail.Kind) string {
	h.t.Helper()
	tokens := h.tokens(to, kind)
	if len(tokens) == 0 {
		h.t.Fatalf("%s got no mail of the kind %s", to, kind)
	}
	return tokens[0]
}

// browser is somebody's, with its cookies. Each has an address of its own, so that the limits of clients don't get in the way.
type browser struct {
	h                      *house
	addr                   netip.Addr
	token, pending, device string
}

var nextAddr atomic.Uint32

func (h *house) browser() *browser {
	var ip [4]byte
	binary.BigEndian.PutUint32(ip[:], 10<<24+nextAddr.Add(1))
	return &browser{h: h, addr: netip.AddrFrom4(ip)}
}

// client is what a request from the browser brings with it.
func (b *browser) client() Client {
	b.h.t.Helper()
	c := Client{Addr: b.addr, UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", Locale: "en", RequestID: "r"}
	c.Pending, c.Device = b.pending, b.device
	if b.token != "" {
		s, err := b.h.Sessions.Check(b.h.t.Context(), b.token)
		if err == nil {
			c.Session = s
		} else if code(err) != message.Unauthenticated {
			b.h.t.Fatal(err)
		}
	}
	return c
}

func (b *browser) signedIn() bool { b.h.t.Helper(); return b.client().Session != nil }

// keep stores the cookies that an answer sets.
func (b *browser) keep(out Outcome, err error) Outcome {
	b.h.t.Helper()
	b.h.ok(err)
	for _, cookie := range []struct {
		kept *string
		got  string
	}{{&b.token, out.Token}, {&b.pending, out.PendingToken}, {&b.device, out.DeviceToken}} {
		if cookie.got != "" {
			*cookie.kept = cookie.got
		}
	}
	return out
}

func (b *browser) signUp(in SignUpInput) Outcome {
	b.h.t.Helper()
	if in.Password == "" {
		in.Password = goodPassword
	}
	return b.keep(b.h.SignUp(b.h.t.Context(), b.client(), in))
}

func (b *browser) tryLogin(identifier, typed string) (Outcome, error) {
	return b.h.Login(b.h.t.Context(), b.client(), LoginInput{Identifier: identifier, Password: typed})
}

func (b *browser) login(identifier, typed string) Outcome {
	b.h.t.Helper()
	return b.keep(b.tryLogin(identifier, typed))
}

// member is a browser whose owner has signed up, confirmed the address and is signed in.
func (h *house) member(in SignUpInput) *browser {
	h.t.Helper()
	b := h.browser()
	if out := b.signUp(in); out.Step == StepVerificationSent {
		b.keep(h.Verify(h.t.Context(), b.client(), VerifyInput{Token: h.link(in.Email, mail.Verify)}))
	}
	return b
}

func (h *house) user(address string) store.User {
	h.t.Helper()
	u, err := h.FindUser(h.t.Context(), address)
	h.ok(err)
	return u
}

func (h *house) exists(address string) bool {
	h.t.Helper()
	_, err := h.FindUser(h.t.Context(), address)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		h.t.Fatal(err)
	}
	return err == nil
}

func (h *house) passwordOf(address string) (pw store.Password) {
	h.t.Helper()
	id := h.user(address).ID
	h.view(func(ctx context.Context, tx *store.Tx) (err error) { pw, err = tx.PasswordOf(ctx, id); return err })
	return pw
}

// knows reports whether the stored password of an account is this one.
func (h *house) knows(address, typed string) bool {
	h.t.Helper()
	match, err := h.Hasher.Verify(h.t.Context(), h.passwordOf(address).Hash, typed)
	h.ok(err)
	return match.OK
}

// pendingRows are the sign-ups that wait for an address.
func (h *house) pendingRows(address string) (rows []store.Ticket) {
	h.t.Helper()
	h.settle()
	h.view(func(ctx context.Context, tx *store.Tx) (err error) {
		rows, err = tx.LiveTickets(ctx, "verify", address, h.clock.Now())
		return err
	})
	return rows
}

// setHash stores a password hash as another version or program made it.
func (h *house) setHash(address, hash string) {
	h.t.Helper()
	id, at := h.user(address).ID, h.clock.Now()
	h.ok(h.Store.Update(h.t.Context(), func(tx *store.Tx) error { return tx.SetPassword(h.t.Context(), "c-"+id, id, hash, at) }))
}

func fault(err error) *message.Fault {
	f, _ := errors.AsType[*message.Fault](err)
	return f
}

func code(err error) message.Code {
	if f := fault(err); f != nil {
		return f.Code
	}
	return ""
}

// refused wants a fault of a code; with words, also that each is the hint, the cause, or «field:code» of it.
func (h *house) refused(err error, want message.Code, words ...string) *message.Fault {
	h.t.Helper()
	f := fault(err)
	if f == nil || f.Code != want {
		h.t.Fatalf("want %s, got %v", want, err)
	}
	has := []string{f.Hint, f.Cause}
	for _, field := range f.Fields {
		has = append(has, field.Name+":"+field.Code)
	}
	for _, word := range words {
		if !slices.Contains(has, word) {
			h.t.Fatalf("want %s, got %q", word, has)
		}
	}
	return f
}

// told is all that a person can see of a refusal.
func (h *house) told(err error) string {
	h.t.Helper()
	if err == nil {
		h.t.Fatal("it was not refused")
	}
	p := h.texts.Problem(message.From(err), "en", "", "")
	var b strings.Builder
	for _, f := range p.Fields {
		b.WriteString(f.Name + " " + f.Code + ";")
	}
	return strings.Join([]string{string(p.Code), p.Hint, p.Title, p.Detail, b.String()}, "|")
}

// atOnce runs many together and returns when all are done.
func atOnce(n int, do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() { <-start; do(i) })
	}
	close(start)
	all.Wait()
}

// oneWins runs many together, sees that one of them succeeds and every other is told what a loser may be told, and returns which one it was.
func (h *house) oneWins(n int, try func(i int) error, mayLose func(err error) bool) int {
	h.t.Helper()
	var won, winner atomic.Int64
	atOnce(n, func(i int) {
		if err := try(i); err == nil {
			won.Add(1)
			winner.Store(int64(i))
		} else if !mayLose(err) {
			h.t.Errorf("a loser is told: %v", err)
		}
	})
	if won.Load() != 1 {
		h.t.Fatalf("%d won", won.Load())
	}
	return int(winner.Load())
}

// strangers are what requests from so many browsers that were never here bring with them.
func (h *house) strangers(n int) []Client {
	h.t.Helper()
	clients := make([]Client, n)
	for i := range clients {
		clients[i] = h.browser().client()
	}
	return clients
}

// usedUp tells whether somebody was told that their link has been used.
func usedUp(err error) bool { return code(err) == message.LinkExpired && fault(err).Hint == "used" }
