package gatehouse

import (
	"context"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/server"
)

// NewAt is New with the test's clock.
func NewAt(ctx context.Context, c Config, clock func() time.Time) (*Server, error) {
	return open(ctx, c, server.Options{Version: "test", Clock: clock})
}

// Flow is where the journeys are decided, for what an operator does, and for the mailbox and the store behind it.
func (s *Server) Flow() *flow.Flow { return s.house.Flow() }

// Settled is the configuration that the server works with.
func (s *Server) Settled() *config.Config { return s.house.Config() }

// Settle is what becomes of a configuration, or what is wrong with it.
func Settle(c Config) (config.Config, error) { return c.settle() }

// FieldOf is the field that a flag is in Go.
func FieldOf(flag string) string { return fieldOf(flag) }
