package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/password"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/gatehouse-auth/gatehouse/internal/web"
)

// KeyFile is the name of the file that the secret key is kept in where none is given: beside the SQLite file.
const KeyFile = "gatehouse.key"

// parts are what a server and a command have in common.
type parts struct {
	config   *config.Config
	store    *store.Store
	keys     *seal.Keys
	texts    *message.Catalog
	sessions *session.Manager
	mail     *mail.Outbox
	theme    *theme.Theme
	flow     *flow.Flow
	clock    func() time.Time
	log      *slog.Logger
}

// open wires the parts. With the server's lock no other server can work on the same SQLite file.
func open(ctx context.Context, c config.Config, log *slog.Logger, o Options, lock bool) (_ *parts, err error) {
	p := &parts{config: &c, clock: o.Clock, log: log, theme: &theme.Theme{}}
	if lock { // only a server has pages and sends mails
		look, problems := theme.Read(&c)
		if len(problems) > 0 {
			return nil, (*config.Problems)(&problems)
		}
		p.theme = look
		if p.texts, err = Texts(&c); err != nil {
			return nil, err
		}
	}
	if p.clock == nil {
		p.clock = time.Now //nolint:forbidigo // the clock that everybody is given
	}
	if p.store, err = store.Open(ctx, c.Database, store.Options{Server: lock}); err != nil {
		return nil, err
	}
	if err := p.wire(ctx); err != nil {
		return nil, errors.Join(err, p.store.Close())
	}
	return p, nil
}

func (p *parts) wire(ctx context.Context) (err error) {
	if err := p.migrate(ctx); err != nil {
		return err
	}
	if p.keys, err = openKeys(p.config, p.store); err != nil {
		return err
	}
	if p.texts == nil {
		if p.texts, err = message.Load(); err != nil {
			return err
		}
	}
	if p.mail, err = p.outbox(); err != nil {
		return err
	}
	c := p.config
	hasher, err := password.NewHasher(password.Params{
		Format: c.PasswordHash, Argon2Memory: c.Argon2Memory, Argon2Time: c.Argon2Time, Argon2Threads: c.Argon2Threads, BcryptCost: c.BcryptCost,
	}, c.HashMemory, runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	limits := throttle.New(p.clock)
	if c.Limits == "off" {
		limits = throttle.Off()
	}
	p.sessions = session.NewManager(p.store, p.clock, session.Lifetimes{
		Idle: c.SessionIdle, Absolute: c.SessionAbsolute, RememberIdle: c.RememberIdle, RememberAbsolute: c.RememberAbsolute, Fresh: c.FreshFor,
	})
	p.flow = flow.New(flow.Parts{
		Config: c, Store: p.store, Sessions: p.sessions, Hasher: hasher, Policy: password.NewPolicy(c.PasswordMinLength), Keys: p.keys,
		Limits: limits, Mail: p.mail, Clock: p.clock, Log: p.log,
	})
	return nil
}

func (p *parts) migrate(ctx context.Context) error {
	if p.config.Migrate {
		return p.store.Migrate(ctx)
	}
	return p.store.Migrated(ctx)
}

// openKeys takes the keys that are given, or the file beside the SQLite database.
func openKeys(c *config.Config, s *store.Store) (*seal.Keys, error) {
	if len(c.SecretKeys) > 0 {
		texts := make([]string, len(c.SecretKeys))
		for i, k := range c.SecretKeys {
			texts[i] = k.Reveal()
		}
		return seal.New(texts...)
	}
	if s.Path() == "" {
		return nil, errors.New("on PostgreSQL every server must have the same secret key: give --secret-key")
	}
	keys, _, err := seal.FromFile(filepath.Join(filepath.Dir(s.Path()), KeyFile))
	return keys, err
}

func (p *parts) outbox() (*mail.Outbox, error) {
	c := p.config
	o := mail.Parts{
		Store: p.store, Keys: p.keys, Dev: c.Dev == config.On, Clock: p.clock, Log: p.log,
		Render: &mail.Renderer{Texts: p.texts, SiteName: c.SiteName, SupportURL: c.SupportURL, From: c.MailFrom, Look: web.MailLook(p.theme, c)},
	}
	if server := c.SMTP.Reveal(); server != "" {
		smtp, err := mail.NewSMTP(server, c.MailFrom)
		if err != nil {
			return nil, fmt.Errorf("--smtp: %w", err)
		}
		o.SMTP = smtp
	}
	return mail.NewOutbox(o), nil
}

// Tools are the parts for a command that works beside a running server: no lock, nothing in the background. What it changes holds on
// the running server within a second.
type Tools struct {
	Flow   *flow.Flow
	Store  *store.Store
	Mail   *mail.Outbox
	Config *config.Config
}

// OpenTools opens the store and the parts over it. The configuration must be finished.
func OpenTools(ctx context.Context, c config.Config, log *slog.Logger) (*Tools, error) {
	p, err := open(ctx, c, log, Options{}, false)
	if err != nil {
		return nil, err
	}
	return &Tools{p.flow, p.store, p.mail, p.config}, nil
}

// Close lets go of the store.
func (t *Tools) Close() error { return t.Store.Close() }
