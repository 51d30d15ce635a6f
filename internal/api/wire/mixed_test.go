package wire

import (
	"maps"
	"strings"
	"testing"
)

type filledIn struct {
	Fields map[string]any `json:"fields"`
}

func TestAMemberMayHoldStringsAndBooleansByAnyName(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]map[string]any{
		`{}`:            nil,
		`{"fields":{}}`: {},
		`{"fields":{"a":"x","b":true,"c":false,"":""}}`: {"a": "x", "b": true, "c": false, "": ""},
		`{"fields":{"\u0061":"\u00e4"}}`:                {"a": "ä"},
	} {
		in, problem := Decode[filledIn]([]byte(body))
		if problem != nil || !maps.Equal(in.Fields, want) || (in.Fields == nil) != (want == nil) {
			t.Errorf("%s: %v, %+v", body, in.Fields, problem)
		}
	}
}

func TestWhatIsNeitherStringNorBooleanIsToldByItsName(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"fields":[]}`:                                "fields invalid_type",
		`{"fields":"x"}`:                               "fields invalid_type",
		`{"fields":null}`:                              "fields invalid_type",
		`{"fields":{"a":1,"b":true,"c":null}}`:         "fields.a invalid_type, fields.c invalid_type",
		`{"fields":{"a":{"b":[{}]},"c":["x"],"d":""}}`: "fields.a invalid_type, fields.c invalid_type",
		`{"fields":{"a":"x","a":"y"}}`:                 MalformedDuplicate,
		`{"fields":{"a":"x","\u0061":true}}`:           MalformedDuplicate,
		`{"fields":{"a":"x"`:                           MalformedSyntax,
		`{"fields":{"a":"\ud800"}}`:                    MalformedSyntax,
		"{\"fields\":{\"a\":\"\xff\"}}":                MalformedUTF8,
		`{"fields":{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}}`: MalformedDepth,
	} {
		in, problem := Decode[filledIn]([]byte(body))
		if problem == nil || in.Fields != nil {
			t.Errorf("%s was taken: %v", body, in.Fields)
			continue
		}
		got := problem.Malformed
		for i, f := range problem.Fields {
			if got += f.Name + " " + f.Code; i < len(problem.Fields)-1 {
				got += ", "
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	many := `{"fields":{"a0":0`
	for i := range 1000 {
		many += `,"b` + strings.Repeat("x", i) + `":0`
	}
	if _, problem := Decode[filledIn]([]byte(many + "}}")); problem == nil || len(problem.Fields) != maxUnknown {
		t.Errorf("of a thousand wrong ones so many are told: %v", problem)
	}
}
