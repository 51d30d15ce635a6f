package mail

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/store"
)

const (
	// pollEvery is how often the outbox is looked at unasked: other processes queue too, and rows come due.
	pollEvery = time.Second
	// atOnce is how many mails are sent at the same time.
	atOnce = 4
	// jobBatch is how many jobs are claimed at once; they run one after the other.
	jobBatch = 16
	// lease is how long a mail that is being sent is left alone. It is longer than any mail server may take, so that only a death makes a
	// duplicate.
	lease = 3 * time.Minute
	// shortLease is how long work on the store alone is left alone: two at once don't hurt, and who waits for a mail after a death waits less.
	shortLease = 10 * time.Second
	// drain is how long mails that are on the way may take when everything ends.
	drain = 10 * time.Second
	// settleWait is how long writing a result may take, even then.
	settleWait = 5 * time.Second

	firstWait   = 5 * time.Second
	longestWait = time.Hour
	giveUpAfter = 3 * 24 * time.Hour
)

// Job is a decision that is taken after the answer. It runs in the transaction that removes its row, so that it takes effect once or not at
// all, and it may run again when that fails: it must do nothing but work on tx, and nothing slow. Mails that it queues are sent at once.
type Job func(ctx context.Context, tx *store.Tx, payload []byte) error

// Run works the outbox off until ctx ends, then waits up to 10 s for what is on the way. Close the store only after it has returned.
func (o *Outbox) Run(ctx context.Context, jobs map[string]Job) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drain, cancel) })()

	if o.Store.Path() != "" { // the only server of this file: what is claimed was so by one that died
		err := o.Store.Update(ctx, func(tx *store.Tx) error { return tx.ReleaseOutbox(ctx, o.Clock()) })
		if err != nil && ctx.Err() == nil {
			o.Log.Warn("what an earlier server left in the outbox waits some minutes longer", "error", scrub(err))
		}
	}
	var loops sync.WaitGroup
	loops.Go(func() {
		o.watch(ctx, o.wakeJobs, func() (bool, error) { return o.workJobs(ctx, late, jobs) })
	})
	switch {
	case o.SMTP != nil || o.Dev:
		post := newPost(o)
		loops.Go(func() {
			o.watch(ctx, o.wakeMails, func() (bool, error) { return false, post.work(ctx, late) })
			post.onTheWay.Wait()
		})
	default:
		o.Log.Warn("there is no mail server: mails wait in the outbox until one is set")
	}
	loops.Wait()
}

// watch calls work when there may be something to do, and again at once while it says that there is more.
func (o *Outbox) watch(ctx context.Context, wake <-chan struct{}, work func() (more bool, err error)) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	failing := false
	for ctx.Err() == nil {
		more, err := work()
		if failed := err != nil; failed != failing && ctx.Err() == nil {
			failing = failed
			if failed { // once, not every second
				o.Log.Warn("the outbox cannot be read; it is tried again every second", "error", scrub(err))
			} else {
				o.Log.Info("the outbox can be read again")
			}
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-poll.C:
		}
	}
}

func (o *Outbox) claim(ctx context.Context, class string, limit int) (rows []store.OutboxRow, err error) {
	span := shortLease
	if class == store.ClassMail && o.SMTP != nil {
		span = lease
	}
	err = o.Store.Update(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.ClaimOutbox(ctx, class, limit, o.Clock(), span)
		return err
	})
	return rows, err
}

// workJobs runs the jobs that are due, in order. What ctx keeps it from running it gives back.
func (o *Outbox) workJobs(ctx, late context.Context, jobs map[string]Job) (more bool, err error) {
	rows, err := o.claim(ctx, store.ClassJob, jobBatch)
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		if ctx.Err() != nil {
			o.settle(late, row, func(ctx context.Context, tx *store.Tx) error { return tx.RetryOutbox(ctx, row.ID, o.Clock(), "") })
			continue
		}
		if err := o.runJob(late, row, jobs); err != nil {
			o.fail(late, row, err)
		}
	}
	if len(rows) > 0 {
		nudge(o.wakeMails)
	}
	return len(rows) == jobBatch, nil
}

func (o *Outbox) runJob(ctx context.Context, row store.OutboxRow, jobs map[string]Job) (err error) {
	defer contain(&err)
	job, ok := jobs[row.Kind]
	if !ok { // it may be of a newer version that runs beside this one
		return fmt.Errorf("there is no job of the kind %q", row.Kind)
	}
	payload, err := o.Keys.Open(purpose, row.Payload, []byte(row.ID))
	if err != nil {
		return err
	}
	elsewhere := false
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		err := tx.FinishOutbox(ctx, row.ID)
		if elsewhere = errors.Is(err, store.ErrNotFound); err != nil {
			return err
		}
		return job(ctx, tx, payload)
	})
	if elsewhere { // our claim was over and another worker did it
		return nil
	}
	return err
}

// contain makes an error of a panic: a row that causes one must not end the process, and the next process when it is tried again there.
func contain(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v", p)
	}
}

// fail puts a row off, or gives it up.
func (o *Outbox) fail(ctx context.Context, row store.OutboxRow, err error) {
	now, why := o.Clock(), scrub(err)
	log := o.Log.With("id", row.ID, "class", row.Class, "kind", row.Kind, "attempt", row.Attempts, "error", why)
	if errors.Is(err, ErrRefused) || now.Sub(row.CreatedAt) >= giveUpAfter {
		log.Error("given up; it stays in the outbox")
		o.settle(ctx, row, func(ctx context.Context, tx *store.Tx) error { return tx.BuryOutbox(ctx, row.ID, why, now) })
		return
	}
	wait := backoff(row.Attempts)
	log.Warn("failed; it will be tried again", "in", wait.Round(time.Second))
	o.settle(ctx, row, func(ctx context.Context, tx *store.Tx) error { return tx.RetryOutbox(ctx, row.ID, now.Add(wait), why) })
}

// settle writes what became of a row, even while everything ends. If that fails, the row comes back when its claim is over.
func (o *Outbox) settle(ctx context.Context, row store.OutboxRow, write func(context.Context, *store.Tx) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWait)
	defer cancel()
	err := o.Store.Update(ctx, func(tx *store.Tx) error { return write(ctx, tx) })
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		o.Log.Warn("the outbox cannot be written; what was done may be done again", "id", row.ID, "kind", row.Kind, "error", scrub(err))
	}
}

// backoff is how long to wait after so many attempts: 5 s, 10 s, 20 s … an hour, spread by a fifth to either side, so that a crowd of mails
// does not come back as a crowd.
func backoff(attempts int) time.Duration {
	wait := firstWait << min(max(attempts-1, 0), 10)
	var dice [1]byte
	rand.Read(dice[:]) // it never fails since Go 1.24
	wait = wait*4/5 + wait*2/5*time.Duration(dice[0])/255
	return min(wait, longestWait)
}
