package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// Guard lets requests through to a site's own handler that come from somebody who is signed in and whom allow accepts. A person who is not
// signed in and asks for a page goes to the log-in and back; everybody else is refused. The answers of the site's handler are its own: none of our
// headers are on them.
func (s *Server) Guard(next func(http.ResponseWriter, *http.Request, *session.Session), allow func(*session.Session) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := s.visitor(w, r)
		err := s.identify(t)
		if err == nil && t.visit.Session != nil && allow(t.visit.Session) {
			next(w, r, t.visit.Session)
			return
		}
		defer s.end(t)
		s.headers(w.Header(), t.visit)
		switch {
		case err != nil:
			s.refuse(t, err)
		case t.visit.Session != nil:
			s.refuse(t, &message.Fault{Code: message.Forbidden, Cause: "not_allowed"})
		case wantsPage(r):
			_ = t.visit.Go(t.writer, s.config.Prefixed("/login")+"?return_to="+queryEscape(r.URL.RequestURI()))
		default:
			t.row.audience = json // a program reads the answer, whatever the path
			s.refuse(t, &message.Fault{Code: message.Unauthenticated, Cause: "no_session"})
		}
	})
}

// visitor is a turn for a request to a site's own path.
func (s *Server) visitor(w http.ResponseWriter, r *http.Request) *turn {
	t := s.begin(discarded{w}, r)
	t.writer.ResponseWriter = w
	t.row = route{method: r.Method, path: "(the site's own)", audience: json}
	if wantsPage(r) {
		t.row.audience = page
	}
	return t
}

// discarded takes the headers that begin sets: the site's answer has its own.
type discarded struct{ http.ResponseWriter }

func (discarded) Header() http.Header { return http.Header{} }

// wantsPage reports whether a person waits for a page: a browser that goes somewhere, not a script that fetches.
func wantsPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return false
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// Visitor is who sent a request, for a site that has log-in pages of its own.
func (s *Server) Visitor(r *http.Request) (*visit.Visit, error) {
	t := s.visitor(discarded{}, r)
	err := s.identify(t)
	return t.visit, err
}

// As is a client of such a site with the session that its token stands for. A token that is no longer good is nobody's.
func (s *Server) As(ctx context.Context, c flow.Client, token string) (flow.Client, error) {
	c.Addr, c.Locale = c.Addr.Unmap().WithZone(""), s.texts.Match(c.Locale)
	if token == "" {
		return c, nil
	}
	one, err := s.sessions.Check(ctx, token)
	if fault, ok := errors.AsType[*message.Fault](err); ok && fault.Code == message.Unauthenticated {
		return c, nil
	}
	c.Session = one
	return c, err
}

// Now is the clock that the rules go by.
func (s *Server) Now() time.Time { return s.clock() }

// Refuse says an error of a journey to such a site, and records it under the reference that is in the answer.
func (s *Server) Refuse(c flow.Client, err error) message.Problem {
	fault := message.From(err)
	if c.Reference == "" {
		c.Reference = message.NewReference()
	}
	s.flow.Refused(c, "go", fault)
	return s.texts.Problem(fault, s.texts.Match(c.Locale), c.Reference, c.RequestID)
}
