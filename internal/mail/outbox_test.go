package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

func TestMailIsSentIfAndOnlyIfItsCauseIsCommitted(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, dsn string) {
		server := (&mailServer{}).start(t)
		h := openHouse(t, dsn, fixture.StoppedClock(), server.sender(t))
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
	h := openHouse(t, "sqlite:"+path, fixture.StoppedClock(), nil)
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

func TestMailsWaitUntilThereIsAMailServer(t *testing.T) {
	t.Parallel()
	dsn, c := databases["sqlite"](t), fixture.StoppedClock()
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
	c.Pass(giveUpAfter * 2)
	server := (&mailServer{}).start(t)
	openHouse(t, dsn, c, server.sender(t)).post()
	if len(server.took()) != 1 {
		t.Error("the mail is lost")
	}
}

func TestDevMailboxKeepsTheNewest(t *testing.T) {
	t.Parallel()
	h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), nil)
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
		h.clock.Pass(time.Second)
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
	h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), nil)
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
	h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), nil)
	for range 10 {
		h.Wake() // nobody listens
	}
}

func TestOutageIsToldOnce(t *testing.T) {
	t.Parallel()
	h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), nil)
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
