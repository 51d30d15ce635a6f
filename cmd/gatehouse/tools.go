package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// load reads the configuration. More are judgements that only some commands need.
func (a *app) load(more ...func(*config.Config) []config.Problem) (config.Config, error) {
	return config.Load(a.given, a.environ, nil, more...)
}

// loadBeside reads the configuration as a command beside a server needs it. That a server could not be started with it (no mail server, say,
// which may be a flag of its own) is no reason not to list users.
func (a *app) loadBeside() (config.Config, error) {
	c, err := a.load()
	if err != nil {
		return c, err
	}
	_ = c.Finish(nil)
	return c, nil
}

// open opens the store for a command that only makes sense when there is one already. It never makes or migrates one.
func (a *app) open(ctx context.Context) (*server.Tools, error) {
	c, err := a.loadBeside()
	if err != nil {
		return nil, err
	}
	if err := mustExist(c.Database); err != nil {
		return nil, err
	}
	c.Migrate = false
	return server.OpenTools(ctx, c, a.log())
}

// create opens the store, and makes it first where there is none: the first administrator can be made before the first start.
func (a *app) create(ctx context.Context) (*server.Tools, error) {
	c, err := a.loadBeside()
	if err != nil {
		return nil, err
	}
	return server.OpenTools(ctx, c, a.log())
}

// openStore opens the store alone.
func (a *app) openStore(ctx context.Context, mayMake bool) (*store.Store, error) {
	c, err := a.loadBeside()
	if err != nil {
		return nil, err
	}
	if !mayMake {
		if err := mustExist(c.Database); err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, c.Database, store.Options{})
}

// mustExist refuses a SQLite file that is not there: opening would make an empty one, and a mistyped path would look like «no users».
func mustExist(database string) error {
	path, isFile := strings.CutPrefix(database, "sqlite:")
	if !isFile {
		return nil
	}
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database at %s; start `gatehouse serve` or run `gatehouse migrate up` to make it, or name another with --database", path)
	}
	return err
}

// log is for what goes wrong beside the answer; a command says the rest itself.
func (a *app) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// closing adds the error of closing to another.
func closing(err *error, close func() error) { *err = errors.Join(*err, close()) }
