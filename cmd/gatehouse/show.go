package main

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

type userShowCmd struct{ userArg }

// known is what an operator wants to know beside the user itself.
type known struct {
	userJSON
	HasPassword       bool       `json:"has_password"`
	PasswordChangedAt *time.Time `json:"password_changed_at,omitempty"`
	Sessions          int        `json:"sessions"`
	LastSeenAt        *time.Time `json:"last_seen_at,omitempty"`
	Fields            []filledIn `json:"fields,omitempty"`
	Events            []happened `json:"events"`
}

// filledIn is what the user filled in of a field of the site's own.
type filledIn struct {
	Name        string     `json:"name"`
	Value       string     `json:"value,omitempty"`
	Version     string     `json:"version,omitempty"`
	At          time.Time  `json:"at"`
	WithdrawnAt *time.Time `json:"withdrawn_at,omitempty"`
}

// told is the value, or the consent and whether it holds.
func (f filledIn) told() string {
	switch {
	case f.Version == "":
		return f.Value
	case f.WithdrawnAt != nil:
		return "withdrawn, version " + f.Version
	}
	return "agreed, version " + f.Version
}

func fieldsOf(kept []store.UserField) (all []filledIn) {
	for _, f := range kept {
		one := filledIn{Name: f.Name, Value: f.Value, Version: f.Version, At: f.At}
		if !f.WithdrawnAt.IsZero() {
			one.WithdrawnAt = &f.WithdrawnAt
		}
		all = append(all, one)
	}
	return all
}

// happened is an event, as the operator may see it.
type happened struct {
	At        time.Time `json:"at"`
	Kind      string    `json:"kind"`
	Cause     string    `json:"cause,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Actor     string    `json:"actor,omitempty"`
	Client    string    `json:"client,omitempty"`
	Reference string    `json:"reference,omitempty"`
}

// told is what one column has room for: why a request was refused, or what an operator changed.
func (h happened) told() string { return cmp.Or(h.Cause, h.Detail) }

// recentEvents is how much of what happened is shown.
const recentEvents = 10

// Run shows the user.
func (c *userShowCmd) Run(ctx context.Context, a *app) error {
	return c.with(ctx, a, func(t *server.Tools, user store.User) error {
		k := known{userJSON: asJSON(user), Events: []happened{}}
		err := t.Store.View(ctx, func(tx *store.Tx) error { return k.fill(ctx, tx, user.ID) })
		if err != nil {
			return err
		}
		if a.json {
			return a.object(k)
		}
		return k.write(a, user)
	})
}

func (k *known) fill(ctx context.Context, tx *store.Tx, userID string) error {
	p, err := tx.PasswordOf(ctx, userID)
	if err != nil {
		return err
	}
	if k.HasPassword = p.Hash != ""; k.HasPassword {
		k.PasswordChangedAt = &p.ChangedAt
	}
	sessions, err := tx.SessionsOf(ctx, userID)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if s.EndAt.After(time.Now()) && s.SeenAt.Add(s.Idle).After(time.Now()) {
			k.Sessions++
		}
		if k.LastSeenAt == nil || s.SeenAt.After(*k.LastSeenAt) {
			k.LastSeenAt = &s.SeenAt
		}
	}
	fields, err := tx.UserFields(ctx, userID)
	if err != nil {
		return err
	}
	k.Fields = fieldsOf(fields)
	events, err := tx.EventsOf(ctx, userID, recentEvents)
	for _, e := range events {
		k.Events = append(k.Events, happened{At: e.At, Kind: e.Kind, Cause: e.Cause, Detail: e.Detail, Actor: e.Actor, Client: e.Client, Reference: e.Reference})
	}
	return err
}

func (k *known) write(a *app, u store.User) error {
	when := func(t *time.Time) string {
		if t == nil {
			return "-"
		}
		return instant(*t)
	}
	rows := [][]string{
		{"id", u.ID}, {"address", dashed(u.Email)}, {"verified", yesNo(u.EmailVerified)}, {"username", dashed(u.Username)},
		{"name", dashed(u.Name)}, {"language", dashed(u.Locale)}, {"state", u.State}, {"roles", dashed(u.Roles...)},
		{"permissions", dashed(u.Permissions...)}, {"created", instant(u.CreatedAt)}, {"password", "none"},
		{"sessions", strconv.Itoa(k.Sessions)}, {"last seen", when(k.LastSeenAt)},
	}
	if k.HasPassword {
		rows[10][1] = "set " + when(k.PasswordChangedAt)
	}
	if err := table(a.out, rows); err != nil {
		return err
	}
	if err := k.writeFields(a); err != nil || len(k.Events) == 0 {
		return err
	}
	rows = [][]string{{"WHEN (UTC)", "EVENT", "DETAIL", "CLIENT", "REFERENCE"}}
	for _, e := range k.Events {
		rows = append(rows, []string{instant(e.At), e.Kind, dashed(e.told()), dashed(e.Client), dashed(e.Reference)})
	}
	if err := a.say("\nRecent events, the newest first:"); err != nil {
		return err
	}
	return table(a.out, rows)
}

func (k *known) writeFields(a *app) error {
	if len(k.Fields) == 0 {
		return nil
	}
	rows := [][]string{{"FIELD", "VALUE", "SINCE (UTC)"}}
	for _, f := range k.Fields {
		since := f.At
		if f.WithdrawnAt != nil {
			since = *f.WithdrawnAt
		}
		rows = append(rows, []string{f.Name, dashed(f.told()), instant(since)})
	}
	if err := a.say("\nThe site's own fields:"); err != nil {
		return err
	}
	return table(a.out, rows)
}
