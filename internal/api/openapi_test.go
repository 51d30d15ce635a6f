package api

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/api/wire"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// document is an OpenAPI document as any reader sees it.
type document struct{ root map[string]any }

func readDocument(t *testing.T, text []byte) document {
	t.Helper()
	var d document
	must(t, json.Unmarshal(text, &d.root))
	return d
}

func (d document) at(path ...string) map[string]any {
	here := d.root
	for _, name := range path {
		here, _ = here[name].(map[string]any)
	}
	return here
}

// follow finds what a $ref leads to.
func (d document) follow(ref string) map[string]any {
	return d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// check holds an answer against the document: its status, type and every member. It returns what does not fit.
func (d document) check(pattern string, w *httptest.ResponseRecorder) string {
	method, path, _ := strings.Cut(pattern, " ")
	says := d.at("paths", path, strings.ToLower(method), "responses", strconv.Itoa(w.Code))
	if says == nil {
		return "the status"
	}
	if ref, ok := says["$ref"].(string); ok {
		says = d.follow(ref)
	}
	content, _ := says["content"].(map[string]any)
	if content == nil {
		if w.Body.Len() > 0 {
			return "there is a body"
		}
		return ""
	}
	kind, _ := content[w.Header().Get("Content-Type")].(map[string]any)
	if kind == nil {
		return "the type " + w.Header().Get("Content-Type")
	}
	var value any
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		return err.Error()
	}
	return d.fits("body", kind["schema"].(map[string]any), value)
}

// fits holds a value against a schema, as strictly as a test may: a member that is not listed is a mistake here.
func (d document) fits(where string, schema map[string]any, value any) string {
	if words, ok := schema["enum"].([]any); ok && !slices.Contains(words, value) {
		return fmt.Sprintf("%s is %v, none of %v", where, value, words)
	}
	if ref, ok := schema["$ref"].(string); ok {
		if problem := d.fits(where, d.follow(ref), value); problem != "" {
			return problem
		}
		own, _ := schema["properties"].(map[string]any)
		for name, s := range own {
			if problem := d.fits(where+"."+name, s.(map[string]any), value.(map[string]any)[name]); problem != "" {
				return problem
			}
		}
		return ""
	}
	types := map[string]reflect.Kind{
		"object": reflect.Map, "array": reflect.Slice, "string": reflect.String, "boolean": reflect.Bool, "number": reflect.Float64, "integer": reflect.Float64,
	}
	if want, ok := types[fmt.Sprint(schema["type"])]; ok && reflect.ValueOf(value).Kind() != want {
		return fmt.Sprintf("%s is a %T, not %v", where, value, schema["type"])
	}
	switch value := value.(type) {
	case []any:
		for i, one := range value {
			if problem := d.fits(fmt.Sprintf("%s[%d]", where, i), schema["items"].(map[string]any), one); problem != "" {
				return problem
			}
		}
	case map[string]any:
		return d.fitsObject(where, schema, value)
	}
	return ""
}

func (d document) fitsObject(where string, schema, value map[string]any) string {
	properties, _ := schema["properties"].(map[string]any)
	for name, one := range value {
		s, ok := properties[name].(map[string]any)
		if !ok {
			return where + "." + name + " is not listed"
		}
		if problem := d.fits(where+"."+name, s, one); problem != "" {
			return problem
		}
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := value[name.(string)]; !ok {
			return where + "." + name.(string) + " is missing"
		}
	}
	return ""
}

func describe(t *testing.T) ([]byte, document) {
	t.Helper()
	text, err := Document(table(New(Parts{})), "1.2.3")
	must(t, err)
	return text, readDocument(t, text)
}

func TestTheDocumentIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	first, d := describe(t)
	for range 20 {
		if again, _ := describe(t); string(again) != string(first) {
			t.Fatal("the same routes are described in other bytes")
		}
	}
	if d.root["openapi"] != "3.1.0" || d.at("info")["version"] != "1.2.3" {
		t.Errorf("%v %v", d.root["openapi"], d.at("info"))
	}
}

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	t.Parallel()
	_, d := describe(t)
	refs := 0
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, one := range value {
				walk(one)
			}
		case map[string]any:
			if ref, ok := value["$ref"].(string); ok {
				if refs++; d.follow(ref) == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, one := range value {
				walk(one)
			}
		}
	}
	walk(d.root)
	if refs < 40 {
		t.Errorf("only %d references were found", refs)
	}
}

// members are the names that a struct has on the wire.
func members(typ reflect.Type) (names []string) {
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// TestEveryMemberIsDescribed goes by the structs, not by what made the document.
func TestEveryMemberIsDescribed(t *testing.T) {
	t.Parallel()
	_, d := describe(t)
	checked := 0
	schemaOf := func(typ reflect.Type) map[string]any {
		return d.at("components", "schemas", strings.ToUpper(typ.Name()[:1])+typ.Name()[1:])
	}
	for _, r := range table(New(Parts{})) {
		types := []reflect.Type{r.Endpoint.In, r.Endpoint.Out}
		if r.Endpoint.Other != nil {
			types = append(types, r.Endpoint.Other.Out)
		}
		for _, typ := range types {
			if typ == nil {
				continue
			}
			properties, _ := schemaOf(typ)["properties"].(map[string]any)
			for _, name := range members(typ) {
				if checked++; properties[name] == nil {
					t.Errorf("%s %s: %v.%s is not described", r.Method, r.Path, typ, name)
				}
			}
			if len(properties) != typ.NumField() {
				t.Errorf("%v: more is described than there is", typ)
			}
			if closed := schemaOf(typ)["additionalProperties"] == false; closed != (typ == r.Endpoint.In) {
				t.Errorf("%v: bodies take no other members, answers may get some; described as closed: %v", typ, closed)
			}
		}
	}
	if checked < 60 {
		t.Errorf("only %d members were compared", checked)
	}
}

func TestEveryCallIsDescribedOnceWithItsFaults(t *testing.T) {
	t.Parallel()
	_, d := describe(t)
	ids := map[string]bool{}
	for _, r := range table(New(Parts{})) {
		o := d.at("paths", r.Path, strings.ToLower(r.Method))
		id, _ := o["operationId"].(string)
		if id == "" || ids[id] || o["summary"] == "" {
			t.Errorf("%s %s: operationId %q, summary %q", r.Method, r.Path, id, o["summary"])
		}
		ids[id] = true
		for _, code := range r.Endpoint.Codes {
			status := strconv.Itoa((&message.Fault{Code: code}).Status())
			ref, _ := d.at("paths", r.Path, strings.ToLower(r.Method), "responses", status)["$ref"].(string)
			if text := fmt.Sprint(d.follow(ref)); !strings.Contains(text, string(code)) {
				t.Errorf("%s %s: %s is not told at %s", r.Method, r.Path, code, status)
			}
		}
		open := slices.ContainsFunc(o["security"].([]any), func(one any) bool { return len(one.(map[string]any)) == 0 })
		if open == r.SignedIn {
			t.Errorf("%s %s: needs a session: %v; described as open: %v", r.Method, r.Path, r.SignedIn, open)
		}
	}
	if got := d.at("paths", "/api/v1/sessions/{id}")["parameters"]; !strings.Contains(fmt.Sprint(got), "name:id") {
		t.Errorf("the id in the path is not described: %v", got)
	}
	schemes := d.at("components", "securitySchemes")
	if len(schemes) != 2 || schemes["cookie"] == nil || schemes["bearer"] == nil {
		t.Errorf("%v", schemes)
	}
}

// TestNoEndpointIsForgotten: the tests of this package loop over table.
func TestNoEndpointIsForgotten(t *testing.T) {
	t.Parallel()
	a := reflect.TypeFor[*API]()
	made := 0
	for i := range a.NumMethod() {
		if m := a.Method(i).Type; m.NumIn() == 1 && m.NumOut() == 1 && m.Out(0) == reflect.TypeFor[Endpoint]() {
			made++
		}
	}
	if rows := len(table(New(Parts{}))); made != rows {
		t.Errorf("there are %d endpoints, and %d rows of the table in house_test.go", made, rows)
	}
}

func TestWhatCannotBeDescribedIsAnError(t *testing.T) {
	t.Parallel()
	type badBody struct {
		Number float64 `json:"number"`
	}
	type badAnswer struct {
		Any any `json:"any"`
	}
	good := New(Parts{}).Account()
	body, says := good, good
	body.In, says.Out = reflect.TypeFor[badBody](), reflect.TypeFor[badAnswer]()
	for want, routes := range map[string][]Route{
		"there twice":          {{"GET", "/a", false, good}, {"GET", "/a", true, good}},
		"float64":              {{"GET", "/a", false, body}},
		"holds no interface":   {{"GET", "/a", false, says}},
		"is no struct":         {{"GET", "/a", false, Endpoint{Status: 200, Out: reflect.TypeFor[string]()}}},
		"under one name":       {{"GET", "/a", false, Endpoint{Status: 200, In: reflect.TypeFor[tokenBody](), Out: otherTokenBody()}}},
		"no name to be found":  {{"GET", "/a", false, Endpoint{Status: 200, Out: reflect.TypeFor[struct{ A int }]()}}},
		"is a pointer and not": {{"GET", "/a", false, Endpoint{Status: 200, Out: reflect.TypeFor[pointing]()}}},
	} {
		if _, err := Document(routes, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want it to say %q", err, want)
		}
	}
	var schemas wire.Schemas
	if _, err := schemas.In(reflect.TypeFor[badBody]()); err == nil {
		t.Error("a body with a fraction was described")
	}
}

type pointing struct {
	To *string `json:"to"`
}

func otherTokenBody() reflect.Type {
	type tokenBody struct {
		A string `json:"a"`
	}
	return reflect.TypeFor[tokenBody]()
}
