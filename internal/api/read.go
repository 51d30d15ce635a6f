package api

import (
	"mime"
	"net/http"
	"strings"
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
	if len(body) > 0 && !isJSON(r) {
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

// isJSON reports whether the one Content-Type is application/json. JSON is UTF-8 (RFC 8259, section 8.1): a body that says to be something else
// would be read as other than it was meant. A page of a foreign site can send text/plain and forms without asking us first, but never this.
func isJSON(r *http.Request) bool {
	all := r.Header.Values("Content-Type")
	if len(all) != 1 {
		return false
	}
	kind, parameters, err := mime.ParseMediaType(all[0])
	charset := parameters["charset"]
	return err == nil && kind == mediaType && (charset == "" || strings.EqualFold(charset, "utf-8"))
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
