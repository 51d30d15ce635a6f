package web

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// letter is a mail of the dev mailbox.
type letter struct {
	mail.Delivered
	Pieces []piece
}

// piece is a stretch of a mail's text. Only what is a link as a whole becomes one.
type piece struct{ Text, Link string }

var linkInText = regexp.MustCompile(`https?://[^\s<>"]+`)

func pieces(text string) (all []piece) {
	for {
		at := linkInText.FindStringIndex(text)
		if at == nil {
			return append(all, piece{Text: text})
		}
		end := at[0] + len(strings.TrimRight(text[at[0]:at[1]], ".,;:!?)")) // a full stop ends the sentence, not the link
		all = append(all, piece{Text: text[:at[0]]}, piece{text[at[0]:end], text[at[0]:end]})
		text = text[end:]
	}
}

// DevMail shows the mails that development keeps, as text with links. Their HTML is a page of its own, [Pages.DevLetter].
func (p *Pages) DevMail(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	mails, err := p.Mail.Mailbox(r.Context())
	if err != nil {
		return err
	}
	letters := make([]letter, len(mails))
	for i, m := range mails {
		letters[i] = letter{m, pieces(m.Text)}
	}
	return p.view(w, r, v).show("dev_mail", letters)
}

// letterPolicy lets a mail have the styles on its elements that mail programs need, and nothing else: it is in an origin of its own, without
// scripts, forms or loads.
const letterPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; sandbox"

// DevLetter shows one mail as a mail program would.
func (p *Pages) DevLetter(w http.ResponseWriter, r *http.Request, _ *visit.Visit) error {
	mails, err := p.Mail.Mailbox(r.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(mails, func(m mail.Delivered) bool { return m.ID == r.PathValue("id") })
	if i < 0 {
		return &message.Fault{Code: message.NotFound, Cause: "no_such_mail"}
	}
	w.Header().Set("Content-Security-Policy", letterPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, mails[i].HTML) // who has hung up gets nothing
	return nil
}

// DevOpen is where the setup URL of the log leads: one button, so that a preview of the link does not use it up.
func (p *Pages) DevOpen(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	return p.view(w, r, v).show("dev_open", visit.Query(r, "token"))
}
