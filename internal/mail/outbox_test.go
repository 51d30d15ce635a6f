package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/google/uuid"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

var testKey = seal.Generate()

// house is an outbox on a store of its own.
type house struct {
	*Outbox
	t     *testing.T
	dsn   string
	clock *clock
	log   *journal
}

func openHouse(t *testing.T, dsn string, c *clock, server *SMTP) *house {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, store.Options{Synchronous: "off"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := seal.New(testKey)
	if err != nil {
		t.Fatal(err)
	}
	log := &journal{}
	o := NewOutbox(Parts{
		Store: s, Keys: keys, Render: renderer(t), SMTP: server, Dev: server == nil, Clock: c.Now, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	return &house{Outbox: o, t: t, dsn: dsn, clock: c, log: log}
}

// houses are a house on each engine.
func houses(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	for engine, dsn := range databases {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, dsn(t))
		})
	}
}

var databases = map[string]func(*testing.T) string{
	"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
	"postgres": func(t *testing.T) string { return pgtest.DSN(t) },
}

func (h *house) update(fn func(ctx context.Context, tx *store.Tx) error) {
	h.t.Helper()
	if err := h.Store.Update(h.t.Context(), func(tx *store.Tx) error { return fn(h.t.Context(), tx) }); err != nil {
		h.t.Fatal(err)
	}
}

// mail queues one whose link does not run out.
func (h *house) mail(kind Kind, to string) {
	h.t.Helper()
	d := whole()
	d.Valid = 0
	h.update(func(ctx context.Context, tx *store.Tx) error { return h.Queue(ctx, tx, kind, to, "en", d) })
}

// post sends what is due and waits for it.
func (h *house) post() {
	h.t.Helper()
	p := newPost(h.Outbox)
	if err := p.work(h.t.Context(), h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	p.onTheWay.Wait()
}

func (h *house) work(jobs map[string]Job) {
	h.t.Helper()
	if _, err := h.workJobs(h.t.Context(), h.t.Context(), jobs); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) state() (state store.OutboxState) {
	h.t.Helper()
	err := h.Store.View(h.t.Context(), func(tx *store.Tx) (err error) {
		state, err = tx.Outbox(h.t.Context())
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return state
}

func (h *house) mailbox() []Delivered {
	h.t.Helper()
	all, err := h.Mailbox(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// run works the outbox off beside the test until stop is called.
func (h *house) run(jobs map[string]Job) (stop func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx, jobs) })
	stop = func() { cancel(); running.Wait() }
	h.t.Cleanup(stop)
	return stop
}

// eventually waits for something that happens beside the test.
func (h *house) eventually(what string, done func() bool) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("never: %s\n%s", what, h.log)
		}
	}
}

func TestMailIsSentIfAndOnlyIfItsCauseIsCommitted(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, dsn string) {
		server := (&mailServer{}).start(t)
		h := openHouse(t, dsn, newClock(), server.sender(t))
		never := errors.New("the cause failed")
		err := h.Store.Update(t.Context(), func(tx *store.Tx) error {
			return errors.Join(h.Queue(t.Context(), tx, Reset, "never@reader.example", "en", whole()), never)
		})
		if !errors.Is(err, never) {
			t.Fatal(err)
		}
		h.mail(Reset, "anna@reader.example")
		h.post()
		if took := server.took(); len(took) != 1 || took[0].to[0] != "anna@reader.example" {
			t.Error(took)
		}
		h.post()
		if len(server.took()) != 1 || h.state().Waiting != 0 {
			t.Error("sent twice")
		}
	})
}

func TestNothingInTheDatabaseCanBeRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	h := openHouse(t, "sqlite:"+path, newClock(), nil)
	h.mail(Reset, "anna@reader.example")
	h.update(func(ctx context.Context, tx *store.Tx) error {
		return h.QueueJob(ctx, tx, "forgot", map[string]string{"email": "bert@reader.example"})
	})
	var all []byte
	for _, file := range []string{path, path + "-wal"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw...)
	}
	if !bytes.Contains(all, []byte("forgot")) {
		t.Fatal("the rows are not where this test looks")
	}
	for _, secret := range []string{"reader.example", "token=", "Ännie"} {
		if bytes.Contains(all, []byte(secret)) {
			t.Errorf("%q can be read", secret)
		}
	}
}

func TestJobsMailLeavesAtOnce(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, dsn string) {
		h := openHouse(t, dsn, newClock(), nil)
		h.run(map[string]Job{"forgot": func(ctx context.Context, tx *store.Tx, payload []byte) error {
			var to string
			return errors.Join(json.Unmarshal(payload, &to), h.Queue(ctx, tx, Reset, to, "en", whole()))
		}})
		h.update(func(ctx context.Context, tx *store.Tx) error {
			return h.QueueJob(ctx, tx, "forgot", "anna@reader.example")
		})
		h.Wake()
		h.eventually("the mail arrives", func() bool { return len(h.mailbox()) == 1 })
		if got := h.mailbox()[0]; got.To != "anna@reader.example" || !strings.Contains(got.Text, whole().Link) || !strings.Contains(got.HTML, "LINK") ||
			got.Subject == "" || got.From == "" || !got.SentAt.Equal(h.clock.Now()) {
			t.Errorf("%+v", got)
		}
	})
}

func TestJobTakesEffectOnceBesideManyWorkers(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, dsn string) {
		const workers = 3
		c := newClock()
		first := openHouse(t, dsn, c, nil)
		first.update(func(ctx context.Context, tx *store.Tx) error {
			for i := range jobBatch {
				if err := first.QueueJob(ctx, tx, "count", i); err != nil {
					return err
				}
			}
			return nil
		})
		jobs := map[string]Job{"count": func(ctx context.Context, tx *store.Tx, _ []byte) error {
			return tx.AddEvent(ctx, store.Event{ID: uuid.NewString(), At: c.Now(), Kind: "counted", UserID: "u"})
		}}
		var all sync.WaitGroup
		begin := make(chan struct{})
		for range workers {
			h := openHouse(t, dsn, c, nil)
			rows, err := h.claim(t.Context(), store.ClassJob, jobBatch)
			if err != nil || len(rows) != jobBatch {
				t.Fatal(len(rows), err)
			}
			c.pass(lease) // so slow that the next one claims the same
			all.Go(func() {
				<-begin
				for _, row := range rows {
					if err := h.runJob(t.Context(), row, jobs); err != nil {
						t.Error(err)
					}
				}
			})
		}
		close(begin)
		all.Wait()
		err := first.Store.View(t.Context(), func(tx *store.Tx) error {
			events, err := tx.EventsOf(t.Context(), "u", 1000)
			if len(events) != jobBatch {
				t.Errorf("%d jobs took effect %d times", jobBatch, len(events))
			}
			return err
		})
		if err != nil || first.state().Waiting != 0 {
			t.Error(err, first.state())
		}
	})
}

func TestJobThatFailsLeavesNothingBehindAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, dsn string) {
		h := openHouse(t, dsn, newClock(), nil)
		tries := 0
		jobs := map[string]Job{"forgot": func(ctx context.Context, tx *store.Tx, _ []byte) error {
			tries++
			if err := h.Queue(ctx, tx, Reset, "anna@reader.example", "en", whole()); err != nil {
				return err
			}
			switch tries {
			case 1:
				return errors.New("no luck for anna@reader.example at https://rosewood.example/l?token=LINK")
			case 2:
				panic("out of luck")
			}
			return nil
		}}
		h.update(func(ctx context.Context, tx *store.Tx) error { return h.QueueJob(ctx, tx, "forgot", 1) })
		for want := 1; want <= 3; want++ {
			h.work(jobs)
			h.work(jobs) // not due
			if tries != want {
				t.Fatalf("%d tries, want %d\n%s", tries, want, h.log)
			}
			h.post()
			if sent := len(h.mailbox()); sent != want/3 {
				t.Fatalf("%d mails after try %d", sent, want)
			}
			h.clock.pass(time.Minute)
		}
		if h.state().Waiting != 0 {
			t.Error(h.state())
		}
	})
}

func TestJobsRunInTheOrderInWhichTheyWereQueued(t *testing.T) {
	t.Parallel()
	h := openHouse(t, databases["sqlite"](t), newClock(), nil)
	var want, got []string
	for i := range 2*jobBatch + 3 {
		h.clock.pass(time.Millisecond)
		h.update(func(ctx context.Context, tx *store.Tx) error { return h.QueueJob(ctx, tx, "note", i) })
		want = append(want, fmt.Sprint(i))
	}
	jobs := map[string]Job{"note": func(_ context.Context, _ *store.Tx, payload []byte) error {
		got = append(got, string(payload))
		return nil
	}}
	for more := true; more; {
		var err error
		if more, err = h.workJobs(t.Context(), t.Context(), jobs); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, want) {
		t.Error(got)
	}
}

func TestJobThatNobodyKnowsWaitsForAProcessThatDoes(t *testing.T) {
	t.Parallel()
	h := openHouse(t, databases["sqlite"](t), newClock(), nil)
	h.update(func(ctx context.Context, tx *store.Tx) error { return h.QueueJob(ctx, tx, "new", 1) })
	h.work(nil)
	h.clock.pass(time.Minute)
	done := false
	h.work(map[string]Job{"new": func(context.Context, *store.Tx, []byte) error { done = true; return nil }})
	if !done || h.state() != (store.OutboxState{}) {
		t.Error(done, h.state())
	}
}

func TestMailIsTriedAgainLaterAndLater(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	server := (&mailServer{onRcpt: func(string) error {
		if tries.Add(1) < 4 {
			return reply(450, "try again later")
		}
		return nil
	}}).start(t)
	h := openHouse(t, databases["sqlite"](t), newClock(), server.sender(t))
	h.mail(PasswordChanged, "anna@reader.example")
	for i, wait := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
		h.post()
		h.clock.pass(wait*4/5 - time.Second)
		h.post()
		if n := int(tries.Load()); n != i+1 {
			t.Fatalf("%d tries before the wait was over, want %d", n, i+1)
		}
		h.clock.pass(wait*2/5 + time.Second)
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
			h := openHouse(t, databases["sqlite"](t), newClock(), server.sender(t))
			d := whole()
			if c.kind != Reset {
				d.Valid = 0
			}
			h.update(func(ctx context.Context, tx *store.Tx) error {
				return h.Queue(ctx, tx, c.kind, "anna@reader.example", "en", d)
			})
			h.post()
			if c.after > 0 {
				h.clock.pass(c.after)
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
	h := openHouse(t, databases["sqlite"](t), newClock(), server.sender(t))
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
		c := newClock()
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
		c.pass(lease)
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

func TestMailOnTheWayArrivesWhenTheServerStops(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	server := (&mailServer{onData: func(*smtp.Conn, io.Reader) error { close(begun); <-goOn; return nil }}).start(t)
	h := openHouse(t, databases["sqlite"](t), newClock(), server.sender(t))
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
	h := openHouse(t, databases["sqlite"](t), newClock(), server.sender(t))
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

func TestMailsWaitUntilThereIsAMailServer(t *testing.T) {
	t.Parallel()
	dsn, c := databases["sqlite"](t), newClock()
	without := openHouse(t, dsn, c, nil)
	without.Dev = false
	stop := without.run(map[string]Job{"done": func(context.Context, *store.Tx, []byte) error { return nil }})
	without.mail(PasswordChanged, "anna@reader.example")
	without.update(func(ctx context.Context, tx *store.Tx) error { return without.QueueJob(ctx, tx, "done", 1) })
	without.Wake()
	without.eventually("the job is done", func() bool { return without.state().Waiting == 1 })
	stop()
	if len(without.mailbox()) != 0 || !strings.Contains(without.log.String(), "no mail server") {
		t.Error(without.log)
	}
	_ = without.Store.Close()
	c.pass(giveUpAfter * 2)
	server := (&mailServer{}).start(t)
	openHouse(t, dsn, c, server.sender(t)).post()
	if len(server.took()) != 1 {
		t.Error("the mail is lost")
	}
}

func TestDevMailboxKeepsTheNewest(t *testing.T) {
	t.Parallel()
	h := openHouse(t, databases["sqlite"](t), newClock(), nil)
	const more = 3
	h.update(func(ctx context.Context, tx *store.Tx) error {
		for i := range mailboxSize {
			if err := h.Queue(ctx, tx, Verify, fmt.Sprintf("old%d@reader.example", i), "en", whole()); err != nil {
				return err
			}
		}
		rows, err := tx.ClaimOutbox(ctx, store.ClassMail, mailboxSize, h.clock.Now(), lease)
		for _, row := range rows {
			err = errors.Join(err, tx.KeepSent(ctx, row.ID, h.clock.Now()))
		}
		return err
	})
	for i := range more {
		h.clock.pass(time.Second)
		h.mail(Reset, fmt.Sprintf("new%d@reader.example", i))
		h.post()
	}
	all := h.mailbox()
	if len(all) != mailboxSize {
		t.Fatal(len(all))
	}
	err := h.Store.View(t.Context(), func(tx *store.Tx) error {
		kept, err := tx.SentMail(t.Context(), 2*mailboxSize)
		if len(kept) != mailboxSize {
			t.Error(len(kept), "are kept")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range more {
		if want := fmt.Sprintf("new%d@reader.example", more-1-i); all[i].To != want {
			t.Errorf("place %d: %s, want %s", i, all[i].To, want)
		}
	}
}

// The post must not wait for its next look when a job may have queued a mail, or when a sender has become free.
func TestPostIsWokenByJobsAndByFreeSenders(t *testing.T) {
	t.Parallel()
	h := openHouse(t, databases["sqlite"](t), newClock(), nil)
	h.update(func(ctx context.Context, tx *store.Tx) error { return h.QueueJob(ctx, tx, "any", 1) })
	h.work(map[string]Job{"any": func(context.Context, *store.Tx, []byte) error { return nil }})
	select {
	case <-h.wakeMails:
	default:
		t.Error("not by the job")
	}
	h.mail(Verify, "anna@reader.example")
	h.post()
	select {
	case <-h.wakeMails:
	default:
		t.Error("not by the sender")
	}
}

func TestWakeNeverBlocks(t *testing.T) {
	t.Parallel()
	h := openHouse(t, databases["sqlite"](t), newClock(), nil)
	for range 10 {
		h.Wake() // nobody listens
	}
}

func TestOutageIsToldOnce(t *testing.T) {
	t.Parallel()
	h := openHouse(t, databases["sqlite"](t), newClock(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	wake, looks := make(chan struct{}, 6), 0
	for range cap(wake) {
		wake <- struct{}{}
	}
	h.watch(ctx, wake, func() (bool, error) {
		looks++
		switch {
		case looks == 6:
			cancel()
		case looks > 1 && looks < 5:
			return false, store.ErrUnavailable
		}
		return false, nil
	})
	if log := h.log.String(); strings.Count(log, "cannot be read") != 1 || strings.Count(log, "can be read again") != 1 {
		t.Error(log)
	}
}
