package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

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
	Reference referenceCmd `cmd:"" help:"Tell exactly why something was refused, by the reference code that the person was shown."`
	Doctor    doctorCmd    `cmd:"" help:"Check that everything is safe and works, and say how to fix what is not."`
	Messages  messagesCmd  `cmd:"" help:"List, check and begin the texts that people read, in any language."`
	Theme     themeCmd     `cmd:"" help:"Begin a theme, and look at all pages with it."`
	Version   versionCmd   `cmd:"" help:"Tell the version, and the commit that it was built from."`
}

// errTold is a failure of which everything was said already.
var errTold = errors.New("told already")

// run does what the command line says and returns the exit status.
func run(a *app) int {
	tree := newCommands()
	parser, err := newParser(tree, kong.Writers(a.out, a.err))
	if err != nil {
		return a.fail(err)
	}
	args, unknown := setAside(asUsual(a.args))
	chosen, err := parser.Parse(args)
	if err != nil {
		return a.fail(misused(err))
	}
	if err := twice(chosen); err != nil {
		return a.fail(err)
	}
	a.json, a.given = tree.JSON, unknown
	for name, value := range givenTo(chosen) {
		a.given[name] = value
	}
	chosen.Bind(a)
	chosen.BindTo(context.Background(), (*context.Context)(nil))
	return a.fail(chosen.Run())
}

const description = `Gatehouse is the login backend for any website. It needs no configuration to start with:

    gatehouse serve                                   start the server, and open the URL that it prints
    gatehouse admin create --email you@example.com    make the first administrator
    gatehouse doctor                                  check that all is safe before others use it

Every setting is a flag of "serve", an environment variable (GATEHOUSE_SESSION_IDLE for --session-idle) and a key of gatehouse.yaml.`

// newParser makes a parser that reads values in our way, so that what is wrong with one is said in our words.
func newParser(tree *commands, more ...kong.Option) (*kong.Kong, error) {
	parser, err := kong.New(tree, append([]kong.Option{
		kong.Name("gatehouse"), kong.Description(description), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.ExplicitGroups(groups()), kong.KindMapper(reflect.Bool, onOff{}), kong.KindMapper(reflect.String, kong.MapperFunc(oneWord)),
		kong.TypeMapper(reflect.TypeFor[[]string](), kong.MapperFunc(severalWords)),
	}, more...)...)
	if err == nil {
		parser.Model.HelpFlag.Help = "Show this help."
	}
	return parser, err
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
