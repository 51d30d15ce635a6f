package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Some settings are more than a value or a list of values: they have keys of their own and can be set in the file or by a Go program, not by
// flags and variables. In Config they have the tag nested; loader.nested knows the function that reads each, by means of a nest.

// tree is what stands under a nested key: a plain value, a list, or keys with values of their own.
type tree struct {
	source string // file:line; empty: nothing was written
	text   string
	list   []tree   // nil unless it is a list
	keys   []branch // nil unless it is «key: value» lines
}

// branch is one «key: value» line of a tree.
type branch struct {
	key, source string
	value       tree
}

// maxDepth is how deep a tree may go: a list of fields, each with a list of options, each with a label in each language.
const maxDepth = 6

// readTree reads what stands under a key, as strictly as the rest of the file.
func readTree(file, key string, n ast.Node, depth int) (t tree, problems []Problem) {
	t.source = fmt.Sprintf("%s:%d", file, line(n))
	if depth == 0 {
		return t, []Problem{{Source: t.source, Message: shownKey(key) + " is nested too deeply"}}
	}
	switch n := n.(type) {
	case *ast.SequenceNode:
		t.list = []tree{}
		for _, item := range n.Values {
			one, more := readTree(file, key, item, depth-1)
			t.list, problems = append(t.list, one), append(problems, more...)
		}
	case *ast.MappingNode:
		t.keys = []branch{}
		problems = t.readKeys(file, n, depth)
	default:
		text, wrong := readScalar(n)
		if wrong != "" {
			return t, []Problem{{Source: t.source, Message: shownKey(key) + " " + wrong}}
		}
		t.text = text
	}
	return t, problems
}

// readKeys reads the lines of a mapping.
func (t *tree) readKeys(file string, n *ast.MappingNode, depth int) (problems []Problem) {
	before := map[string]string{}
	for _, pair := range n.Values {
		at := fmt.Sprintf("%s:%d", file, line(pair.Key))
		key, ok := pair.Key.(*ast.StringNode)
		switch {
		case !ok:
			problems = append(problems, Problem{Source: at, Message: "the name of a setting must be a plain word"})
			continue
		case before[key.Value] != "":
			problems = append(problems, Problem{Source: at, Message: shownKey(key.Value) + " is already given by " + before[key.Value] + "; keep one of the two"})
			continue
		}
		before[key.Value] = at
		value, more := readTree(file, key.Value, pair.Value, depth-1)
		t.keys, problems = append(t.keys, branch{key.Value, at, value}), append(problems, more...)
	}
	return problems
}

// nest reads a tree. What is wrong is reported with the line that it stands on.
type nest struct {
	setting  string
	problems []Problem
	places   places
}

// places are where the parts of a nested setting stand in the file, by their paths, such as 1.options.0.value: what [Config.Validate] finds
// afterwards has a line too.
type places map[string]string

// of is the place of a path, or of the nearest that it lies under.
func (p places) of(path string) string {
	for {
		if source, ok := p[path]; ok || path == "" {
			return source
		}
		path = path[:max(0, strings.LastIndexByte(path, '.'))]
	}
}

func under(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (n *nest) wrong(source, message string) {
	n.problems = append(n.problems, Problem{Setting: n.setting, Source: source, Message: message})
}

// list is the items of a list. Their paths are the list's and their number.
func (n *nest) list(path, what string, t tree) []tree {
	n.places[path] = t.source
	if t.list == nil {
		n.wrong(t.source, what+" must be a list, with a dash before each entry")
	}
	return t.list
}

// keys is what stands under each key. Only the known ones may be there; with none given, all may.
func (n *nest) keys(path, what string, t tree, known ...string) map[string]tree {
	n.places[path] = t.source
	if t.keys == nil {
		n.wrong(t.source, what+" must be «key: value» lines"+only(known))
	}
	all := map[string]tree{}
	for _, b := range t.keys {
		if len(known) > 0 && !slices.Contains(known, b.key) {
			n.wrong(b.source, what+" cannot have "+shownKey(b.key)+only(known))
			continue
		}
		all[b.key] = b.value
		n.places[under(path, b.key)] = b.source
	}
	return all
}

func only(known []string) string {
	if len(known) == 0 {
		return ""
	}
	return "; it may have " + joined(known, "and")
}

// text is a plain value; empty when there is nothing.
func (n *nest) text(what string, t tree) string {
	text := strings.TrimSpace(t.text)
	switch {
	case t.list != nil || t.keys != nil:
		n.wrong(t.source, what+" takes one value, not a list or keys")
	case t.source != "" && text == "":
		n.wrong(t.source, what+" is empty; give it a value or leave it out")
	}
	return text
}

// truth is true or false; false when there is nothing.
func (n *nest) truth(what string, t tree) (on bool) {
	if text := n.text(what, t); text != "" {
		if err := readBool(&on, text); err != nil {
			n.wrong(t.source, what+" "+quoted(text)+" "+err.Error())
		}
	}
	return on
}

// number is a whole number within limits; 0 when there is nothing.
func (n *nest) number(what string, t tree, least, most int) int {
	text := n.text(what, t)
	if text == "" {
		return 0
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < least || number > most {
		n.wrong(t.source, fmt.Sprintf("%s %s is not a number from %d to %d", what, quoted(text), least, most))
		return 0
	}
	return number
}
