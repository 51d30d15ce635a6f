package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatehouse-auth/gatehouse/internal/store"
)

type migrateCmd struct {
	Status migrateStatusCmd `cmd:"" default:"1" help:"List the steps of the schema and which are applied (the default)."`
	Up     migrateUpCmd     `cmd:"" help:"Bring the schema up to date; makes the database where there is none."`
	Down   migrateDownCmd   `cmd:"" help:"Undo the newest step, with the data that it holds."`
}

// Help is shown below the command's one line.
func (migrateCmd) Help() string {
	return `You need this rarely: "gatehouse serve" brings the schema up to date by itself at start. If the server may not change the schema, start it
with --migrate=false and run "gatehouse migrate up" before you start a new version. The previous version keeps working on the new schema.`
}

type migrateStatusCmd struct{}

type migrationJSON struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

// Run lists the steps.
func (*migrateStatusCmd) Run(ctx context.Context, a *app) (err error) {
	s, err := a.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer closing(&err, s.Close)
	return a.migrations(ctx, s)
}

func (a *app) migrations(ctx context.Context, s *store.Store) error {
	steps, err := s.Migrations(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"STEP", "APPLIED"}}
	for _, m := range steps {
		if a.json {
			if err := a.object(migrationJSON(m)); err != nil {
				return err
			}
		}
		rows = append(rows, []string{m.Name, yesNo(m.Applied)})
	}
	if a.json {
		return nil
	}
	return table(a.out, rows)
}

type migrateUpCmd struct{}

// Run applies what is missing.
func (*migrateUpCmd) Run(ctx context.Context, a *app) (err error) {
	s, err := a.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer closing(&err, s.Close)
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	return a.migrations(ctx, s)
}

type migrateDownCmd struct {
	Yes bool `help:"Do not ask."`
}

// Run undoes one step.
func (c *migrateDownCmd) Run(ctx context.Context, a *app) (err error) {
	s, err := a.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer closing(&err, s.Close)
	if err := a.confirm(c.Yes, "This undoes the newest step of the schema, and what only it can hold is lost. Make a backup first."); err != nil {
		return err
	}
	version, err := s.MigrateDown(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("no step is applied, so there is nothing to undo; see `gatehouse migrate status`")
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.object(map[string]any{"undone": version})
	}
	return a.say("undid step %d", version)
}
