package flow

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/google/uuid"
)

// recordEvery is how often refusals are written: in batches, so that a refused request costs no write of its own.
const recordEvery = 200 * time.Millisecond

// Refused records why a request was refused, under the reference code that its client was shown. It never waits: under a flood
// some are only in the log.
func (f *Flow) Refused(c Client, route string, fault *message.Fault) {
	userID := fault.UserID
	if userID == "" && c.Session != nil {
		userID = c.Session.UserID
	}
	e := store.Event{
		ID: uuid.NewString(), At: f.now(), Kind: "refused", UserID: userID, Client: addr(c),
		Reference: c.Reference, RequestID: c.RequestID, Cause: fault.Cause, Detail: route + " " + string(fault.Code),
	}
	if fault.Err != nil {
		e.Detail += ": " + fault.Err.Error()
	}
	select {
	case f.refusals <- e:
	default:
	}
}

// writeRefusals writes what waits, a bounded number at a time.
func (f *Flow) writeRefusals(ctx context.Context) error {
	var batch []store.Event
	for len(batch) < 100 {
		select {
		case e := <-f.refusals:
			batch = append(batch, e)
			continue
		default:
		}
		break
	}
	if len(batch) == 0 {
		return nil
	}
	return f.Store.Update(ctx, func(tx *store.Tx) error {
		for _, e := range batch {
			if err := tx.AddEvent(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Explain finds what is behind a reference code; store.ErrNotFound when nothing is recorded under it.
func (f *Flow) Explain(ctx context.Context, code string) (events []store.Event, err error) {
	reference, ok := message.NormalReference(code)
	if !ok {
		return nil, errors.New("that is no reference code: it has eight letters and digits, like 7F3K-9QWM")
	}
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		events, err = tx.EventsByReference(ctx, reference)
		return err
	})
	if err == nil && len(events) == 0 {
		err = store.ErrNotFound
	}
	return events, err
}
