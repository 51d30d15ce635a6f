package wire

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// kind is what a member of a body may be.
type kind int

const (
	text    kind = iota + 1 // string, *string
	truth                   // bool, *bool
	integer                 // int64
	texts                   // []string
	textMap                 // map[string]string
	mixed                   // map[string]any, of strings and booleans
)

var kinds = map[reflect.Type]kind{
	reflect.TypeFor[string](): text, reflect.TypeFor[*string](): text,
	reflect.TypeFor[bool](): truth, reflect.TypeFor[*bool](): truth,
	reflect.TypeFor[int64]():             integer,
	reflect.TypeFor[[]string]():          texts,
	reflect.TypeFor[map[string]string](): textMap,
	reflect.TypeFor[map[string]any]():    mixed,
}

// plan is what Decode knows of a struct, worked out once: fields[i] belongs to the struct's field i.
type plan struct {
	fields []field
	byName map[string]int
}

type field struct {
	name     string
	kind     kind
	required bool
	one      []string // the words that a text may be; nil: any
}

// plans holds the plan, or the error, of each type that was asked for; there are as many as there are bodies in the program.
var plans sync.Map // reflect.Type → func() (*plan, error)

func planOf(t reflect.Type) (*plan, error) {
	if made, ok := plans.Load(t); ok {
		return made.(func() (*plan, error))()
	}
	made, _ := plans.LoadOrStore(t, sync.OnceValues(func() (*plan, error) { return newPlan(t) }))
	return made.(func() (*plan, error))()
}

func newPlan(t reflect.Type) (*plan, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("wire: %v is no struct: a body is an object", t)
	}
	p := &plan{byName: map[string]int{}}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		k := kinds[f.Type]
		required, tagged := f.Tag.Lookup("req")
		words, chosen := f.Tag.Lookup("one")
		switch _, twice := p.byName[name]; {
		case !f.IsExported() || f.Anonymous || name == "" || name == "-" || options != "":
			return nil, fmt.Errorf("wire: %v.%s needs a name of its own and nothing else in its tag: `json:\"name\"`", t, f.Name)
		case twice:
			return nil, fmt.Errorf("wire: two fields of %v are called %q", t, name)
		case k == 0:
			return nil, fmt.Errorf("wire: %v.%s is a %v, which no body may hold", t, f.Name, f.Type)
		case tagged && required != "true":
			return nil, fmt.Errorf("wire: %v.%s has the tag req:%q; it is req:\"true\" or none", t, f.Name, required)
		case chosen && (k != text || words == ""):
			return nil, fmt.Errorf("wire: %v.%s has the tag one:%q; it lists the words that a string may be", t, f.Name, words)
		}
		p.byName[name] = i
		next := field{name: name, kind: k, required: tagged}
		if chosen {
			next.one = strings.Split(words, ",")
		}
		p.fields = append(p.fields, next)
	}
	return p, nil
}
