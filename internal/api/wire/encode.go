package wire

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

var answers = json.JoinOptions(
	json.Deterministic(true),
	// What a stranger's User-Agent brought into a device's name must not make its owner's list of sessions unreadable: a broken byte
	// becomes U+FFFD.
	jsontext.AllowInvalidUTF8(true),
	// omitempty means what it means in encoding/json, as everybody reads it; otherwise a 0 would not be empty.
	jsonv1.OmitEmptyWithLegacySemantics(true),
	json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(e *jsontext.Encoder, t time.Time) error {
			return e.WriteToken(jsontext.String(t.UTC().Format(time.RFC3339Nano)))
		}),
		json.MarshalToFunc(func(e *jsontext.Encoder, d time.Duration) error { return e.WriteToken(jsontext.String(d.String())) }),
	)),
)

// Encode writes an answer. An empty list is [] also where Go has nil, a time is RFC 3339 in UTC, a duration as Go writes it ("12h0m0s"),
// and maps are sorted: equal values are equal bytes. Errors are mistakes in the program: a type that JSON has no word for.
func Encode(answer any) ([]byte, error) {
	return json.Marshal(answer, answers)
}

// Write sends an answer with its status as a media type, application/json or one made of it. An error is one of [Encode], and then nothing
// was sent.
func Write(w http.ResponseWriter, mediaType string, status int, answer any) error {
	body, err := Encode(answer)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has hung up misses nothing
	return nil
}
