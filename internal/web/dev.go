package web

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
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

// DevMail shows the mails that development keeps. Their HTML is left out: a frame inherits the page's Content-Security-Policy and would show it
// without its styles, as no mail program does. GET /api/dev/mail has it.
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

// DevOpen is where the setup URL of the log leads: one button, so that a preview of the link does not use it up.
func (p *Pages) DevOpen(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
	return p.view(w, r, v).show("dev_open", visit.Query(r, "token"))
}
