package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

type describedBody struct {
	Token  string            `json:"token" req:"true" doc:"of the link"`
	Name   *string           `json:"name"`
	Way    string            `json:"way" one:"a,b"`
	Yes    bool              `json:"yes"`
	Count  int64             `json:"count"`
	Roles  []string          `json:"roles"`
	Labels map[string]string `json:"labels"`
}

type describedAnswer struct {
	At    time.Time        `json:"at" doc:"when"`
	For   time.Duration    `json:"for,omitzero"`
	Score float64          `json:"score"`
	N     int              `json:"n,omitempty"`
	Parts []describedPart  `json:"parts"`
	Part  *describedAnswer `json:"part,omitempty"`
	Word  string           `json:"word" one:"x"`
	Truth bool             `json:"truth"`
}

type describedPart struct {
	ID string `json:"id"`
}

func TestStructsAreDescribedInTheirOwnOrder(t *testing.T) {
	t.Parallel()
	var s Schemas
	in, err := s.In(reflect.TypeFor[describedBody]())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Out(reflect.TypeFor[describedAnswer]()); err != nil {
		t.Fatal(err)
	}
	got, err := Encode(Object{{"ref", in}, {"all", s.Object()}})
	if err != nil || !json.Valid(got) {
		t.Fatalf("%s %v", got, err)
	}
	want := `{"ref":{"$ref":"#/components/schemas/DescribedBody"},"all":{
"DescribedAnswer":{"type":"object","properties":{
"at":{"type":"string","format":"date-time","description":"when"},"for":{"type":"string"},"score":{"type":"number"},"n":{"type":"integer"},
"parts":{"type":"array","items":{"$ref":"#/components/schemas/DescribedPart"}},"part":{"$ref":"#/components/schemas/DescribedAnswer"},
"word":{"type":"string","enum":["x"]},"truth":{"type":"boolean"}},
"required":["at","score","parts","word","truth"]},
"DescribedBody":{"type":"object","properties":{
"token":{"type":"string","description":"of the link"},"name":{"type":"string"},"way":{"type":"string","enum":["a","b"]},"yes":{"type":"boolean"},
"count":{"type":"integer","format":"int64"},"roles":{"type":"array","items":{"type":"string"}},
"labels":{"type":"object","additionalProperties":{"type":"string"}}},
"required":["token"],"additionalProperties":false},
"DescribedPart":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}}}`
	if want = strings.ReplaceAll(want, "\n", ""); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
