package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/alecthomas/kong"
	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
	"golang.org/x/term"
)

type serveCmd struct{ kong.Plugins }

// Help is shown below the command's one line.
func (serveCmd) Help() string {
	return `Without any flag it listens on 127.0.0.1:8080, keeps everything in gatehouse.db, and keeps mails at /dev/mail for you to read. When it is
ready it prints one line, whose last word is the URL to open. SIGTERM or Ctrl-C ends it when it has answered what it accepted; a second one
ends it at once.

Examples:

    gatehouse serve
    gatehouse serve --base-url https://login.example.com --smtp smtp://USER:PASSWORD@mail.example.com:587 --mail-from login@example.com
    GATEHOUSE_DATABASE_FILE=/run/secrets/database GATEHOUSE_SECRET_KEY_FILE=/run/secrets/key gatehouse serve --config /etc/gatehouse.yaml

To check all settings at once: gatehouse doctor, with the same flags.`
}

// Run serves until it is told to end.
func (*serveCmd) Run(ctx context.Context, a *app) (err error) {
	ctx, restore := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer restore()
	context.AfterFunc(ctx, restore) // the second signal has its usual effect: the end
	c, err := a.load(theme.Check)
	if err != nil {
		return err
	}
	// Listening comes first: the base URL may hang on the port, and a port that is taken is told before anything is made.
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return cannotListen(c.Listen, err)
	}
	defer l.Close() //nolint:errcheck // Serve has closed it already, or there is nothing to lose
	if err := c.Finish(l.Addr()); err != nil {
		return err
	}
	log := a.serverLog(c)
	limitMemory(log)
	s, err := server.Open(ctx, c, log, server.Options{Version: version()})
	if err != nil {
		return err
	}
	defer closing(&err, s.Close)
	hints(ctx, c, s, log)
	if err := a.ready(c); err != nil { // what connects from now on waits for Serve
		return err
	}
	return s.Serve(ctx, l)
}

// ready says where to go. The last word is the URL, for programs that start this one.
func (a *app) ready(c config.Config) error {
	url := c.URL("")
	if a.json {
		return a.object(map[string]string{"url": url})
	}
	return a.say("Gatehouse is ready at %s", url)
}

// hints tells the operator what they will want to know next.
func hints(ctx context.Context, c config.Config, s *server.Server, log *slog.Logger) {
	if c.Dev == config.On && c.SMTP == "" {
		log.Info("this is development: mails are not sent but kept for you to read", "at", c.URL("/dev/mail"))
	}
	if c.Limits == "off" {
		log.Warn("limits against guessing are off: passwords can be guessed without end; take --limits off away unless this is a load test")
	}
	if weak := weakHash(c); weak != "" {
		log.Warn("passwords are hashed weakly: "+weak, "do", strongerHash)
	}
	if found, err := s.Flow().HasAdmin(ctx); err == nil && !found {
		log.Info("nobody is an administrator yet; make one with: gatehouse admin create --email you@example.com")
	}
}

// cannotListen says what to do about an address that can't be listened on.
func cannotListen(address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use by another program, perhaps another Gatehouse; stop that, or choose another address with --listen (port 0 picks a free one)", address)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("this user may not listen on %s; take a port above 1023 with --listen, or allow it with `setcap cap_net_bind_service=+ep` on the program", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("this machine does not have the address %s; choose another with --listen", address)
	}
	return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", address, err)
}

// serverLog writes text for people who watch, JSON for programs that collect.
func (a *app) serverLog(c config.Config) *slog.Logger {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError}
	o := &slog.HandlerOptions{Level: levels[c.LogLevel]} // info is the zero value
	watched := false
	if file, ok := a.err.(*os.File); ok {
		watched = term.IsTerminal(int(file.Fd()))
	}
	if c.LogFormat == "text" || c.LogFormat == "auto" && watched {
		return slog.New(slog.NewTextHandler(a.err, o))
	}
	return slog.New(slog.NewJSONHandler(a.err, o))
}

// limitMemory has the garbage collector stay below the container's limit instead of being killed at it. GOMEMLIMIT, where it is set, holds.
func limitMemory(log *slog.Logger) {
	if _, err := memlimit.Set(); err != nil {
		log.Debug("the container's memory limit cannot be told; set GOMEMLIMIT yourself if there is one", "error", err)
	}
}
