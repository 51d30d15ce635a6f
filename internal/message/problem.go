package message

import (
	"maps"
	"time"
)

// Problem is a fault as a client gets it: the members of RFC 9457 and ours. Pages show the same.
type Problem struct {
	Type       string         `json:"type"`
	Title      string         `json:"title"`
	Status     int            `json:"status"`
	Detail     string         `json:"detail"`
	Code       Code           `json:"code"`
	Hint       string         `json:"hint,omitempty"`
	Fields     []FieldProblem `json:"fields,omitempty"`
	RetryAfter int            `json:"retry_after,omitempty"` // seconds
	Methods    []string       `json:"methods,omitempty"`
	MaxAge     int            `json:"max_age,omitempty"` // seconds
	Reference  string         `json:"reference"`
	RequestID  string         `json:"request_id"`
}

// FieldProblem is what is wrong with one field.
type FieldProblem struct {
	Name       string `json:"name"`
	Code       string `json:"code"`
	Message    string `json:"message"`
	Suggestion string `json:"suggestion,omitempty"` // what may have been meant, to be offered with one click
}

// Problem says a fault in a language. Nothing that is for the record gets into it: two faults of one code, hint and wait are the same in
// every byte but for reference and request id.
func (c *Catalog) Problem(f *Fault, lang, reference, requestID string) Problem {
	p := Problem{
		Type: "urn:gatehouse:error:" + string(f.Code), Status: f.Status(), Code: f.Code, Hint: f.Hint,
		RetryAfter: wholeSeconds(f.RetryAfter), Methods: f.Methods, MaxAge: wholeSeconds(f.MaxAge),
		Reference: reference, RequestID: requestID,
	}
	base := "error." + string(f.Code)
	args := maps.Clone(f.Args)
	if args == nil {
		args = map[string]any{}
	}
	// Where no time is known, «in a second» is the honest least.
	args["wait"], args["reference"] = max(f.RetryAfter, time.Second), reference
	p.Title = c.Text(lang, base+".title", args)
	p.Detail = c.closest(lang, c.finest(base, ".detail", f.Hint, f.Reason), args)
	for _, field := range f.Fields {
		args := maps.Clone(field.Args)
		if field.Suggestion != "" {
			args = map[string]any{"suggestion": field.Suggestion}
		}
		key := c.finest("field."+field.Code, "", field.Reason)
		p.Fields = append(p.Fields, FieldProblem{field.Name, field.Code, c.closest(lang, key, args), field.Suggestion})
	}
	return p
}

// finest is the key of the text that says it most exactly: base.hint.reason, base.hint or base.reason, else the plain one.
func (c *Catalog) finest(base, plain string, finer ...string) string {
	key := base
	for _, word := range finer {
		if word != "" && c.Has(Fallback, key+"."+word) {
			key += "." + word
		}
	}
	if key == base {
		return base + plain
	}
	return key
}

// Past says a length of time that has passed, for a text like «expired {ago} ago»: rounded down, because a span is rounded up.
func Past(d time.Duration) time.Duration {
	switch {
	case d >= 48*time.Hour:
		return d.Truncate(24 * time.Hour)
	case d >= 2*time.Hour:
		return d.Truncate(time.Hour)
	case d >= time.Minute:
		return d.Truncate(time.Minute)
	}
	return max(d.Truncate(time.Second), time.Second)
}

// wholeSeconds rounds up: who comes back at the second that was told must not be too early.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
