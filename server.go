package gatehouse

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/session"
)

// Server is a Gatehouse that works. It is safe for use by many goroutines.
type Server struct{ house *server.Server }

// New opens the store, brings its schema up to date and starts what works in the background: mails, revocations, sweeping. ctx is only for
// the opening; [Server.Close] ends it. The error of a configuration names everything that is wrong with it.
func New(ctx context.Context, c Config) (*Server, error) {
	settled, err := c.settle()
	if err != nil {
		return nil, err
	}
	log := c.Logger
	if log == nil {
		log = slog.Default()
	}
	house, err := server.Open(ctx, settled, log, server.Options{Version: "library"})
	if err != nil {
		return nil, err
	}
	return &Server{house}, nil
}

// Close finishes what was accepted and lets go of the store. Shut your http.Server down first.
func (s *Server) Close() error { return s.house.Close() }

// Handler answers the pages and the API. Mount it at the prefix with a slash behind it: mux.Handle("/auth/", auth.Handler()). It expects the
// full path: don't strip the prefix.
func (s *Server) Handler() http.Handler { return s.house.Handler() }

// Need is something that [Server.Require] asks for beside being signed in.
type Need struct{ met func(User) bool }

// Permission asks for a permission, «noun.verb», that one of the person's roles has.
func Permission(name string) Need { return Need{func(u User) bool { return u.Has(name) }} }

// Role asks for a role.
func Role(name string) Need { return Need{func(u User) bool { return u.In(name) }} }

// Require lets only those through who are signed in and meet all needs. Who is not signed in and asks for a page goes to the log-in and
// comes back (303); every other request is answered 401. Who is signed in but lacks something is answered 403.
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

// UserFrom is who sent the request, behind [Server.Require].
func UserFrom(ctx context.Context) (User, bool) {
	user, ok := ctx.Value(userKey{}).(User)
	return user, ok
}
