package api

import (
	"net/http"
	"unicode"

	"github.com/gatehouse-auth/gatehouse/internal/api/wire"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// read reads a request's body.
func read[In any](w http.ResponseWriter, r *http.Request) (in In, err error) {
	var body []byte
	if r.ContentLength != 0 { // -1: not told
		if body, err = visit.ReadBody(w, r); err != nil {
			return in, err
		}
	}
	// A page of a foreign site can send text/plain and forms without asking us first, but never this.
	if len(body) > 0 && !visit.IsType(r, mediaType) {
		return in, &message.Fault{Code: message.UnsupportedMediaType, Cause: "not_json"}
	}
	in, problem := wire.Decode[In](body)
	switch {
	case problem == nil:
		return in, nil
	case problem.Malformed != "":
		return in, &message.Fault{Code: message.Malformed, Cause: "json_" + problem.Malformed}
	}
	fault := &message.Fault{Code: message.InvalidFields, Cause: "body_fields"}
	for _, f := range problem.Fields {
		fault.Fields = append(fault.Fields, message.Field{Name: shown(f.Name), Code: f.Code})
	}
	return in, fault
}

// longestName is how much of an unknown name is told back.
const longestName = 64

// shown is a name that a client made up, as an answer and a log may hold it: short, one line, nothing that turns or hides the text around it.
func shown(name string) string {
	var short []rune
	for _, r := range name {
		if len(short) == longestName {
			short[longestName-1] = '…'
			break
		}
		if !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		short = append(short, r)
	}
	return string(short)
}
