package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/gatehouse-auth/gatehouse/internal/config"
)

func main() {
	os.Exit(run(&app{args: os.Args[1:], environ: os.Environ(), in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// The exit statuses of the contract.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// app is one run of the program: what it was called with, and where its output goes.
type app struct {
	args    []string
	environ []string
	in      *os.File
	out     io.Writer
	err     io.Writer

	given map[string]string // settings that were given as flags
	json  bool
}

// commands is the tree of all commands; its tags are their names and help.
type commands struct {
	JSON bool `help:"Machine-readable output: one JSON object on each line."`
	kong.Plugins

	Serve     serveCmd     `cmd:"" help:"Start the server."`
	Migrate   migrateCmd   `cmd:"" help:"Look at the database's schema, or change it."`
	User      userCmd      `cmd:"" help:"Make, list and change users."`
	Admin     adminCmd     `cmd:"" help:"Make administrators."`
	Role      roleCmd      `cmd:"" help:"Make, list and delete roles."`
	Reference referenceCmd `cmd:"" help:"Tell the exact cause behind a reference code that somebody was shown."`
	Doctor    doctorCmd    `cmd:"" help:"Check that everything is safe and works, and say how to mend what is not."`
	Version   versionCmd   `cmd:"" help:"Tell the version."`
}

// usageError is a mistake in how the program was called: exit status 2.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// errTold is a failure of which everything was said already.
var errTold = errors.New("told already")

// run does what the command line says and returns the exit status.
func run(a *app) int {
	tree := newCommands()
	parser, err := kong.New(tree, kong.Name("gatehouse"), kong.Description(description), kong.Writers(a.out, a.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}), kong.ExplicitGroups(groups()))
	if err != nil {
		return a.fail(err)
	}
	args, unknown := setAside(a.args)
	if len(args) == 0 {
		args = []string{"--help"}
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return a.fail(misused(err))
	}
	a.json, a.given = tree.JSON, unknown
	for name, value := range givenTo(chosen) {
		a.given[name] = value
	}
	chosen.Bind(a)
	chosen.BindTo(context.Background(), (*context.Context)(nil))
	return a.fail(chosen.Run())
}

const description = `Gatehouse is the login backend for any website. Start it with "gatehouse serve": it needs no configuration.

Every setting is a flag of "serve", an environment variable (GATEHOUSE_SESSION_IDLE for --session-idle) and a key of gatehouse.yaml.`

// misused makes a sentence of what the parser says, with where to read on.
func misused(err error) error {
	command, text := "gatehouse", strings.TrimRight(err.Error(), ".")
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context != nil {
		if selected := parse.Context.Selected(); selected != nil {
			command = selected.FullPath()
			if len(selected.Children) > 0 && strings.HasPrefix(text, "expected one of") { // the parser's own list is cut short
				text = "say what to do: " + strings.Join(names(selected.Children), ", ")
			}
		}
	}
	return usage("%s (see `%s --help`)", text, command)
}

func names(nodes []*kong.Node) (all []string) {
	for _, n := range nodes {
		all = append(all, n.Name)
	}
	return all
}

// fail says what went wrong and returns the exit status.
func (a *app) fail(err error) int {
	if err == nil {
		return exitDone
	}
	if !errors.Is(err, errTold) {
		fmt.Fprintln(a.err, "gatehouse: "+explain(err)) //nolint:errcheck // there is nowhere left to say it
	}
	_, misused := errors.AsType[usageError](err)
	_, misconfigured := errors.AsType[*config.Problems](err)
	if misused || misconfigured {
		return exitUsage
	}
	return exitFailed
}
