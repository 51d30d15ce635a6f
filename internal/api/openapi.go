package api

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/api/wire"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/go-json-experiment/json/jsontext"
)

// Route is an endpoint and where it is.
type Route struct {
	Method   string
	Path     string // like /api/v1/sessions/{id}
	SignedIn bool   // only for who is signed in
	Endpoint Endpoint
}

// general are the faults that any call may answer with.
var general = []message.Code{
	message.Malformed, message.TooLarge, message.UnsupportedMediaType, message.InvalidFields, message.Internal, message.Unavailable,
}

// Document describes the routes as OpenAPI 3.1, in JSON. The same routes give the same bytes. It is an error when a body or an answer
// can't be described, or two routes have one place.
func Document(routes []Route, version string) ([]byte, error) {
	var shared components
	if _, err := shared.schemas.Out(reflect.TypeFor[message.Problem]()); err != nil {
		return nil, err
	}
	var paths wire.Object
	var codes []message.Code
	for _, r := range routes {
		operation, err := r.describe(&shared)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
		}
		if paths, err = place(paths, r, operation); err != nil {
			return nil, err
		}
		codes = append(codes, r.codes()...)
	}
	slices.Sort(codes)
	text, err := wire.Encode(object(
		"openapi", "3.1.0",
		"info", object(
			"title", "Gatehouse", "version", version, "description", description,
			"license", object("name", "Apache-2.0", "identifier", "Apache-2.0"),
		),
		"servers", []wire.Object{object("url", "..", "description", "relative to this document, so that it holds below a path prefix too")},
		"paths", paths,
		"components", object(
			"schemas", shared.schemas.Object(),
			"responses", shared.refusals,
			"securitySchemes", securitySchemes,
		),
		"x-problem-codes", slices.Compact(codes),
	))
	if err != nil {
		return nil, err
	}
	value := jsontext.Value(text)
	err = value.Indent(jsontext.WithIndent("  "))
	return append(value, '\n'), err
}

const description = "Bodies are one JSON object of at most 64 KiB with the members that are listed, spelled to the letter. " +
	"Whatever is refused is told as application/problem+json (RFC 9457); programs go by its code. Answers may get members that are not listed yet. " +
	"Browsers send their cookie; from another origin only with those that the site allows."

var securitySchemes = object(
	"cookie", object("type", "apiKey", "in", "cookie", "name", "__Host-gatehouse", "description", "of a browser; over plain http it is called gatehouse"),
	"bearer", object("type", "http", "scheme", "bearer", "description", "session.token of a client that signed in with transport token"),
)

// components are what many calls have in common.
type components struct {
	schemas  wire.Schemas
	refusals wire.Object // by the codes that they may carry
}

// object makes an object of names and values in turn.
func object(pairs ...any) (o wire.Object) {
	for i := 0; i < len(pairs); i += 2 {
		o = append(o, wire.Member{Name: pairs[i].(string), Value: pairs[i+1]})
	}
	return o
}

// place puts an operation among those of its path.
func place(paths wire.Object, r Route, operation wire.Object) (wire.Object, error) {
	i := slices.IndexFunc(paths, func(m wire.Member) bool { return m.Name == r.Path })
	if i < 0 {
		item := wire.Object{}
		if parameters := parameters(r.Path); parameters != nil {
			item = object("parameters", parameters)
		}
		i, paths = len(paths), append(paths, wire.Member{Name: r.Path, Value: item})
	}
	item, method := paths[i].Value.(wire.Object), strings.ToLower(r.Method)
	if slices.ContainsFunc(item, func(m wire.Member) bool { return m.Name == method }) {
		return nil, fmt.Errorf("%s %s is there twice", r.Method, r.Path)
	}
	paths[i].Value = append(item, wire.Member{Name: method, Value: operation})
	return paths, nil
}

// parameters are those in braces in the path; all of them are ids.
func parameters(path string) (all []wire.Object) {
	for _, part := range strings.Split(path, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		all = append(all, object("name", name, "in", "path", "required", true, "schema", object("type", "string", "format", "uuid")))
	}
	return all
}

func (r Route) describe(shared *components) (wire.Object, error) {
	e := r.Endpoint
	o := object("operationId", r.id(), "tags", []string{r.segments()[0]}, "summary", e.Summary)
	if e.In != nil {
		ref, err := shared.schemas.In(e.In)
		if err != nil {
			return nil, err
		}
		o = append(o, object("requestBody", object("required", requiresBody(e.In), "content", object("application/json", object("schema", ref))))...)
	}
	answers, err := r.answers(shared)
	if err != nil {
		return nil, err
	}
	schemes := []wire.Object{object("cookie", []string{}), object("bearer", []string{})}
	if !r.SignedIn { // {}: works without as well
		schemes = append([]wire.Object{{}}, schemes...)
	}
	return append(o, object("responses", answers, "security", schemes)...), nil
}

// requiresBody reports whether a body has a member that must be there.
func requiresBody(in reflect.Type) bool {
	for i := range in.NumField() {
		if in.Field(i).Tag.Get("req") != "" {
			return true
		}
	}
	return false
}

// answers are what a call answers with, by status.
func (r Route) answers(shared *components) (wire.Object, error) {
	good := []Answer{{r.Endpoint.Status, r.Endpoint.Out}}
	if r.Endpoint.Other != nil {
		good = append(good, *r.Endpoint.Other)
	}
	var all wire.Object
	for _, a := range good {
		says := object("description", http.StatusText(a.Status))
		if a.Out != nil {
			ref, err := shared.schemas.Out(a.Out)
			if err != nil {
				return nil, err
			}
			says = append(says, object("content", object("application/json", object("schema", ref)))...)
		}
		all = append(all, wire.Member{Name: strconv.Itoa(a.Status), Value: says})
	}
	byStatus := map[int][]message.Code{}
	for _, code := range r.codes() {
		status := (&message.Fault{Code: code}).Status()
		byStatus[status] = append(byStatus[status], code)
	}
	for _, status := range slices.Sorted(maps.Keys(byStatus)) { // the first to name a refusal places it
		codes := byStatus[status]
		all = append(all, wire.Member{Name: strconv.Itoa(status), Value: shared.refusal(status, codes)})
	}
	slices.SortStableFunc(all, func(a, b wire.Member) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// codes are the faults that a call may answer with.
func (r Route) codes() []message.Code {
	codes := append(slices.Clone(general), r.Endpoint.Codes...)
	if r.SignedIn {
		codes = append(codes, message.Unauthenticated)
	}
	if r.Method != http.MethodGet {
		codes = append(codes, message.CrossOrigin)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// refusal describes the problems of one status once, and returns a $ref to it.
func (c *components) refusal(status int, codes []message.Code) wire.Object {
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = camel(string(code))
	}
	name := strings.Join(names, "Or")
	ref := object("$ref", "#/components/responses/"+name)
	if slices.ContainsFunc(c.refusals, func(m wire.Member) bool { return m.Name == name }) {
		return ref
	}
	o := object("description", http.StatusText(status))
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		seconds := object("description", "seconds, the same as retry_after", "schema", object("type", "integer"))
		o = append(o, object("headers", object("Retry-After", seconds))...)
	}
	problem := object("$ref", wire.SchemaPath+"Problem", "properties", object("code", object("enum", codes)))
	o = append(o, object("content", object("application/problem+json", object("schema", problem)))...)
	c.refusals = append(c.refusals, wire.Member{Name: name, Value: o})
	return ref
}

// camel is rate_limited as RateLimited.
func camel(name string) (joined string) {
	for _, word := range strings.FieldsFunc(name, func(c rune) bool { return c == '-' || c == '_' }) {
		joined += strings.ToUpper(word[:1]) + word[1:]
	}
	return joined
}

// segments are the parts of the path behind /api/v1.
func (r Route) segments() []string {
	return strings.Split(strings.TrimPrefix(strings.TrimPrefix(r.Path, "/api/"), "v1/"), "/")
}

// id names the operation for programs that make clients: postPasswordForgot, deleteSessionsById.
func (r Route) id() string {
	id := strings.ToLower(r.Method)
	for _, s := range r.segments() {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			s = "by-" + strings.TrimSuffix(name, "}")
		}
		id += camel(s)
	}
	return id
}
