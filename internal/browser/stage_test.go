package browser

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/server"
)

// Passwords that the policy accepts.
const (
	secret  = "correct-horse-battery-staple-42"
	another = "seven-lamps-under-a-violet-river"
)

// stage is where a journey takes place.
type stage struct {
	name     string
	scripts  bool
	prefix   string
	postgres bool
	https    bool // as a site in production: Secure cookies with the __Host- prefix
	phone    bool // 320 pixels wide, and dark
}

// stages are all that a journey could trip over.
var stages = []stage{
	{name: "at the root, with scripts", scripts: true},
	{name: "at the root, without scripts, on a phone in the dark", phone: true},
	{name: "below a path, with scripts, on a phone in the dark", scripts: true, prefix: "/auth", phone: true},
	{name: "below a path, without scripts, on PostgreSQL, over https", prefix: "/id/v1", postgres: true, https: true},
}

// journey runs a test on every stage, each time in a house of its own.
func journey(t *testing.T, test func(t *testing.T, h *house), set ...func(*config.Config)) {
	t.Helper()
	on(t, stages, test, set...)
}

// few are two stages that differ in all there is, for what does not hang on the way a page is dressed and served.
var few = []stage{stages[0], stages[3]}

// on runs a test on some stages.
func on(t *testing.T, stages []stage, test func(t *testing.T, h *house), set ...func(*config.Config)) {
	t.Helper()
	t.Parallel()
	for _, s := range stages {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s.open(t, set...))
		})
	}
}

// house is the real server on a real socket and a store of its own, with a mail server. Only hashing is cheap, and the clock can be turned.
type house struct {
	*server.Server
	stage
	t      *testing.T
	origin string
	post   *postOffice
	later  atomic.Int64
}

// url is a page of the house.
func (h *house) url(path string) string { return h.origin + h.prefix + path }

// pass turns the clock of the house. Browsers keep their own.
func (h *house) pass(d time.Duration) { h.later.Add(int64(d)) }

func (s stage) open(t *testing.T, set ...func(*config.Config)) *house {
	t.Helper()
	h := &house{stage: s, t: t, post: openPostOffice(t)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := config.Defaults()
	c.Database, c.SiteName, c.PathPrefix = "sqlite:"+filepath.Join(t.TempDir(), "gatehouse.db"), "Acorn", s.prefix
	c.Argon2Memory, c.Argon2Time, c.Limits = 64<<10, 1, "off"
	c.SMTP, c.MailFrom = config.Secret("smtp://"+h.post.addr), "login@acorn.example"
	if s.postgres {
		c.Database, c.SecretKeys = pgtest.DSN(t), []config.Secret{config.Secret(seal.Generate())}
	}
	if s.https {
		c.BaseURL = "https://id.localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{identity}})
	}
	for _, f := range set {
		f(&c)
	}
	if wrong := c.Validate(); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	if err := c.Finish(l.Addr()); err != nil {
		t.Fatal(err)
	}
	h.origin = c.Origin()
	clock := func() time.Time { return time.Now().Add(time.Duration(h.later.Load())) }
	if h.Server, err = server.Open(t.Context(), c, slog.New(slog.DiscardHandler), server.Options{Version: "1.2.3", Clock: clock}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error("Serve:", err)
		}
		if err := h.Close(); err != nil {
			t.Error("Close:", err)
		}
	})
	return h
}
