package mail

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

func TestMailIsTriedAgainLaterAndLater(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	server := (&mailServer{onRcpt: func(string) error {
		if tries.Add(1) < 4 {
			return reply(450, "try again later")
		}
		return nil
	}}).start(t)
	h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), server.sender(t))
	h.mail(PasswordChanged, "anna@reader.example")
	for i, wait := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
		h.post()
		h.clock.Pass(wait*4/5 - time.Second)
		h.post()
		if n := int(tries.Load()); n != i+1 {
			t.Fatalf("%d tries before the wait was over, want %d", n, i+1)
		}
		h.clock.Pass(wait*2/5 + time.Second)
	}
	h.post()
	if len(server.took()) != 1 || h.state().Waiting != 0 {
		t.Error(tries.Load(), h.state())
	}
	for attempts := range 100 {
		if wait := backoff(attempts); wait < firstWait*4/5 || wait > longestWait {
			t.Error(attempts, wait)
		}
	}
}

func TestMailIsGivenUpWhenThereIsNoHope(t *testing.T) {
	t.Parallel()
	no := func(code int) *mailServer {
		return &mailServer{onRcpt: func(to string) error { return reply(code, "not <"+to+"> nor http://rosewood.example/l?token=LINK") }}
	}
	valid := whole().Valid
	for name, c := range map[string]struct {
		server *mailServer
		kind   Kind
		after  time.Duration // its second try
		dead   bool
	}{
		"refused for good":                  {no(550), Reset, 0, true},
		"put off":                           {no(450), Reset, valid / 2, false},
		"its link ran out":                  {&mailServer{onRcpt: func(string) error { return reply(450, "later") }}, Reset, valid, true},
		"three days without success":        {no(450), PasswordChanged, giveUpAfter, true},
		"nearly three days":                 {no(450), PasswordChanged, giveUpAfter - time.Second, false},
		"sender refused: ours to set right": {&mailServer{onMail: func() error { return reply(553, "no") }}, Reset, valid / 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := c.server.start(t)
			h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), server.sender(t))
			d := whole()
			if c.kind != Reset {
				d.Valid = 0
			}
			h.update(func(ctx context.Context, tx *store.Tx) error {
				return h.Queue(ctx, tx, c.kind, "anna@reader.example", "en", d)
			})
			h.post()
			if c.after > 0 {
				h.clock.Pass(c.after)
				h.post()
			}
			state := h.state()
			if state.Dead == 1 != c.dead || state.Waiting == 1 == c.dead || len(server.took()) != 0 {
				t.Errorf("%+v", state)
			}
			// P-235, P-237: servers repeat what they object to.
			for _, secret := range []string{"anna", "LINK", "Ännie"} {
				if strings.Contains(h.log.String()+state.LastError, secret) {
					t.Errorf("%q is told: %s %s", secret, state.LastError, h.log)
				}
			}
			if state.LastError == "" {
				t.Error("the operator is not told why")
			}
		})
	}
}

// P-235, P-237
func TestLogShowsNeitherAddressesNorLinks(t *testing.T) {
	t.Parallel()
	server := (&mailServer{}).start(t)
	h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), server.sender(t))
	h.mail(Reset, "anna@reader.example")
	h.post()
	if log := h.log.String(); !strings.Contains(log, "a…@reader.example") || strings.Contains(log, "anna") || strings.Contains(log, "LINK") {
		t.Error(log)
	}
}

func TestMailIsSentAgainWhenItsSenderDied(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, dsn string) {
		server := (&mailServer{}).start(t)
		c := fixture.StoppedClock()
		dying := openHouse(t, dsn, c, server.sender(t))
		dying.mail(PasswordChanged, "anna@reader.example")
		rows, err := dying.claim(t.Context(), store.ClassMail, 10)
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		m, _, err := dying.message(rows[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := dying.SMTP.Send(t.Context(), m); err != nil { // and then the lights go out
			t.Fatal(err)
		}
		_ = dying.Store.Close()

		heir := openHouse(t, dsn, c, server.sender(t))
		heir.post()
		if n := len(server.took()); n != 1 {
			t.Fatalf("%d mails while the claim holds", n)
		}
		c.Pass(lease)
		heir.post()
		took := server.took()
		if len(took) != 2 || heir.state().Waiting != 0 {
			t.Fatal(took, heir.state())
		}
		one, _ := parts(t, took[0].raw)
		two, _ := parts(t, took[1].raw)
		if id := one.Get("Message-Id"); id == "" || id != two.Get("Message-Id") {
			t.Error("the duplicate cannot be recognised:", id, two.Get("Message-Id"))
		}
	})
}

// Somebody waits for the mail that a server was about to send when it was killed. On SQLite its successor knows that it is alone and begins at
// once; on PostgreSQL another server may be at it.
func TestWhatADeadServerHeldIsWorkedOff(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, dsn string) {
		c := fixture.StoppedClock()
		dying := openHouse(t, dsn, c, nil)
		dying.mail(PasswordChanged, "anna@reader.example")
		dying.update(func(ctx context.Context, tx *store.Tx) error { return dying.QueueJob(ctx, tx, "mail", "x") })
		for _, class := range []string{store.ClassMail, store.ClassJob} {
			if rows, err := dying.claim(t.Context(), class, 10); err != nil || len(rows) != 1 {
				t.Fatal(rows, err)
			}
		}
		alone := dying.Store.Path() != ""
		_ = dying.Store.Close()

		heir := openHouse(t, dsn, c, nil)
		jobs := map[string]Job{"mail": func(ctx context.Context, tx *store.Tx, _ []byte) error {
			return heir.Queue(ctx, tx, PasswordChanged, "bert@reader.example", "en", whole())
		}}
		if !alone {
			heir.work(jobs)
			heir.post()
			if len(heir.mailbox()) > 0 {
				t.Error("what another server may be at was taken from it")
			}
			c.Pass(shortLease)
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { heir.Run(ctx, jobs) })
		for end := time.Now().Add(20 * time.Second); len(heir.mailbox()) < 2; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(heir.mailbox(), heir.state())
			}
		}
		stop()
		running.Wait()
	})
}

func TestMailOnTheWayArrivesWhenTheServerStops(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	server := (&mailServer{onData: func(*smtp.Conn, io.Reader) error { close(begun); <-goOn; return nil }}).start(t)
	h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), server.sender(t))
	h.mail(PasswordChanged, "anna@reader.example")
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { h.Run(ctx, nil); close(over) }()
	<-begun
	cancel()
	select {
	case <-over:
		t.Error("Run has left a mail behind")
	case <-time.After(50 * time.Millisecond):
	}
	close(goOn)
	<-over
	if len(server.took()) != 1 || h.state().Waiting != 0 {
		t.Error(server.took(), h.state())
	}
}

func TestSlowMailHoldsNoOtherUp(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	server := (&mailServer{onRcpt: func(to string) error {
		if to == "slow@reader.example" {
			<-stuck
		}
		return nil
	}}).start(t)
	h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), server.sender(t))
	h.mail(PasswordChanged, "slow@reader.example")
	stop := h.run(nil)
	for i := range 3 * atOnce {
		h.mail(PasswordChanged, fmt.Sprintf("anna%d@reader.example", i))
	}
	h.Wake()
	h.eventually("the others arrive", func() bool { return len(server.took()) == 3*atOnce })
	close(stuck)
	stop()
	if len(server.took()) != 3*atOnce+1 {
		t.Error("the slow one is lost")
	}
}
