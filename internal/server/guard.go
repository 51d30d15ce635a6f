package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// Guard lets requests through to a site's own handler that come from somebody who is signed in and whom allow accepts. A person who is not
// signed in and asks for a page goes to the log-in and back; everybody else is refused. The answers of the site's handler are its own: none of our
// headers are on them, and its panics are not caught.
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
		case byPerson(r) && !unsafe(r.Method):
			_ = t.visit.Go(t.writer, s.loginFor(t, askedFor(r)))
		case t.visit.Why != nil:
			s.refuse(t, t.visit.Why)
		default:
			s.refuse(t, &message.Fault{Code: message.Unauthenticated, Cause: "no_session"})
		}
	})
}

// loginFor is the log-in that leads back to what was asked for. It says so when somebody was signed in until now.
func (s *Server) loginFor(t *turn, asked string) string {
	to := s.config.Prefixed("/login") + "?return_to=" + url.QueryEscape(asked)
	if why := t.visit.Why; why != nil {
		word := "session_over"
		if why.Hint != "" { // the cookie is dropped by this answer, so that the log-in could not find out again
			word += "_" + why.Hint
		}
		to += "&notice=" + t.visit.Notice(t.writer, word)
	}
	return to
}

// askedFor is path and query as the browser sent them, from before the site's http.StripPrefix.
func askedFor(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI() // in absolute form, which proxies send, or a request that never went over a line
}

// visitor is a turn for a request to a site's own path.
func (s *Server) visitor(w http.ResponseWriter, r *http.Request) *turn {
	t := s.begin(discarded{w}, r)
	t.writer.ResponseWriter = w
	t.row = route{method: r.Method, path: "(the site's own)", audience: json}
	if byPerson(r) { // who sent a form reads the refusal too
		t.row.audience = page
	}
	return t
}

// discarded takes the headers that begin sets: the site's answer has its own.
type discarded struct{ http.ResponseWriter }

func (discarded) Header() http.Header { return http.Header{} }

// byPerson reports whether a person looks at the answer: a browser that goes somewhere or sends a form, not a script that fetches.
func byPerson(r *http.Request) bool {
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
	asked := c.Locale
	c.Addr, c.Locale = c.Addr.Unmap().WithZone(""), s.texts.Match(asked)
	if token == "" {
		return c, nil
	}
	one, err := s.sessions.Check(ctx, token)
	if fault, ok := errors.AsType[*message.Fault](err); ok && fault.Code == message.Unauthenticated {
		c.Stale, c.Why = token, fault
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if c.Session = one; one.User.Locale != "" { // as for a request
		c.Locale = s.texts.Match(asked, one.User.Locale)
	}
	return c, nil
}

// Now is the clock that the rules go by.
func (s *Server) Now() time.Time { return s.clock() }

// Text is a text of the catalogue in a language that there are texts in.
func (s *Server) Text(lang, key string, args map[string]any) string {
	return s.texts.Text(lang, key, args)
}

// Refuse says an error of a journey to such a site, and records it under the reference that is in the answer. It is in the log too: while
// the store is down, the record can't be written.
func (s *Server) Refuse(ctx context.Context, c flow.Client, err error) message.Problem {
	fault := message.From(err)
	if c.Reference == "" {
		c.Reference = message.NewReference()
	}
	s.flow.Refused(c, "go", fault)
	line := append([]slog.Attr{slog.String("client", c.Addr.String())}, told(fault, c.Reference)...)
	s.log.LogAttrs(ctx, levelOf(fault), "refused", line...)
	return s.texts.Problem(fault, s.texts.Match(c.Locale), c.Reference, c.RequestID)
}
