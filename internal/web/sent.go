package web

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// sentData is what «check your mail» tells. To a stranger it is the same for every address.
type sentData struct {
	Email      string        // as it was typed; empty: not known any more
	Valid      time.Duration // how long the link works
	From       string        // the address that our mails come from
	Suggestion string        // the address that may have been meant; empty: nothing
	SentTo     string        // to a known device of the account alone: where the mail is really on its way to, masked
	Again      time.Duration // how long to wait before asking again; 0: not any more, or not known
}

// askAgain is how long a mail may take to arrive before it is of use to ask for another one.
const askAgain = time.Minute

// sent is the page that says that a mail is on its way.
func (d *view) sent(path string) string { return d.onto(d.Link(path), "sent", "1") }

// asked is what remember keeps.
type asked struct {
	Email, Suggestion, SentTo string
	At                        int64 // seconds, so that it has one length
}

// remember keeps what the next page tells: it names the address that a mail goes to, so that a typing mistake is seen. It goes by a cookie,
// sealed: in the URL it would get into histories and logs.
func (p *Pages) remember(w http.ResponseWriter, v *visit.Visit, email string, out flow.Outcome) {
	plain, _ := json.Marshal(asked{email, out.Suggestion, out.SentTo, v.Now.Unix()}) // texts and a number always encode
	v.Carry(w, encode(v.Keys.Seal("sent to", plain, nil)))
}

func (p *Pages) remembered(r *http.Request, v *visit.Visit, valid time.Duration) sentData {
	data := sentData{Valid: valid, From: p.Config.MailFrom}
	sealed, ok := decode(v.Carried(r))
	if !ok {
		return data
	}
	plain, err := v.Keys.Open("sent to", sealed, nil)
	var a asked
	if err != nil || json.Unmarshal(plain, &a) != nil { // a link's token, or nothing
		return data
	}
	data.Email, data.Suggestion, data.SentTo = a.Email, a.Suggestion, a.SentTo
	if left := time.Unix(a.At, 0).Add(askAgain).Sub(v.Now); left > 0 && left <= askAgain {
		data.Again = left
	}
	return data
}
