package gatehouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/session"
)

// Server is a Gatehouse that works. It is safe for use by many goroutines, and several in one process share nothing.
type Server struct {
	house    *server.Server
	log      *slog.Logger
	stripped sync.Once
}

// New opens the store, brings its schema up to date and starts what works in the background: mails, revocations, sweeping. [Server.Close]
// ends it; ctx is for the opening alone.
//
// The error of a configuration names everything that is wrong with it at once, by the fields of [Config]. It is also an error when another
// server works on the same SQLite file.
func New(ctx context.Context, c Config) (*Server, error) {
	return open(ctx, c, server.Options{Version: "library"})
}

func open(ctx context.Context, c Config, o server.Options) (*Server, error) {
	settled, err := c.settle()
	if err != nil {
		return nil, err
	}
	log := c.Logger
	if log == nil {
		log = slog.Default()
	}
	house, err := server.Open(ctx, settled, log, o)
	if problems, ok := errors.AsType[*config.Problems](err); ok {
		return nil, inGo(*problems)
	}
	if err != nil {
		return nil, fmt.Errorf("gatehouse: %w", err)
	}
	return &Server{house: house, log: log}, nil
}

// Close finishes what was accepted, for at most ten seconds, and lets go of the store. Shut your http.Server down first: what is asked
// afterwards is refused as unavailable. Closing again does nothing.
func (s *Server) Close() error { return s.house.Close() }

// Handler answers the pages and the API. Mount it at [Config.PathPrefix] with a slash behind it: mux.Handle("/auth/", auth.Handler()). It
// expects the whole path: behind http.StripPrefix it finds nothing, and says so in the log.
func (s *Server) Handler() http.Handler {
	prefix, all := s.house.Config().PathPrefix+"/", s.house.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.RequestURI, prefix) && !strings.HasPrefix(r.URL.Path, prefix) {
			s.stripped.Do(func() {
				s.log.Error("gatehouse: the prefix was cut off before the request got here; mount Handler without http.StripPrefix", "prefix", prefix)
			})
		}
		all.ServeHTTP(w, r)
	})
}

// Need is something that [Server.Require] asks for beside being signed in: a [Permission] or a [Role].
type Need struct{ met func(User) bool }

// Permission asks for a permission, such as "articles.edit", that one of the person's roles has.
func Permission(name string) Need { return Need{func(u User) bool { return u.Has(name) }} }

// Role asks for a role, such as "editor".
func Role(name string) Need { return Need{func(u User) bool { return u.In(name) }} }

// Require lets only those through who are signed in, by cookie or by bearer token, and who meet all needs; [UserFrom] tells your handler who
// it is. The handler's answers are its own: Gatehouse adds nothing to them.
//
// Who is not signed in and asks for a page with GET goes to the log-in and comes back afterwards (303). Every other request is answered 401,
// and who is signed in but lacks something 403: with a page where a browser goes somewhere, with application/problem+json where a program or
// a script asks. A store that is down is 503. Whoever was signed out, disabled or stripped of a role, also from the command line, is
// stopped within a second.
//
// It looks at who asks, not at where the request came from: a handler of yours that changes something should be behind
// [http.CrossOriginProtection] too.
func (s *Server) Require(needs ...Need) func(http.Handler) http.Handler {
	allow := func(one *session.Session) bool {
		user := userOf(*one.User)
		for _, need := range needs {
			if !need.met(user) {
				return false
			}
		}
		return true
	}
	return func(next http.Handler) http.Handler {
		return s.house.Guard(func(w http.ResponseWriter, r *http.Request, one *session.Session) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, userOf(*one.User))))
		}, allow)
	}
}

type userKey struct{}

// UserFrom is who sent the request, in a handler behind [Server.Require]. Elsewhere it is false.
func UserFrom(ctx context.Context) (User, bool) {
	user, ok := ctx.Value(userKey{}).(User)
	return user, ok
}
