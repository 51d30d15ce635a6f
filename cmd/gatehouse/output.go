package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// say writes one line for people.
func (a *app) say(format string, args ...any) error {
	_, err := fmt.Fprintf(a.out, format+"\n", args...)
	return err
}

// object writes one line for programs.
func (a *app) object(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table writes rows in columns.
func table(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		if _, err := fmt.Fprintln(t, strings.TrimRight(strings.Join(cells, "\t"), "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}

// printable keeps what strangers may have typed from steering the operator's terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// dashed is words with commas, or a dash.
func dashed(words ...string) string {
	if text := strings.Join(words, ", "); text != "" {
		return text
	}
	return "-"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// explain says an error. A refusal is told in the words that people get on the pages, with what is wrong with each thing that was given.
func explain(err error) string {
	if errors.Is(err, store.ErrUnavailable) {
		return "the database cannot be used: " + oneLine(err) + "; check --database, and that it runs and has room"
	}
	if wrong, ok := errors.AsType[*config.Problems](err); ok {
		return wrong.Error() // a line for each
	}
	fault, ok := errors.AsType[*message.Fault](err)
	if !ok {
		return oneLine(err)
	}
	texts, broken := message.Load()
	if broken != nil {
		return oneLine(err)
	}
	p := texts.Problem(fault, message.Fallback, "", "")
	return refused(p)
}

// refused is a refusal in words. One thing that is wrong is one sentence; several, and all that is said of a password, have a line each.
func refused(p message.Problem) string {
	var wrong []string
	aboutPassword := false
	for _, f := range p.Fields {
		wrong = append(wrong, f.Name+": "+f.Message)
		aboutPassword = aboutPassword || f.Name == "password"
	}
	switch {
	case len(wrong) == 0:
		return p.Detail
	case len(wrong) == 1 && !aboutPassword:
		return wrong[0]
	}
	next := "Put that right and run the same command again."
	if aboutPassword {
		next = "Run the same command again with another password; three or four unrelated words work well."
	}
	return "nothing was changed, because this cannot be accepted:\n  " + strings.Join(wrong, "\n  ") + "\n" + next
}

// oneLine is an error without line ends, without what it says twice, and without the name of our own layer.
func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		line = printable(strings.TrimSpace(line))
		if line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.TrimPrefix(strings.Join(lines, " "), store.ErrUnavailable.Error()+": ")
}
