package wire

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// Object is a JSON object whose members keep their order, so that a description reads as the structs do.
type Object []Member

// Member is one of them.
type Member struct {
	Name  string
	Value any
}

// MarshalJSONTo writes the object.
func (o Object) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range o {
		if err := e.WriteToken(jsontext.String(m.Name)); err != nil {
			return err
		}
		value, err := Encode(m.Value)
		if err != nil {
			return err
		}
		if err := e.WriteValue(value); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// Schemas collects the JSON Schemas (draft 2020-12, which OpenAPI 3.1 uses) of bodies and answers. Each struct is described once, under the
// name of its type with a capital letter; wherever it occurs, a $ref leads there. Texts are in the tag `doc:"…"`. The zero value is empty.
type Schemas struct {
	all map[string]schema
}

type schema struct {
	of   reflect.Type
	says Object
}

// SchemaPath is where the $refs lead to.
const SchemaPath = "#/components/schemas/"

// Object is everything collected so far, by name.
func (s *Schemas) Object() Object {
	var o Object
	for name, one := range s.all {
		o = append(o, Member{name, one.says})
	}
	slices.SortFunc(o, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) })
	return o
}

// In describes what [Decode] takes for a struct and returns a $ref to it. The error is the one that Decode would panic with.
func (s *Schemas) In(t reflect.Type) (Object, error) {
	p, err := planOf(t)
	if err != nil {
		return nil, err
	}
	return s.define(t, func() (Object, error) {
		properties, required := Object{}, []string{}
		for i, f := range p.fields {
			says := slices.Clone(bodySchemas[f.kind])
			if f.one != nil {
				says = append(says, Member{"enum", f.one})
			}
			properties = append(properties, Member{f.name, described(says, t.Field(i))})
			if f.required {
				required = append(required, f.name)
			}
		}
		return Object{{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}}, nil
	})
}

// bodySchemas says what a body's members may be.
var bodySchemas = map[kind]Object{
	text:    {{"type", "string"}},
	truth:   {{"type", "boolean"}},
	integer: {{"type", "integer"}, {"format", "int64"}},
	texts:   {{"type", "array"}, {"items", Object{{"type", "string"}}}},
	textMap: {{"type", "object"}, {"additionalProperties", Object{{"type", "string"}}}},
	mixed:   {{"type", "object"}, {"additionalProperties", Object{{"type", []string{"string", "boolean"}}}}},
}

// Out describes what [Encode] writes for a struct and returns a $ref to it. Readers must bear members that are not listed: later releases
// add some.
func (s *Schemas) Out(t reflect.Type) (Object, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("wire: %v is no struct: an answer is an object", t)
	}
	return s.define(t, func() (Object, error) {
		properties, required := Object{}, []string{}
		for i := range t.NumField() {
			f := t.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			optional := options == "omitempty" || options == "omitzero"
			switch {
			case !f.IsExported() || f.Anonymous || name == "" || name == "-" || options != "" && !optional:
				return nil, fmt.Errorf("wire: %v.%s needs a name of its own in its tag, and omitempty or omitzero at most", t, f.Name)
			case f.Type.Kind() == reflect.Pointer && !optional:
				return nil, fmt.Errorf("wire: %v.%s is a pointer and not omitempty: nil would be null, which no answer holds", t, f.Name)
			}
			says, err := s.value(f.Type)
			if err != nil {
				return nil, fmt.Errorf("%v.%s: %w", t, f.Name, err)
			}
			if words := f.Tag.Get("one"); words != "" {
				says = append(says, Member{"enum", strings.Split(words, ",")})
			}
			properties = append(properties, Member{name, described(says, f)})
			if !optional {
				required = append(required, name)
			}
		}
		return Object{{"type", "object"}, {"properties", properties}, {"required", required}}, nil
	})
}

// value describes what stands behind a name in an answer.
func (s *Schemas) value(t reflect.Type) (Object, error) {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return Object{{"type", "string"}, {"format", "date-time"}}, nil
	case t == reflect.TypeFor[time.Duration]():
		return Object{{"type", "string"}}, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.value(t.Elem())
	case reflect.Struct:
		return s.Out(t)
	case reflect.Slice:
		items, err := s.value(t.Elem())
		return Object{{"type", "array"}, {"items", items}}, err
	case reflect.String:
		return Object{{"type", "string"}}, nil
	case reflect.Bool:
		return Object{{"type", "boolean"}}, nil
	case reflect.Int, reflect.Int64:
		return Object{{"type", "integer"}}, nil
	case reflect.Float64:
		return Object{{"type", "number"}}, nil
	default:
		return nil, fmt.Errorf("wire: an answer that is described holds no %v", t)
	}
}

// described adds the text of a field, if it has one.
func described(says Object, f reflect.StructField) Object {
	if text := f.Tag.Get("doc"); text != "" {
		return append(says, Member{"description", text})
	}
	return says
}

// define describes a type unless that was done already.
func (s *Schemas) define(t reflect.Type, describe func() (Object, error)) (Object, error) {
	name := []rune(t.Name())
	if len(name) == 0 {
		return nil, fmt.Errorf("wire: %v has no name to be found under", t)
	}
	name[0] = unicode.ToUpper(name[0])
	ref := Object{{"$ref", SchemaPath + string(name)}}
	if known, ok := s.all[string(name)]; ok {
		if known.of != t {
			return nil, fmt.Errorf("wire: %v and %v would be described under one name", known.of, t)
		}
		return ref, nil
	}
	if s.all == nil {
		s.all = map[string]schema{}
	}
	s.all[string(name)] = schema{of: t} // before its members, which may lead back to it
	says, err := describe()
	s.all[string(name)] = schema{t, says}
	return ref, err
}
