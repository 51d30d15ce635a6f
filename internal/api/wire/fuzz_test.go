package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzDecode holds Decode against two readers that were written without knowing it. encoding/json is laxer: what we take, it takes, and
// understands the same. jsontext knows the grammar: what it calls broken we call malformed, and what we call malformed it calls
// broken, but for what only we ask of a body.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, ` `, `{}`, `[]`, `null`, `0`, `"a"`, `{"email":"a"}`, `{"email":""}{"email":"b"}`, `{"email":"a","email":"b"}`, `{"Email":"a"}`,
		`{"email":"a","name":null}`, `{"email":"a","count":9223372036854775807}`, `{"email":"a","count":-0}`, `{"email":"a","count":1e0}`,
		`{"email":"a","count":1.0}`, `{"email":"a","count":18446744073709551616}`, `{"email":"a","count":00}`,
		`{"email":"\ud83d\ude00","roles":["a",""],"labels":{"a":"b"},"admin":true,"remember":false,"name":"\u0000"}`,
		`{"email":"\ud800"}`, `{"email":"\uDC00\uD800"}`, "{\"email\":\"\xed\xa0\x80\"}", "{\"email\":\"\u2028\"}", "{\"email\":\"\x7f\"}", "\ufeff{}",
		`{"\u0065mail":"a"}`, `{"email":"a","labels":{"a":"b","\u0061":"c"}}`, `{"email":"a","roles":[null]}`, `{"email":"a","labels":{"a":null}}`,
		`{"email":"a",}`, `{"email":"a"/**/}`, `{"x":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}`, `{"x":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}`, `{"x":{"a":{"b":[{}]}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, problem := Decode[every](body)
		if problem != nil && !reflect.DeepEqual(got, every{}) {
			t.Fatalf("something of a refused body came through: %+v", got)
		}
		if len(body) == 0 {
			return // by the contract an empty body is {}; no other reader takes it
		}
		strict := jsontext.Value(body).IsValid()
		switch {
		case problem == nil:
			want, err := laxRead(body)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("encoding/json reads something else:\nours %+v\nits  %+v %v", got, want, err)
			}
		case problem.Malformed == "":
			if !json.Valid(body) || len(problem.Fields) == 0 {
				t.Fatalf("no 422 for what is no JSON or has nothing wrong: %+v", problem)
			}
		}
		if malformed := problem != nil && problem.Malformed != ""; malformed == strict && !onlyOurs(problem) {
			t.Fatalf("jsontext says valid: %v; we say %+v", strict, problem)
		}
	})
}

// onlyOurs are the refusals of what is valid JSON.
func onlyOurs(p *Problem) bool {
	return p != nil && (p.Malformed == MalformedNotObject || p.Malformed == MalformedDepth)
}

func laxRead(body []byte) (every, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	var in every
	if err := d.Decode(&in); err != nil {
		return in, err
	}
	if _, err := d.Token(); err != io.EOF {
		return in, io.ErrUnexpectedEOF
	}
	return in, nil
}
