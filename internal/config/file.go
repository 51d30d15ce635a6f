package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What a file may be. The parser's time grows with the square of the number of tokens: 64 KiB of «[» take it 15 seconds, while 4,096 tokens
// of the worst kind take it a few hundredths of one. The largest sensible configuration has a few hundred.
const (
	maxFile   = 64 << 10
	maxTokens = 4096
)

// entry is one key of the file.
type entry struct {
	key   string
	value raw
}

// parseFile reads YAML of the one shape that there is: keys with a plain value or a list of plain values, but for the few nested ones. It looks
// at the syntax tree and never decodes, so that aliases are not expanded and a number keeps the form in which it was written. The parser's own
// messages quote the text around a mistake, which may be a secret; they are not used.
func parseFile(name string, data []byte) (entries []entry, problems []Problem) {
	fail := func(line int, message string) ([]entry, []Problem) {
		return nil, append(problems, Problem{Source: fmt.Sprintf("%s:%d", name, max(1, line)), Message: message})
	}
	if len(data) > maxFile {
		return fail(1, "the file is longer than 64 KiB")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if i := bytes.IndexFunc(data, unprintable); i >= 0 {
		return fail(1+bytes.Count(data[:i], []byte("\n")), "there is a control character, or the file is not UTF-8")
	}
	tokens := lexer.Tokenize(strings.ReplaceAll(string(data), "\r\n", "\n"))
	if len(tokens) > maxTokens {
		return fail(1, "the file has far more entries than there are settings")
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return fail(lineOf(err), "this is not YAML; write one «key: value» on each line, and put quotes around values with special characters")
	}
	for i, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		body, ok := doc.Body.(*ast.MappingNode)
		if !ok || i > 0 {
			return fail(line(doc.Body), "the file must be one list of «key: value» lines and nothing else")
		}
		for _, pair := range body.Values {
			at := fmt.Sprintf("%s:%d", name, line(pair.Key))
			key, ok := pair.Key.(*ast.StringNode)
			if !ok {
				problems = append(problems, Problem{Source: at, Message: "the name of a setting must be a plain word"})
				continue
			}
			if nestedKey(key.Value) {
				value, wrong := readTree(name, key.Value, pair.Value, maxDepth)
				problems = append(problems, wrong...)
				entries = append(entries, entry{key.Value, raw{nested: &value, source: at}})
				continue
			}
			value, wrong := readNode(pair.Value)
			if wrong != "" {
				problems = append(problems, Problem{Source: at, Message: shownKey(key.Value) + " " + wrong})
				continue
			}
			value.source = at
			entries = append(entries, entry{key.Value, value})
		}
	}
	return entries, problems
}

func unprintable(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
}

func nestedKey(key string) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return f.Nested && f.Key() == key })
}

func readNode(n ast.Node) (r raw, wrong string) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.text, wrong = readScalar(n)
		return r, wrong
	}
	r.items = []string{}
	for _, item := range list.Values {
		text, wrong := readScalar(item)
		if wrong != "" {
			return raw{}, wrong
		}
		r.items = append(r.items, text)
	}
	return r, ""
}

func readScalar(n ast.Node) (text, wrong string) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, ""
	case *ast.LiteralNode:
		return n.Value.Value, ""
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, ""
	case *ast.NullNode:
		return "", "has no value; leave the key out"
	}
	return "", "must have a plain value or a list of plain values; nested keys, anchors, aliases and tags are not read"
}

func line(n ast.Node) int { return lineOfToken(n.GetToken()) }

func lineOf(err error) int {
	if found, ok := errors.AsType[yaml.Error](err); ok {
		return lineOfToken(found.GetToken())
	}
	return 1
}

func lineOfToken(t *token.Token) int {
	if t == nil || t.Position == nil {
		return 1
	}
	return t.Position.Line
}
