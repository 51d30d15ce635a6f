package server

import (
	"context"
	"net/http"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/api/wire"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// healthy says that the process lives.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request, _ *visit.Visit) error {
	return wire.Write(w, "application/json", http.StatusOK, struct {
		Status string `json:"status"`
	}{"ok"})
}

// ready says that requests can be answered: the store is reachable, and it was migrated before the listener opened.
func (s *Server) ready(w http.ResponseWriter, r *http.Request, _ *visit.Visit) error {
	if s.draining.Load() {
		return &message.Fault{Code: message.Unavailable, Cause: "draining"}
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := s.store.Ping(ctx); err != nil {
		return err
	}
	return wire.Write(w, "application/json", http.StatusOK, struct {
		Status string `json:"status"`
	}{"ready"})
}

// describe answers with the OpenAPI document.
func (s *Server) describe(w http.ResponseWriter, _ *http.Request, _ *visit.Visit) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, err := w.Write(s.openAPI)
	return err
}
