package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/gatehouse-auth/gatehouse/internal/api/wire"
	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	sessions "github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// Parts are what an API works with.
type Parts struct {
	Flow   *flow.Flow
	Config *config.Config
	Texts  *message.Catalog
	Mail   *mail.Outbox
}

// API makes the endpoints.
type API struct{ Parts }

// New makes an API.
func New(p Parts) *API { return &API{p} }

// Endpoint is one call: what serves it and what is to be known about it.
type Endpoint struct {
	Summary string
	Status  int            // of its answer
	In, Out reflect.Type   // body and answer; nil: none
	Codes   []message.Code // the faults it may answer with, beside the general ones
	Other   *Answer        // another answer than Status and Out, if there is one
	Serve   visit.Handler
}

// Answer is an answer that is no fault.
type Answer struct {
	Status int
	Out    reflect.Type
}

// mediaType is what bodies and answers are.
const mediaType = "application/json"

// none is the body or the answer of a call that has none.
type none = struct{}

// call is one request on its way through an endpoint.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	v       *visit.Visit
	instead *other
}

// other is what is answered instead of what the endpoint usually answers.
type other struct {
	status int
	answer any
}

// handle makes an endpoint of a function. The function gets a body that was read strictly, and answers or returns why not.
func handle[In, Out any](
	summary string, status int, codes []message.Code, serve func(context.Context, *call, In) (Out, error),
) Endpoint {
	e := Endpoint{Summary: summary, Status: status, In: typeOf[In](), Out: typeOf[Out](), Codes: codes}
	e.Serve = func(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
		in, err := read[In](w, r)
		if err != nil {
			return err
		}
		c := &call{w: w, r: r, v: v}
		out, err := serve(r.Context(), c, in)
		switch {
		case err != nil:
			return err
		case c.instead != nil:
			return wire.Write(w, mediaType, c.instead.status, c.instead.answer)
		case e.Out == nil:
			w.WriteHeader(status)
			return nil
		}
		return wire.Write(w, mediaType, status, out)
	}
	return e
}

func typeOf[T any]() reflect.Type {
	if t := reflect.TypeFor[T](); t != reflect.TypeFor[none]() {
		return t
	}
	return nil
}

// native reports whether tokens go into the body, and no cookies are set: the client said so, or it came with a bearer token and said
// nothing.
func (c *call) native(transport string) bool {
	return transport == "token" || transport == "" && c.v.Bearer
}

// session is the session that the client must have.
func (c *call) session() (*sessions.Session, error) {
	switch {
	case c.v.Session != nil:
		return c.v.Session, nil
	case c.v.Why != nil:
		return nil, c.v.Why
	}
	return nil, &message.Fault{Code: message.Unauthenticated, Cause: "no_session"}
}

// leave makes a browser forget its session. Native clients have no cookies, and those of a browser that sends a bearer token are not theirs.
func (c *call) leave() {
	if !c.v.Bearer {
		c.v.Leave(c.w)
	}
}
