package wire

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how many objects and arrays may lie in each other, the body itself included.
const maxDepth = 16

// maxUnknown is how many names that we do not know are reported, those that come first. A body of 64 KiB holds thousands, and each would be
// answered with a sentence: a megabyte for anybody who asks.
const maxUnknown = 32

// The reasons of [Problem.Malformed].
const (
	MalformedSyntax    = "syntax" // also a byte order mark, half a surrogate pair, or nothing but spaces
	MalformedUTF8      = "utf8"
	MalformedNotObject = "not_object"
	MalformedDuplicate = "duplicate_name" // in any object, also when one of the two is written with escapes
	MalformedDepth     = "depth"          // over 16
	MalformedTrailing  = "trailing"       // something follows the object
)

// The codes of [FieldProblem].
const (
	FieldRequired     = "required"
	FieldUnknown      = "unknown_field"
	FieldInvalidValue = "invalid_type"
	FieldNotAllowed   = "not_allowed" // a string, but none of those that the field takes
)

// Problem is why a body was refused. One of its two parts is set.
type Problem struct {
	Malformed string         // not one well-formed object, 400: one of the Malformed… words
	Fields    []FieldProblem // well-formed but wrong, 422: everything wrong, sorted by name (of unknown names the first 32)
}

// FieldProblem is what is wrong with one member.
type FieldProblem struct {
	Name string // as it was sent: up to the whole body long, with any character
	Code string // one of the Field… words
}

// Decode reads a body, one JSON object, into an In: a flat struct whose fields are string, *string, bool, *bool, int64, []string,
// map[string]string or map[string]any, which takes strings and booleans, each with the tag `json:"name"`. Names count to the letter. Tagged `req:"true"` a member must be there; whether it
// may be empty is not judged here. Tagged `one:"a,b"` a string is one of those words. null is never a value: who has nothing to say leaves the member out. A number for int64 has neither
// fraction nor exponent. An empty body is {}.
//
// The time taken grows with the length of the body and with nothing else. With a Problem the In is zero. Decode panics when In is no such
// struct; [Schemas.In] finds that out at start.
func Decode[In any](body []byte) (In, *Problem) {
	var in In
	p, err := planOf(reflect.TypeFor[In]())
	if err != nil {
		panic(err)
	}
	if problem := p.decode(body, reflect.ValueOf(&in).Elem()); problem != nil {
		var zero In
		return zero, problem
	}
	return in, nil
}

func (p *plan) decode(body []byte, in reflect.Value) *Problem {
	if len(body) == 0 {
		body = []byte("{}")
	}
	if !utf8.Valid(body) {
		return &Problem{Malformed: MalformedUTF8}
	}
	r := &reader{json: jsontext.NewDecoder(bytes.NewBuffer(body)), plan: p, seen: make([]bool, len(p.fields))}
	if err := r.body(in); err != nil {
		return &Problem{Malformed: reason(err)}
	}
	for i, f := range p.fields {
		if f.required && !r.seen[i] {
			r.refuse(f.name, FieldRequired)
		}
	}
	if len(r.wrong) == 0 {
		return nil
	}
	slices.SortFunc(r.wrong, func(a, b FieldProblem) int { return cmp.Compare(a.Name, b.Name) })
	return &Problem{Fields: r.wrong}
}

var (
	errNotObject = errors.New("not an object")
	errDepth     = errors.New("too deep")
	errTrailing  = errors.New("something follows the object")
)

func reason(err error) string {
	switch {
	case errors.Is(err, errNotObject):
		return MalformedNotObject
	case errors.Is(err, errDepth):
		return MalformedDepth
	case errors.Is(err, errTrailing):
		return MalformedTrailing
	case errors.Is(err, jsontext.ErrDuplicateName):
		return MalformedDuplicate
	default:
		return MalformedSyntax
	}
}

// reader goes through a body once, token by token: it never builds a tree, so nothing nests in our own stack. Its errors mean that the
// body is malformed; what is wrong with members is gathered, since a later byte may still show that nothing of it was JSON.
type reader struct {
	json    *jsontext.Decoder
	plan    *plan
	seen    []bool // by field: the member was there, right or wrong
	wrong   []FieldProblem
	unknown int
}

func (r *reader) refuse(name, code string) { r.wrong = append(r.wrong, FieldProblem{name, code}) }

func (r *reader) next() (jsontext.Token, error) {
	token, err := r.json.ReadToken()
	if err == nil && r.json.StackDepth() > maxDepth {
		err = errDepth
	}
	return token, err
}

func (r *reader) body(in reflect.Value) error {
	open, err := r.next()
	if err != nil {
		return err
	}
	if open.Kind() != '{' {
		return errNotObject
	}
	for {
		name, err := r.next()
		if err != nil {
			return err
		}
		if name.Kind() == '}' {
			break
		}
		if err := r.member(name.String(), in); err != nil {
			return err
		}
	}
	if _, err := r.next(); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}

func (r *reader) member(name string, in reflect.Value) error {
	first, err := r.next()
	if err != nil {
		return err
	}
	i, ok := r.plan.byName[name]
	if !ok {
		if r.unknown++; r.unknown <= maxUnknown {
			r.refuse(name, FieldUnknown)
		}
		return r.skip(first)
	}
	r.seen[i] = true
	f := r.plan.fields[i]
	if f.kind == mixed && first.Kind() == '{' {
		return r.mixed(name, in.Field(i))
	}
	fits, err := r.value(first, f.kind, in.Field(i))
	switch {
	case err != nil:
		return err
	case !fits:
		r.refuse(name, FieldInvalidValue)
	case f.one != nil && !slices.Contains(f.one, reflect.Indirect(in.Field(i)).String()):
		r.refuse(name, FieldNotAllowed)
	}
	return nil
}

// value reads the value that begins with first into a field of that kind, or past it when it does not fit.
func (r *reader) value(first jsontext.Token, k kind, into reflect.Value) (fits bool, err error) {
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	got := first.Kind()
	switch {
	case k == text && got == '"':
		into.SetString(first.String())
		return true, nil
	case k == truth && (got == 't' || got == 'f'):
		into.SetBool(first.Bool())
		return true, nil
	case k == integer && got == '0':
		n, err := strconv.ParseInt(first.String(), 10, 64)
		into.SetInt(n)
		return err == nil, nil
	case k == texts && got == '[':
		return r.texts(into)
	case k == textMap && got == '{':
		return r.textMap(into)
	default:
		return false, r.skip(first)
	}
}

func (r *reader) texts(into reflect.Value) (fits bool, err error) {
	all := []string{}
	fits = true
	for {
		token, err := r.next()
		if err != nil {
			return false, err
		}
		switch token.Kind() {
		case ']':
			into.Set(reflect.ValueOf(all))
			return fits, nil
		case '"':
			all = append(all, token.String())
		default:
			fits = false
			if err := r.skip(token); err != nil {
				return false, err
			}
		}
	}
}

func (r *reader) textMap(into reflect.Value) (fits bool, err error) {
	all := map[string]string{}
	fits = true
	for {
		token, err := r.next()
		if err != nil {
			return false, err
		}
		if token.Kind() == '}' {
			into.Set(reflect.ValueOf(all))
			return fits, nil
		}
		name := token.String() // a token does not outlive the next one
		if token, err = r.next(); err != nil {
			return false, err
		}
		if token.Kind() == '"' {
			all[name] = token.String()
			continue
		}
		fits = false
		if err := r.skip(token); err != nil {
			return false, err
		}
	}
}

// mixed reads strings and booleans by names that only somebody else knows. What is neither is told by its own name, as far as there is room.
func (r *reader) mixed(under string, into reflect.Value) error {
	all := map[string]any{}
	for {
		token, err := r.next()
		if err != nil {
			return err
		}
		if token.Kind() == '}' {
			into.Set(reflect.ValueOf(all))
			return nil
		}
		name := token.String() // a token does not outlive the next one
		if token, err = r.next(); err != nil {
			return err
		}
		switch token.Kind() {
		case '"':
			all[name] = token.String()
			continue
		case 't', 'f':
			all[name] = token.Bool()
			continue
		}
		if r.unknown++; r.unknown <= maxUnknown {
			r.refuse(under+"."+name, FieldInvalidValue)
		}
		if err := r.skip(token); err != nil {
			return err
		}
	}
}

// skip reads to the end of the value that begins with first, and so sees whether it is well-formed.
func (r *reader) skip(first jsontext.Token) error {
	for open := 0; ; {
		switch first.Kind() {
		case '{', '[':
			open++
		case '}', ']':
			open--
		}
		if open == 0 {
			return nil
		}
		var err error
		if first, err = r.next(); err != nil {
			return err
		}
	}
}
