package flow

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/google/uuid"
)

// recordEvery is how often refusals are written: in batches, so that a refused request costs no write of its own.
const recordEvery = 200 * time.Millisecond

// recordWithin is how long one batch may take, also while everything else stops.
const recordWithin = 5 * time.Second

// Refused records why a request was refused, under the reference code that its client was shown. It never waits. Of a flood only the first
// are recorded, the rest is only in the log: asking for pages that are not there must not fill the disk. A proof that failed is recorded
// whatever came before it, else a flood would hide the guesses that follow (P-241); how often one may fail is limited already.
func (f *Flow) Refused(c Client, route string, fault *message.Fault) {
	if !failedProof(fault) && !f.mayRecord(c) {
		return
	}
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
	e.Detail = storable(e.Detail)
	select {
	case f.refusals <- e:
	default:
	}
}

func failedProof(fault *message.Fault) bool {
	switch fault.Code {
	case message.InvalidCredentials, message.InvalidCode, message.AccountDisabled:
		return true
	}
	return fault.Cause == causeWrongPassword
}

func (f *Flow) mayRecord(c Client) bool {
	now, gone := context.WithCancel(context.Background())
	gone() // who would have to wait for a place gets none
	return f.spend(now, throttle.Key{Budget: throttle.RecordClient, ID: throttle.ClientID(c.Addr)}) == nil
}

// storable is a text that the store takes: what a driver or a header says may hold bytes that it refuses, and with them the whole batch.
func storable(text string) string {
	const most = 500
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\ufffd")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

// writeRefusals writes what waits, a bounded number at a time. What the store did not take waits for the next time: while the store is down
// everybody is shown a code, and it should lead somewhere afterwards. Only one goroutine may be in it.
func (f *Flow) writeRefusals(ctx context.Context) error {
	for len(f.unwritten) < 100 && len(f.refusals) > 0 {
		f.unwritten = append(f.unwritten, <-f.refusals)
	}
	if len(f.unwritten) == 0 {
		return nil
	}
	// What was taken off the list would be lost if a stop cut this off.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	err := f.Store.Update(ctx, func(tx *store.Tx) error {
		for _, e := range f.unwritten {
			if err := tx.AddEvent(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = f.tellOfGuesses(ctx, f.unwritten)
		f.unwritten = nil
	} else if f.Store.Ping(ctx) == nil { // what a store does not take that works must not stand in the way of the rest
		f.unwritten = nil
	}
	return err
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
