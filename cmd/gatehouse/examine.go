package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
	"github.com/gatehouse-auth/gatehouse/internal/web"
)

// patience is how long the doctor waits for another machine.
const patience = 10 * time.Second

// mail checks that mails can be sent. Refused is what config.Finish said: a server without mail that needs it would not start.
func (d *diagnosis) mail(ctx context.Context, refused error) {
	c := &d.config
	const fix = "give --smtp and --mail-from"
	switch {
	case c.SMTP != "":
		d.mailServer(ctx)
	case refused != nil:
		d.found(unsafe, "mail", "there is no mail server, so nobody could confirm an address and the server would not start",
			fix+", or set --email-verification to optional or off")
	case c.Dev == config.On:
		d.ok("mail", "development keeps mails at %s; for others to use this, %s", c.URL("/dev/mail"), fix)
	default:
		d.found(warning, "mail", "there is no mail server: who forgets their password cannot set a new one", fix)
	}
}

// templates tries those of the site's own as a server does before it starts. All else of a theme is part of the configuration.
func (d *diagnosis) templates(texts *message.Catalog) {
	if d.config.Theme.Templates == "" {
		return
	}
	look, wrong := theme.Read(&d.config)
	err := error((*config.Problems)(&wrong))
	if len(wrong) == 0 {
		_, err = web.New(web.Parts{Config: &d.config, Texts: texts, Mail: mail.NewOutbox(mail.Parts{}), Theme: look})
	}
	problems, ok := errors.AsType[*config.Problems](err)
	switch {
	case ok:
		for _, p := range *problems {
			d.found(unsafe, "templates", p.String(), "the server does not start with it; `gatehouse theme preview` shows what changes")
		}
	case err != nil:
		d.found(unsafe, "templates", oneLine(err), "the server does not start with it")
	default:
		d.ok("templates", "every page works with those in %s", d.config.Theme.Templates)
	}
}

func (d *diagnosis) mailServer(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	smtp, err := mail.NewSMTP(d.config.SMTP.Reveal(), d.config.MailFrom)
	if err == nil {
		err = smtp.Check(ctx)
	}
	if err != nil {
		d.found(unsafe, "mail", oneLine(err), "mails wait until this works: check --smtp and that this machine may connect there")
		return
	}
	d.ok("mail", "the mail server takes our log-in")
}

// key checks the secret key, which nobody else may read.
func (d *diagnosis) key() {
	if n := len(d.config.SecretKeys); n > 0 {
		d.ok("secret key", "given; %d of them", n)
		return
	}
	path, database := d.files()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(database); err == nil {
			d.found(warning, "secret key", path+" is missing although there is a database: with a new key, mails that wait and links that were mailed are lost",
				"put the old file back if there is one")
			return
		}
		d.ok("secret key", "%s will be made at the first start", path)
		return
	}
	if _, _, err := seal.FromFile(path); err != nil { // it is there, so none is made
		d.found(unsafe, "secret key", oneLine(err), "the server does not start with it as it is")
		return
	}
	d.ok("secret key", "%s can be read by its owner alone", path)
}

// files are the key and the database of a SQLite store, where the server looks for them: beside what a symbolic link leads to.
func (d *diagnosis) files() (key, database string) {
	database = strings.TrimPrefix(d.config.Database, "sqlite:")
	if target, err := filepath.EvalSymlinks(database); err == nil {
		database = target
	}
	return filepath.Join(filepath.Dir(database), server.KeyFile), database
}

// database looks at the store without making or changing it: opening a file that is not there would make one, and so would asking an empty
// one for its schema.
func (d *diagnosis) database(ctx context.Context) {
	if strings.HasPrefix(d.config.Database, "sqlite:") && !d.databaseFile() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := store.Open(ctx, d.config.Database, store.Options{})
	if err == nil {
		defer s.Close() //nolint:errcheck // it was only read
		err = s.Ping(ctx)
	}
	if err != nil {
		d.found(unsafe, "database", "it cannot be reached: "+oneLine(err), "check --database and that the database runs")
		return
	}
	d.ok("database", "%s can be reached", s.Engine())
	d.otherClock(ctx, s)
	var roles []store.Role
	err = s.View(ctx, func(tx *store.Tx) (err error) {
		roles, err = tx.Roles(ctx)
		return err
	})
	if err == nil {
		err = s.Migrated(ctx) // not before: on an empty database it would write
	}
	if err != nil {
		d.schema()
		return
	}
	d.ok("schema", "it is up to date")
	d.administrators(roles)
	d.outbox(ctx, s)
}

func (d *diagnosis) schema() {
	const message = "the database is not migrated to what this version needs"
	if d.config.Migrate {
		d.found(warning, "schema", message, "the next start does it, or run `gatehouse migrate up` now")
		return
	}
	d.found(unsafe, "schema", message, "the server does not start with --migrate=false; run `gatehouse migrate up`")
}

// databaseFile checks the SQLite file and reports whether there is something to open.
func (d *diagnosis) databaseFile() bool {
	_, path := d.files()
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if dir, wrong := os.Stat(filepath.Dir(path)); wrong != nil || !dir.IsDir() {
			d.found(unsafe, "database", "the folder of "+path+" is not there, so the server would not start", "make it, or name another place with --database")
			return false
		}
		d.ok("database", "there is none at %s yet; `gatehouse serve` makes it", path)
		return false
	case err != nil:
		d.found(unsafe, "database", oneLine(err), "see to it that this user may read and write it")
		return false
	case !isSQLite(path):
		d.found(unsafe, "database", path+" is not a SQLite database", "name another with --database, or move that file away")
		return false
	}
	open := ""
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if found, err := os.Stat(name); err == nil && found.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
			open += " " + name
		}
	}
	if open != "" {
		d.found(unsafe, "database file", "other users of this machine can read password hashes and addresses in it", "run `chmod 600"+open+"`")
	} else {
		d.ok("database file", "%s can be read by its owner alone", path)
	}
	d.clock(info.ModTime())
	return true
}

// isSQLite looks at the first bytes: SQLite would make a database of an empty file.
func isSQLite(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	n, err := f.Read(head)
	return err == nil && n == len(magic) && string(head) == magic
}

// clock compares this machine's with when something was last written: sessions and links live by it.
func (d *diagnosis) clock(written time.Time) {
	const slack = 2 * time.Minute
	if ahead := written.Sub(d.now); ahead > slack {
		d.found(unsafe, "clock", fmt.Sprintf("something was written %s from now: the clock has gone back, and sessions and links would live too long", ahead.Round(time.Second)),
			"set the clock right, and let it follow a time server")
		return
	}
	d.ok("clock", "nothing was written in the future")
}

// otherClock compares this machine's with the database server's. Every server that works on one database must agree on when a session ends.
func (d *diagnosis) otherClock(ctx context.Context, s *store.Store) {
	const slack = time.Minute // as much as sessions allow for
	switch at, err := s.Clock(ctx); {
	case err != nil:
		d.found(unsafe, "clock", "the database does not tell its time: "+oneLine(err), "check the database")
	case at.IsZero():
	case at.Sub(d.now).Abs() > slack:
		d.found(unsafe, "clock", fmt.Sprintf("this machine and the database server differ by %s: sessions and links would live too long or too short",
			at.Sub(d.now).Abs().Round(time.Second)), "let both follow a time server")
	default:
		d.ok("clock", "it agrees with the database server's")
	}
}

func (d *diagnosis) administrators(roles []store.Role) {
	if !slices.ContainsFunc(roles, func(r store.Role) bool { return r.Name == flow.RoleAdmin && r.Users > 0 }) {
		d.found(warning, "administrators", "there is none", "make one with `gatehouse admin create --email you@example.com`")
		return
	}
	d.ok("administrators", "there are some")
}

// outbox checks that mails leave.
func (d *diagnosis) outbox(ctx context.Context, s *store.Store) {
	var state store.OutboxState
	err := s.View(ctx, func(tx *store.Tx) (err error) {
		state, err = tx.Outbox(ctx)
		return err
	})
	const long = 10 * time.Minute
	switch {
	case err != nil:
		d.found(unsafe, "outbox", "it cannot be read: "+oneLine(err), "check the database")
	case state.Dead > 0:
		d.found(warning, "outbox", fmt.Sprintf("%d mails were given up%s", state.Dead, because(state)), "look into the mail server's log")
	case state.Waiting > 0 && d.now.Sub(state.Oldest) > long:
		d.found(warning, "outbox", fmt.Sprintf("%d mails wait, the oldest since %s%s", state.Waiting, instant(state.Oldest), because(state)),
			"see that the server runs and that the mail server takes its mails")
	default:
		d.ok("outbox", "%d mails wait", state.Waiting)
	}
}

func because(s store.OutboxState) string {
	if s.LastError == "" {
		return ""
	}
	return " (last error: " + s.LastError + ")"
}
