package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

type referenceCmd struct {
	Code []string `arg:"" name:"CODE" help:"The code, like 7F3K-9QWM. Dashes, spaces and capitals do not matter."`
}

// Help is shown below the command's one line.
func (referenceCmd) Help() string {
	return `Every refusal, on a page or in JSON, has such a code, and people can read it out to you. It is kept for 30 days.

Examples:

    gatehouse reference 7F3K-9QWM
    gatehouse reference 7f3k 9qwm`
}

// refusal is what is behind a reference code.
type refusal struct {
	Reference string    `json:"reference"`
	At        time.Time `json:"at"`
	Route     string    `json:"route"`
	Code      string    `json:"code"`
	Cause     string    `json:"cause"`
	Error     string    `json:"error,omitempty"`
	UserID    string    `json:"user_id,omitempty"`
	Email     string    `json:"email,omitempty"`
	Client    string    `json:"client,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
}

// Run tells what was refused, and why.
func (c *referenceCmd) Run(ctx context.Context, a *app) (err error) {
	t, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer closing(&err, t.Close)
	code := strings.Join(c.Code, " ") // as people write it down, in two halves
	events, err := t.Flow.Explain(ctx, code)
	for range 6 { // a refusal is written a moment after it was shown
		if !errors.Is(err, store.ErrNotFound) || ctx.Err() != nil {
			break
		}
		time.Sleep(250 * time.Millisecond)
		events, err = t.Flow.Explain(ctx, code)
	}
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("nothing is recorded under %s; check the code, and that this is the store of the server that showed it; of a flood only the first refusals are recorded, and after 30 days none, but the log of the server has them all", printable(code))
	}
	if err != nil {
		return err
	}
	for _, e := range events {
		r, err := refusalOf(ctx, t, e)
		if err != nil {
			return err
		}
		if a.json {
			err = a.object(r)
		} else {
			err = r.write(a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refusalOf reads a recorded refusal. Its detail is «route code» and, where there is one, «: error».
func refusalOf(ctx context.Context, t *server.Tools, e store.Event) (refusal, error) {
	r := refusal{Reference: e.Reference, At: e.At, Cause: e.Cause, UserID: e.UserID, Client: e.Client, RequestID: e.RequestID}
	r.Route, r.Error, _ = strings.Cut(e.Detail, ": ")
	if i := strings.LastIndexByte(r.Route, ' '); i >= 0 {
		r.Route, r.Code = r.Route[:i], r.Route[i+1:]
	}
	if e.UserID == "" {
		return r, nil
	}
	user, err := t.Flow.FindUser(ctx, e.UserID)
	if errors.Is(err, store.ErrNotFound) { // deleted since then
		return r, nil
	}
	r.Email = user.Email
	return r, err
}

func (r refusal) write(a *app) error {
	user := dashed(r.UserID)
	if r.Email != "" {
		user += " " + r.Email
	}
	rows := [][]string{
		{"reference", r.Reference}, {"when", instant(r.At)}, {"route", r.Route}, {"code", r.Code}, {"cause", dashed(r.Cause)},
		{"user", user}, {"client", dashed(r.Client)}, {"request", dashed(r.RequestID)},
	}
	if r.Error != "" {
		rows = append(rows, []string{"error", r.Error})
	}
	return table(a.out, rows)
}
