package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/google/uuid"
)

func TestJobsMailLeavesAtOnce(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, dsn string) {
		h := openHouse(t, dsn, fixture.StoppedClock(), nil)
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
		c := fixture.StoppedClock()
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
			c.Pass(lease) // so slow that the next one claims the same
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
		h := openHouse(t, dsn, fixture.StoppedClock(), nil)
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
			h.clock.Pass(time.Minute)
		}
		if h.state().Waiting != 0 {
			t.Error(h.state())
		}
	})
}

func TestJobsRunInTheOrderInWhichTheyWereQueued(t *testing.T) {
	t.Parallel()
	h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), nil)
	var want, got []string
	for i := range 2*jobBatch + 3 {
		h.clock.Pass(time.Millisecond)
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
	h := openHouse(t, databases["sqlite"](t), fixture.StoppedClock(), nil)
	h.update(func(ctx context.Context, tx *store.Tx) error { return h.QueueJob(ctx, tx, "new", 1) })
	h.work(nil)
	h.clock.Pass(time.Minute)
	done := false
	h.work(map[string]Job{"new": func(context.Context, *store.Tx, []byte) error { done = true; return nil }})
	if !done || h.state() != (store.OutboxState{}) {
		t.Error(done, h.state())
	}
}
