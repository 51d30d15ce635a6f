package web

import (
	"encoding/json"
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/shape"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// Export downloads everything that is held about the signed-in user.
func (p *Pages) Export(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	all, err := p.Flow.ExportAccount(r.Context(), v.Client)
	if err != nil && message.From(err).Code == message.ReauthenticationRequired {
		return v.Go(w, p.view(w, r, v).with("/reauthenticate", "return_to", p.Config.Prefixed("/account/export")))
	}
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(shape.ExportOf(all, v.Session.ID, v.Now), "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="account.json"`)
	_, _ = w.Write(append(body, '\n')) // who has hung up gets nothing
	return nil
}
