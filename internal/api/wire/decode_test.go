package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// every has a member of each kind that a body may hold.
type every struct {
	Email    string            `json:"email" req:"true"`
	Name     *string           `json:"name"`
	Admin    bool              `json:"admin"`
	Remember *bool             `json:"remember"`
	Count    int64             `json:"count"`
	Roles    []string          `json:"roles"`
	Labels   map[string]string `json:"labels"`
}

func nested(depth int) string {
	return `{"email":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + "}"
}

func TestABodyIsReadAsItIsMeant(t *testing.T) {
	t.Parallel()
	name, no := "Ada \u0000 \U0001F600 / \"", false
	for body, want := range map[string]every{
		`{"email":"ada@example.com"}`:   {Email: "ada@example.com"},
		` { "email" : "" } ` + "\n\t\r": {},
		`{"email":"a","name":"Ada \u0000 \ud83d\ude00 \/ \"","admin":true,"remember":false,"count":-9223372036854775808,"roles":["b","a","b"],"labels":{"k":"v","":""}}`: {
			Email: "a", Name: &name, Admin: true, Remember: &no, Count: -1 << 63,
			Roles: []string{"b", "a", "b"}, Labels: map[string]string{"k": "v", "": ""},
		},
		`{"\u0065mail":"the name is written with an escape","count":-0,"roles":[],"labels":{}}`: {
			Email: "the name is written with an escape", Roles: []string{}, Labels: map[string]string{},
		},
	} {
		got, problem := Decode[every]([]byte(body))
		if problem != nil {
			t.Errorf("%s: refused: %+v", body, problem)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: not what was sent:\n%s", body, diff)
		}
	}
}

func TestAnEmptyBodyIsAnEmptyObject(t *testing.T) {
	t.Parallel()
	type optional struct {
		Token string `json:"token"`
	}
	for _, body := range []string{"", "{}"} {
		if got, problem := Decode[optional]([]byte(body)); problem != nil || got != (optional{}) {
			t.Errorf("%q: %+v %+v", body, got, problem)
		}
		if _, problem := Decode[struct{}]([]byte(body)); problem != nil {
			t.Errorf("%q where nothing is expected: %+v", body, problem)
		}
		_, problem := Decode[every]([]byte(body))
		if diff := cmp.Diff(&Problem{Fields: []FieldProblem{{"email", FieldRequired}}}, problem); diff != "" {
			t.Errorf("%q: %s", body, diff)
		}
	}
}

// M-204 and the 400s of the contract. What is malformed stays so whatever is wrong or right with its members.
func TestWhatIsNotOneWellFormedObjectIsMalformed(t *testing.T) {
	t.Parallel()
	for want, bodies := range map[string][]string{
		MalformedSyntax: {
			" ", "\n", "{", `{"email"`, `{"email":`, `{"email":"a"`, `{"email":"a",`, `{"email":"a",}`, `{,}`, `{"email" "a"}`, `{"email":"a";}`, `{:"a"}`,
			`{email:"a"}`, `{'email':'a'}`, `{1:"a"}`, `{null:1}`, `{"email":}`, `{"email":'a'}`, `{"email":"a" "b"}`, `{"email"::"a"}`, `{"email":"a"]`, `x`, `nul`, `"a`,
			`{"unknown":[1,]}`, `{"unknown":[,1]}`, `{"unknown":[1 2]}`, `{"unknown":[1}`, `{"unknown":[`, `{"unknown":{"a":1,}}`,
			`{"count":01}`, `{"count":+1}`, `{"count":.5}`, `{"count":1.}`, `{"count":-}`, `{"count":1e}`, `{"count":0x1}`, `{"count":1_0}`, `{"count":NaN}`, `{"count":-Infinity}`, `{"count":٣}`,
			`{"admin":True}`, `{"admin":tru}`, `{"admin":truee}`, `{"name":undefined}`,
			`{"email":"\x41"}`, `{"email":"\u12"}`, `{"email":"\u{41}"}`, `{"email":"\'"}`, "{\"email\":\"a\nb\"}", "{\"email\":\"\x00\"}", "{\"email\":\"\t\"}",
			`{"email":"a"/* b */}`, "{\"email\":\"a\"// b\n}", "\u00a0{}", "\u2028{}", "{}"[:1] + "\u200b}",
			"\ufeff{}", "\ufeff" + `{"email":"a"}`,
			`{"email":"\ud800"}`, `{"email":"\udc00"}`, `{"email":"\udc00\ud800"}`, `{"email":"\ud800x"}`, `{"email":"\ud800\n"}`, `{"email":"\ud800\ud800"}`, `{"unknown":"\udbff"}`, `{"\ud800":1}`,
		},
		MalformedUTF8: {
			"\xff\xfe{\x00}\x00", "\x00{\x00}\x00"[:1] + "\xff", "{\"email\":\"\xff\"}", "{\"email\":\"\xc0\xaf\"}", "{\"email\":\"\xed\xa0\x80\"}",
			"{\"email\":\"\xf4\x90\x80\x80\"}", "{\"email\":\"\xe2\x82\"}", "{\"\xff\":1}", "{\"email\":\"a\"}\xff", "\xef\xbb{}",
		},
		MalformedNotObject: {`[]`, `[{}]`, `null`, `true`, `false`, `0`, `-1.5e3`, `"email"`, `""`, ` [`, `[1,`},
		MalformedDuplicate: {
			`{"email":"a","email":"b"}`, `{"email":"a","email":"a"}`, `{"email":"a","\u0065mail":"b"}`, `{"email":1,"email":2}`, `{"x":1,"x":2}`, `{"":1,"":2}`,
			`{"labels":{"a":"1","a":"2"}}`, `{"unknown":{"a":{"b":1,"b":2}}}`, `{"unknown":[{"b":1,"b":1}]}`, `{"email":{"b":1,"\u0062":1}}`,
		},
		MalformedDepth: {
			nested(17), `{"unknown":` + strings.Repeat(`{"a":`, 16) + "1" + strings.Repeat("}", 17),
			`{"roles":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + "}", nested(100_000), `{"email":` + strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000),
		},
		MalformedTrailing: {
			`{}{}`, `{} {}`, `{},`, `{}x`, `{}]`, `{}}`, `{} 1`, `{}null`, "{}\x00", "{}\ufeff", `{"email":"a"}{"email":"b"}`, `{"email":"a"}` + "\n" + `{"email":"b"}`, `{} // that was all`,
		},
	} {
		for _, body := range bodies {
			got, problem := Decode[every]([]byte(body))
			if diff := cmp.Diff(&Problem{Malformed: want}, problem); diff != "" {
				t.Errorf("%.60q: %s", body, diff)
			}
			if diff := cmp.Diff(every{}, got); diff != "" {
				t.Errorf("%.60q: something of a refused body came through: %s", body, diff)
			}
		}
	}
}

func TestSixteenDeepIsStillWellFormed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{nested(16), `{"email":` + strings.Repeat(`{"a":`, 15) + "1" + strings.Repeat("}", 16)} {
		_, problem := Decode[every]([]byte(body))
		if diff := cmp.Diff(&Problem{Fields: []FieldProblem{{"email", FieldInvalidValue}}}, problem); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestAWordThatIsNotOfTheListIsTold(t *testing.T) {
	t.Parallel()
	type body struct {
		Transport string  `json:"transport" one:"cookie,token"`
		Maybe     *string `json:"maybe" one:"yes"`
	}
	for text, want := range map[string]*Problem{
		`{}`: nil, `{"transport":"cookie"}`: nil, `{"transport":"token","maybe":"yes"}`: nil, `{"transport":"t\u006fken"}`: nil,
		`{"transport":""}`:             {Fields: []FieldProblem{{"transport", FieldNotAllowed}}},
		`{"transport":"Token"}`:        {Fields: []FieldProblem{{"transport", FieldNotAllowed}}},
		`{"transport":"cookie,token"}`: {Fields: []FieldProblem{{"transport", FieldNotAllowed}}},
		`{"transport":1}`:              {Fields: []FieldProblem{{"transport", FieldInvalidValue}}},
		`{"maybe":"no","x":1}`:         {Fields: []FieldProblem{{"maybe", FieldNotAllowed}, {"x", FieldUnknown}}},
	} {
		got, problem := Decode[body]([]byte(text))
		if diff := cmp.Diff(want, problem); diff != "" || problem != nil && got != (body{}) {
			t.Errorf("%s: %+v %s", text, got, diff)
		}
	}
}

func TestAWrongTypeIsToldForEveryKindOfMember(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"null": `null`, "string": `"true"`, "bool": `true`, "number": `1`, "list": `["a"]`, "object": `{"a":"b"}`,
		"fraction": `1.0`, "exponent": `1e2`, "too large": `9223372036854775808`, "too small": `-9223372036854775809`, "zero exponent": `0e0`,
		"list with a number": `["a",1,"b"]`, "list with null": `[null]`, "list of lists": `[["a"]]`,
		"object with a number": `{"a":"b","c":1}`, "object with null": `{"a":null}`, "object of objects": `{"a":{"b":"c"}}`,
	}
	fits := map[string]string{
		"email": "string", "name": "string", "admin": "bool", "remember": "bool", "count": "number", "roles": "list", "labels": "object",
	}
	for member, only := range fits {
		for what, value := range values {
			body := fmt.Sprintf(`{"email":"a",%q:%s}`, member, value)
			if member == "email" {
				body = fmt.Sprintf(`{"email":%s}`, value)
			}
			_, problem := Decode[every]([]byte(body))
			var want *Problem
			if what != only {
				want = &Problem{Fields: []FieldProblem{{member, FieldInvalidValue}}}
			}
			if diff := cmp.Diff(want, problem); diff != "" {
				t.Errorf("%s as %s: %s", member, what, diff)
			}
		}
	}
}

func TestEverythingWrongIsToldAtOnceSortedByName(t *testing.T) {
	t.Parallel()
	body := `{"zebra":{"deep":[1,{"email":"no"}]},"count":1.5,"roles":["a",{"b":[]}],"Email":"a","admin":"true","name":null,"EMAIL":"b","labels":{"a":[1]}}`
	got, problem := Decode[every]([]byte(body))
	want := &Problem{Fields: []FieldProblem{
		{"EMAIL", FieldUnknown}, {"Email", FieldUnknown},
		{"admin", FieldInvalidValue}, {"count", FieldInvalidValue}, {"email", FieldRequired}, {"labels", FieldInvalidValue},
		{"name", FieldInvalidValue}, {"roles", FieldInvalidValue}, {"zebra", FieldUnknown},
	}}
	if diff := cmp.Diff(want, problem); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(every{}, got); diff != "" {
		t.Errorf("something of a refused body came through: %s", diff)
	}
}

// Names that only look like a field: another case (also by Unicode's folding, as the Kelvin sign folds to k), spaces, the Go field's name.
func TestNamesCountToTheLetter(t *testing.T) {
	t.Parallel()
	type link struct {
		Token string `json:"token"`
	}
	for _, name := range []string{"Token", "TOKEN", "toKen", "to\u212aen", " token", "token ", "tokеn", "t\\u006fken ", ""} {
		_, problem := Decode[link](fmt.Appendf(nil, `{"%s":"a"}`, name))
		if problem == nil || problem.Malformed != "" || len(problem.Fields) != 1 || problem.Fields[0].Code != FieldUnknown {
			t.Errorf("%q: %+v", name, problem)
		}
	}
}

// M-204: a body of a limit's length that is answered with a sentence for each of its names would be a megaphone.
func TestAFloodOfUnknownNamesIsNotEchoed(t *testing.T) {
	t.Parallel()
	_, problem := Decode[every](manyNames(100_000))
	if problem == nil || problem.Malformed != "" {
		t.Fatalf("%+v", problem)
	}
	if len(problem.Fields) != maxUnknown+1 { // and the address that is missing
		t.Errorf("%d members are told, want %d", len(problem.Fields), maxUnknown+1)
	}
	if !slices.Contains(problem.Fields, FieldProblem{"email", FieldRequired}) {
		t.Errorf("what the sender can mend is crowded out: %+v", problem.Fields)
	}
}

// M-204
func TestANumberOfAMegabyteIsRefused(t *testing.T) {
	t.Parallel()
	for _, member := range []string{"count", "email"} {
		body := `{"` + member + `":` + strings.Repeat("1", 1<<20) + `}`
		_, problem := Decode[every]([]byte(body))
		if problem == nil || problem.Malformed != "" || problem.Fields[0] != (FieldProblem{member, FieldInvalidValue}) {
			t.Errorf("%s: %+v", member, problem)
		}
	}
}

func TestABodyIsReadInPlaceAndLeftAsItWas(t *testing.T) {
	t.Parallel()
	body := []byte(`{"email":"\u0061da","labels":{"\u0061":"b"}}`)
	before := string(body)
	got, _ := Decode[every](body)
	if string(body) != before {
		t.Errorf("the body was changed: %s", body)
	}
	clear(body)
	if got.Email != "ada" || got.Labels["a"] != "b" {
		t.Errorf("what was read still lies in the body's memory: %+v", got)
	}
}

func TestAStructThatNoBodyCanFillPanicsAndSaysWhy(t *testing.T) {
	t.Parallel()
	type named string
	field := func(name string, typ any, tag string) reflect.StructField {
		return reflect.StructField{Name: name, Type: reflect.TypeOf(typ), Tag: reflect.StructTag(tag)}
	}
	hidden := field("hidden", "", `json:"a"`)
	hidden.PkgPath = "wire"
	for want, fields := range map[string][]reflect.StructField{
		"Untagged needs a name": {field("Untagged", "", "")},
		"Left needs a name":     {field("Left", "", `json:"-"`)},
		"Option needs a name":   {field("Option", "", `json:"a,omitempty"`)},
		"hidden needs a name":   {hidden},
		"are called \"a\"":      {field("A", "", `json:"a"`), field("B", "", `json:"a"`)},
		"is a int,":             {field("A", 1, `json:"a"`)},
		"is a wire.named,":      {field("A", named(""), `json:"a"`)},
		"is a **string,":        {field("A", new(*string), `json:"a"`)},
		"has the tag req":       {field("A", "", `json:"a" req:"yes"`)},
		"has the tag one:\"\"":  {field("A", "", `json:"a" one:""`)},
		"has the tag one:\"1\"": {field("A", int64(0), `json:"a" one:"1"`)},
	} {
		if _, err := planOf(reflect.StructOf(fields)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want it to say %q", err, want)
		}
	}
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "string is no struct") {
			t.Errorf("panics with %q", got)
		}
	}()
	Decode[string](nil)
}

// manyNames is an object with so many members, no two of one name.
func manyNames(n int) []byte {
	body := []byte{'{'}
	for i := range n {
		body = fmt.Appendf(body, `"%d":0,`, i)
	}
	body[len(body)-1] = '}'
	return body
}

// M-204: the time for a byte must not grow with the size. A real body, for measure, comes first.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name string
		body []byte
	}{
		{"login", []byte(`{"email":"ada@example.com","name":"correct horse battery staple","remember":true}`)},
		{"names-64KiB", manyNames(6_900)},
		{"names-million", manyNames(1_000_000)},
		{"depth-100000", []byte(nested(100_000))},
		{"number-64KiB", []byte(`{"count":` + strings.Repeat("1", 64<<10) + `}`)},
		{"number-1MiB", []byte(`{"count":` + strings.Repeat("1", 1<<20) + `}`)},
		{"escapes-64KiB", []byte(`{"email":"` + strings.Repeat(`\u0061`, 10_900) + `"}`)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Decode[every](c.body)
			}
		})
	}
}
