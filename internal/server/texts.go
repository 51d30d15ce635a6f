package server

import (
	"os"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// Texts is the catalogue with the site's own texts over it. The error is *config.Problems, all of them.
func Texts(c *config.Config) (*message.Catalog, error) {
	ours, err := message.Load()
	if err != nil || c.Messages == "" {
		return ours, err
	}
	texts, slips := ours.With(os.DirFS(c.Messages), c.Messages)
	if len(slips) == 0 {
		return texts, nil
	}
	problems := make(config.Problems, len(slips))
	for i, s := range slips {
		problems[i] = config.Problem{Setting: "messages", Source: s.Source(), Message: s.Message}
	}
	return nil, &problems
}
