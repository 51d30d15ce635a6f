package api

import (
	"context"
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/shape"
)

type sessionList struct {
	Sessions []shape.Session `json:"sessions" doc:"the last used first; without tokens"`
}

// Sessions is GET /sessions.
func (a *API) Sessions() Endpoint {
	return handle("All sessions of the signed-in user", http.StatusOK, nil,
		func(ctx context.Context, c *call, _ none) (sessionList, error) {
			all, err := a.Flow.Devices(ctx, c.v.Client)
			if err != nil {
				return sessionList{}, err
			}
			return sessionList{shape.SessionsOf(all, c.v.Session.ID)}, nil
		})
}

// EndSession is DELETE /sessions/{id}.
func (a *API) EndSession() Endpoint {
	return handle("End one of one's own sessions", http.StatusNoContent, []message.Code{message.NotFound},
		func(ctx context.Context, c *call, _ none) (none, error) {
			s, err := c.session()
			if err != nil {
				return none{}, err
			}
			id := c.r.PathValue("id")
			if err := a.Flow.EndDevice(ctx, c.v.Client, id); err != nil {
				return none{}, err
			}
			if id == s.ID {
				c.leave()
			}
			return none{}, nil
		})
}

// EndOtherSessions is DELETE /sessions.
func (a *API) EndOtherSessions() Endpoint {
	return handle("End all of one's own sessions but this one", http.StatusNoContent, nil,
		func(ctx context.Context, c *call, _ none) (none, error) {
			return none{}, a.Flow.EndOtherDevices(ctx, c.v.Client)
		})
}
