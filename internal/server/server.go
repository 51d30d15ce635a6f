package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/api"
	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/web"
)

// Options are what a server is given beside its configuration.
type Options struct {
	Version string
	Clock   func() time.Time // nil: the machine's
}

// Server is a Gatehouse that works: pages, API, mails and all that goes on in the background.
type Server struct {
	*parts
	pages    *web.Pages
	table    []route
	handler  http.Handler
	openAPI  []byte
	setup    devSetup
	draining atomic.Bool
	stop     context.CancelFunc
	working  sync.WaitGroup
	closed   sync.Once
}

// Open makes a server. The configuration must be finished (config.Finish). Work in the background begins at once; Close ends it.
func Open(ctx context.Context, c config.Config, log *slog.Logger, o Options) (*Server, error) {
	p, err := open(ctx, c, log, o, true)
	if err != nil {
		return nil, err
	}
	s := &Server{parts: p}
	if err := s.assemble(o.Version); err != nil {
		return nil, errors.Join(err, p.store.Close())
	}
	if once := s.DevSetupURL(); once != "" {
		s.log.Warn("development is on where others can ask too, so /dev/mail stays closed until you open this in your browser; it works once", "url", once)
	}
	for _, warning := range s.theme.Warnings {
		s.log.Warn("theme: " + warning)
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	if err := s.sessions.Poll(ctx); err != nil {
		s.log.Warn("the first look for revoked sessions failed; it will be repeated", "error", err)
	}
	s.working.Go(func() { s.sessions.Run(background) })
	s.working.Go(func() { s.flow.Run(background) })
	s.working.Go(func() { s.mail.Run(background, s.flow.Jobs()) })
	return s, nil
}

func (s *Server) assemble(version string) (err error) {
	s.pages, err = web.New(web.Parts{Flow: s.flow, Config: s.config, Texts: s.texts, Mail: s.mail, Theme: s.theme})
	if err != nil {
		return err
	}
	s.setup = newDevSetup(s.config)
	s.table = s.routes(s.pages, api.New(api.Parts{Flow: s.flow, Config: s.config, Texts: s.texts, Mail: s.mail}))
	if s.openAPI, err = document(s.table, version); err != nil {
		return err
	}
	s.handler = s.mount()
	return nil
}

// Flow is where every journey is decided, for programs that have pages of their own.
func (s *Server) Flow() *flow.Flow { return s.flow }

// Config is the configuration, finished.
func (s *Server) Config() *config.Config { return s.config }

// Handler answers everything below the path prefix, and /healthz, /readyz and /.well-known at the root.
func (s *Server) Handler() http.Handler { return s.handler }

// The limits on time and size that keep slow and greedy clients from holding what others need (M-205, M-206).
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 12 << 10 // net/http adds 4 KiB of its own
	drainTime         = 15 * time.Second
)

// Serve answers on a listener until ctx ends. Then it takes nothing new, finishes what it has accepted, for at most 15 s, and returns nil.
// Close must follow.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, DisableGeneralOptionsHandler: true, // «OPTIONS *» gets our headers too
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := h.Shutdown(last); err != nil {
		s.log.Warn("some requests did not end in time and were cut off", "after", drainTime)
		return h.Close()
	}
	return nil
}

// Close ends the work in the background, writes what is still to be written, and lets go of the store.
func (s *Server) Close() (err error) {
	s.closed.Do(func() {
		s.draining.Store(true)
		s.stop()
		s.working.Wait()
		err = s.store.Close()
	})
	return err
}
