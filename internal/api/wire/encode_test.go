package wire

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestAnAnswerSaysWhatItsReaderExpects(t *testing.T) {
	t.Parallel()
	cet := time.FixedZone("CET", 3600)
	for want, answer := range map[string]any{
		`{}`: struct{}{},
		`{"a":[],"b":{},"c":["x"]}`: struct {
			A []string          `json:"a"`
			B map[string]string `json:"b"`
			C []string          `json:"c"`
		}{C: []string{"x"}},
		`{"at":"2026-11-24T10:00:00.000001Z","for":"12h0m0s"}`: struct {
			At  time.Time     `json:"at"`
			For time.Duration `json:"for"`
		}{time.Date(2026, 11, 24, 11, 0, 0, 1000, cet), 12 * time.Hour},
		`{"none":false}`: struct {
			Retry int        `json:"retry,omitempty"`
			Name  string     `json:"name,omitempty"`
			Yes   bool       `json:"yes,omitempty"`
			List  []string   `json:"list,omitempty"`
			At    time.Time  `json:"at,omitzero"`
			User  *time.Time `json:"user,omitempty"`
			None  bool       `json:"none"`
		}{},
		`{"a":"1","b":"2","c":"3"}`: map[string]string{"c": "3", "a": "1", "b": "2"},
		`{"device":"Fire` + "\ufffd" + `fox"}`: struct {
			Device string `json:"device"`
		}{"Fire\xfffox"},
	} {
		got, err := Encode(answer)
		if err != nil || string(got) != want {
			t.Errorf("got  %s %v\nwant %s", got, err, want)
		}
		if !json.Valid(got) {
			t.Errorf("%s is no JSON for other readers", got)
		}
	}
}

func TestWhatJSONHasNoWordForIsAnError(t *testing.T) {
	t.Parallel()
	for _, answer := range []any{make(chan int), math.NaN(), struct{ F func() }{func() {}}} {
		if got, err := Encode(answer); err == nil {
			t.Errorf("%T became %s", answer, got)
		}
	}
}
