package message

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a file of texts may be. A whole language has some hundred texts, and with the English above each as a comment a tenth of that.
const (
	maxFile  = 512 << 10
	maxLines = 10_000
)

// line is «key: text», and where it stands.
type line struct {
	number    int
	key, text string
}

// Slip is one thing that is wrong with a file of texts.
type Slip struct {
	File    string
	Line    int // 0: the file as a whole
	Message string
}

// Source is where it is: messages/fr.yaml:12.
func (s Slip) Source() string {
	if s.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// readLines reads a file of texts: «key: text» lines, comments and empty lines. It is YAML, but so little of it that each line stands for itself:
// all mistakes are found at once, each where it is, in a time that grows with the length alone, and no text can turn into a number, a list or an alias.
// What is read here means the same to every reader of YAML.
func readLines(data []byte) (lines []line, wrong []line) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(data) > maxFile || bytes.Count(data, []byte("\n")) > maxLines {
		return nil, []line{{1, "", fmt.Sprintf("the file is longer than %d KiB or %d lines", maxFile>>10, maxLines)}}
	}
	number, seen := 0, map[string]int{}
	for one := range strings.Lines(string(data)) {
		number++
		one = strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(one, "\n"), "\r"), " ")
		if why := unreadable(one); why != "" {
			wrong = append(wrong, line{number, "", why})
			continue
		}
		if one == "" || one[0] == '#' {
			continue
		}
		key, text, why := readLine(one)
		switch {
		case why != "":
			wrong = append(wrong, line{number, "", why})
		case seen[key] > 0:
			wrong = append(wrong, line{number, "", fmt.Sprintf("%s stands in line %d already; keep one of the two", key, seen[key])})
		default:
			lines = append(lines, line{number, key, text})
			seen[key] = number
		}
	}
	return lines, wrong
}

// unreadable says why a line can't be read as text.
func unreadable(one string) string {
	const longest = 8 << 10 // far more than the longest text takes
	switch {
	case len(one) > longest:
		return "the line is far longer than a text may be"
	case !utf8.ValidString(one):
		return "the line is not UTF-8"
	case strings.ContainsFunc(one, control):
		return "there is a control character in the line; for a tab write spaces"
	}
	return ""
}

var keyShape = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)

const shape = "write one text on each line, like page.login.title: \"Welcome back\""

func readLine(one string) (key, text, wrong string) {
	key, text, found := strings.Cut(one, ":")
	if !found || !keyShape.MatchString(key) || text != "" && text[0] != ' ' {
		return "", "", "this is no text; " + shape
	}
	text = strings.TrimLeft(text, " ")
	switch {
	case text == "" || text[0] == '#':
		return key, "", key + " is empty; leave the key out, and our text is shown"
	case text[0] == '"':
		text, wrong = doubleQuoted(text)
	case text[0] == '\'':
		text, wrong = singleQuoted(text)
	default:
		text, wrong = plain(text)
	}
	if wrong != "" {
		return key, "", key + ": " + wrong
	}
	return key, text, ""
}

// doubleQuoted reads a text in double quotes; in it stand \" for a quote and \\ for a backslash.
func doubleQuoted(quoted string) (text, wrong string) {
	var b strings.Builder
	for i := 1; i < len(quoted); i++ {
		switch quoted[i] {
		case '"':
			return b.String(), afterQuote(quoted[i+1:])
		case '\\':
			if i++; i == len(quoted) || quoted[i] != '"' && quoted[i] != '\\' {
				return "", `a backslash is written \\ and a quote \"; other characters stand for themselves`
			}
		}
		b.WriteByte(quoted[i])
	}
	return "", "the quote at the beginning has none at the end of the line"
}

// singleQuoted reads a text in single quotes; in it two of them stand for one.
func singleQuoted(quoted string) (text, wrong string) {
	var b strings.Builder
	for i := 1; i < len(quoted); i++ {
		if quoted[i] == '\'' {
			if !strings.HasPrefix(quoted[i+1:], "'") {
				return b.String(), afterQuote(quoted[i+1:])
			}
			i++
		}
		b.WriteByte(quoted[i])
	}
	return "", "the quote at the beginning has none at the end of the line"
}

// afterQuote refuses what follows a text, but for a comment.
func afterQuote(rest string) string {
	if comment := strings.TrimLeft(rest, " "); comment != "" && (comment[0] != '#' || comment == rest) {
		return "there is something behind the closing quote"
	}
	return ""
}

// words are what YAML takes for something else than text.
var words = []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}

// plain reads a text without quotes, where every reader of YAML takes it as it stands.
func plain(text string) (_, wrong string) {
	first, _ := utf8.DecodeRuneInString(text)
	if !unicode.IsLetter(first) || slices.Contains(words, strings.ToLower(text)) || strings.Contains(text, ": ") || strings.Contains(text, " #") || strings.HasSuffix(text, ":") {
		return "", "put this text into double quotes"
	}
	return text, ""
}
