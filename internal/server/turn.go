package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/api/wire"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// turn is one request and its answer, from the first byte to the line in the log.
type turn struct {
	writer  *watched
	request *http.Request
	visit   *visit.Visit
	row     route
	began   time.Time
}

// watched remembers whether and how an answer has begun.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type turnKey struct{}

func withTurn(ctx context.Context, t *turn) context.Context {
	return context.WithValue(ctx, turnKey{}, t)
}

func turnOf(ctx context.Context) *turn { return ctx.Value(turnKey{}).(*turn) }

// begin makes the turn of a request. The headers that every answer has are set before anything can go wrong.
func (s *Server) begin(w http.ResponseWriter, r *http.Request) *turn {
	v := &visit.Visit{Config: s.config, Keys: s.keys, Texts: s.texts, Now: s.clock()}
	v.RequestID, v.Nonce = twoRandom()
	v.Addr = s.clientAddr(r)
	v.UserAgent = r.UserAgent()
	v.ChooseLanguage(r)
	s.headers(w.Header(), v)
	return &turn{
		writer: &watched{ResponseWriter: w}, request: r, visit: v, row: route{audience: audienceOf(s.config.PathPrefix, r.URL.Path)},
		began: time.Now(), //nolint:forbidigo // how long it takes, whatever the clock of the rules says
	}
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b) // it never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b)
}

// twoRandom asks the system once for what each request needs twice: 128 bits each, which tell nothing of one another.
func twoRandom() (one, other string) {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:16]), base64.RawURLEncoding.EncodeToString(b[16:])
}

// end answers a request that panicked, records a refusal under its reference, and writes the line in the log.
func (s *Server) end(t *turn) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it in this way
			panic(p)
		}
		s.log.Error("panic", "request_id", t.visit.RequestID, "route", t.row.path, "panic", p, "stack", string(debug.Stack()))
		fault := &message.Fault{Code: message.Internal, Cause: "panic"}
		if t.writer.status == 0 {
			s.refuse(t, fault)
		} else {
			t.visit.Fault = fault
		}
	}
	if t.visit.Fault != nil {
		s.flow.Refused(t.visit.Client, t.row.method+" "+t.row.path, t.visit.Fault)
	}
	s.logTurn(t)
}

// logTurn writes one line for a request. It shows the route and never the path or query that was asked for: links carry tokens.
// Requests that went well are for debugging alone, and the session check is in no log (it is asked thousands of times a second).
func (s *Server) logTurn(t *turn) {
	level, f := levelOf(t.visit.Fault), t.visit.Fault
	ctx := t.request.Context()
	if f == nil && t.row.audience >= static || !s.log.Enabled(ctx, level) {
		return
	}
	line := []slog.Attr{
		slog.String("method", t.request.Method), slog.String("route", t.row.path), slog.Int("status", t.writer.status),
		slog.String("took", time.Since(t.began).Round(time.Microsecond).String()), //nolint:forbidigo // as above
		slog.String("request_id", t.visit.RequestID), slog.String("client", t.visit.Addr.String()),
	}
	if t.visit.Session != nil {
		line = append(line, slog.String("user", t.visit.Session.UserID))
	}
	s.log.LogAttrs(ctx, level, "request", append(line, told(f, t.visit.Reference)...)...)
}

// levelOf is how loud the log tells of a refusal, or of none. A visitor who is not signed in yet is the daily round of every page that asks.
func levelOf(f *message.Fault) slog.Level {
	switch {
	case f == nil, f.Cause == "no_session":
		return slog.LevelDebug
	case f.Code == message.Overloaded: // the queue does what it is for
		return slog.LevelWarn
	case f.Status() >= http.StatusInternalServerError:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// told is what the log tells of a refusal, or of none.
func told(f *message.Fault, reference string) []slog.Attr {
	if f == nil {
		return nil
	}
	line := []slog.Attr{slog.String("code", string(f.Code)), slog.String("cause", f.Cause), slog.String("reference", reference)}
	if f.Err != nil {
		line = append(line, slog.String("error", f.Err.Error()))
	}
	return line
}

// speak says in which language the answer is, and what that depends on. Nothing of it may be kept by a cache in any case, but for those that do, and
// for readers.
func speak(t *turn) {
	h := t.writer.Header()
	if h.Get("Content-Language") == "" {
		h.Add("Vary", "Accept-Language, Cookie")
	}
	h.Set("Content-Language", t.visit.Locale)
}

// refuse answers with what went wrong, as a page or as a problem, whichever the route is for.
func (s *Server) refuse(t *turn, err error) {
	if t.writer.status != 0 { // the answer has begun: it can only be cut off
		t.visit.Fault = message.From(err)
		return
	}
	speak(t)
	problem := t.visit.Refuse(t.writer, err)
	if t.row.audience == page || t.row.audience == dev {
		s.pages.Problem(t.writer, t.request, t.visit, problem)
		return
	}
	_ = wire.Write(t.writer, "application/problem+json", problem.Status, problem) // a Problem always encodes
}
