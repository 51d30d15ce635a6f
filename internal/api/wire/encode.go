package wire

import (
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
