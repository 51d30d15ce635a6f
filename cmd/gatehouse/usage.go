package main

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// usageError is a mistake in how the program was called: exit status 2.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// see is a mistake in how a command was called, with where to read on.
func see(command, text string) error {
	if !strings.HasSuffix(text, "?") {
		text += "."
	}
	return usage("%s See %s --help.", text, command)
}

// misused says what is wrong with the command line. The parser's own sentences are for people who write parsers, so this takes from it what it
// had understood when it stopped, and says the rest itself. What was typed is said again only where it can be no secret: a password gets into
// the wrong place easily, and from there into a log.
func misused(err error) error {
	parse, ok := errors.AsType[*kong.ParseError](err)
	if !ok || parse.Context == nil {
		return usage("%s", oneLine(err))
	}
	c := parse.Context
	command, text := cmp.Or(c.Selected(), c.Model.Node), ""
	switch wrong, isValue := errors.AsType[valueError](err); {
	case isValue:
		text = wrong.text
	case c.Error == nil: // all of it was understood, but something is not there
		text = missing(command)
	default:
		text = unexpected(c, command, suggested(err))
	}
	return see(command.FullPath(), cmp.Or(text, oneLine(err)))
}

// suggested is what the parser believes to be meant: «; did you mean …?», or nothing.
func suggested(err error) string {
	_, guess, found := strings.Cut(err.Error(), "did you mean ")
	if !found {
		return ""
	}
	return "; did you mean " + strings.NewReplacer("one of ", "", `"`, "", ", ", " or ").Replace(guess)
}

// missing says what a command needs beside what it was given.
func missing(command *kong.Node) string {
	if len(command.Children) > 0 {
		return "say what to do: " + strings.Join(names(command.Children), ", ")
	}
	var lacking, about []string
	whole := command.FullPath()
	for _, p := range command.Positional {
		if whole += " " + p.Name; !p.Set {
			lacking, about = append(lacking, p.Name), append(about, p.Help)
		}
	}
	for _, f := range command.Flags {
		if !f.Required {
			continue
		}
		if whole += " --" + f.Name + " " + placeholderOf(f); !f.Set {
			lacking, about = append(lacking, "--"+f.Name), append(about, f.Help)
		}
	}
	if len(lacking) == 0 {
		return ""
	}
	first, _, _ := strings.Cut(strings.TrimSuffix(about[0], "."), ". ")
	return fmt.Sprintf("%s is missing; write %s (%s)", lacking[0], whole, strings.ToLower(first[:1])+first[1:])
}

// unexpected says what is wrong with the word that the parser stopped at.
func unexpected(c *kong.Context, command *kong.Node, guess string) string {
	last := c.Path[len(c.Path)-1]
	rest := last.Remainder()
	switch {
	case len(rest) == 0:
		return ""
	case rest[0] == "--" && len(rest) > 1: // from there on there are no flags
		return unexpectedWord(last.Flag, command, rest[1], guess)
	case strings.HasPrefix(rest[0], "-") && rest[0] != "-":
		return unknownFlag(c.Model.Node, command, rest[0], guess)
	}
	return unexpectedWord(last.Flag, command, rest[0], guess)
}

var (
	plainWord = regexp.MustCompile(`^[A-Za-z][A-Za-z-]{0,30}$`)
	plainFlag = regexp.MustCompile(`^--[A-Za-z0-9][A-Za-z0-9_-]{0,30}$`)
)

// unknownFlag is about a flag that the command does not have.
func unknownFlag(root, command *kong.Node, typed, guess string) string {
	name, _, _ := strings.Cut(typed, "=") // what follows may be a secret
	if !strings.HasPrefix(name, "--") {
		if flagOf(command, name[1:]) != nil {
			return "flags begin with two dashes: -" + name
		}
		return "there is no flag " + printable(string([]rune(name)[:2])) + "; flags are written out, with two dashes"
	}
	if !plainFlag.MatchString(name) {
		return "one of the flags is not known; a value that begins with a dash is written --FLAG=VALUE"
	}
	owner := ownerOf(command, name[2:])
	if owner != nil {
		return fmt.Sprintf("%s comes after the command, as in %s %s", name, owner.FullPath(), name)
	}
	if owner = ownerOf(root, name[2:]); owner != nil {
		text := fmt.Sprintf("%s is a flag of %s, not of %s", name, owner.FullPath(), command.FullPath())
		all := config.Settings()
		if i := slices.IndexFunc(all, func(s config.Setting) bool { return s.Name == name[2:] }); i >= 0 {
			text += fmt.Sprintf("; set %s, or %s in %s, for all of them", all[i].Env(), all[i].Key(), config.DefaultFile)
		}
		return text
	}
	return "there is no flag " + name + guess
}

// ownerOf finds a command below another that has a flag.
func ownerOf(above *kong.Node, name string) *kong.Node {
	all := above.Leaves(true)
	i := slices.IndexFunc(all, func(n *kong.Node) bool {
		return slices.ContainsFunc(n.Flags, func(f *kong.Flag) bool { return f.Name == name })
	})
	if i < 0 {
		return nil
	}
	return all[i]
}

// flagOf finds a flag that a command takes.
func flagOf(command *kong.Node, name string) *kong.Flag {
	for _, group := range command.AllFlags(true) {
		for _, f := range group {
			if f.Name == name {
				return f
			}
		}
	}
	return nil
}

// unexpectedWord is about a word that is no command where one was awaited, or one argument too many. The flag is the one before it, if any.
func unexpectedWord(before *kong.Flag, command *kong.Node, word, guess string) string {
	_, yesOrNo := truth(word)
	if before != nil && before.IsBool() && yesOrNo {
		return fmt.Sprintf("--%s stands alone; a value for it goes behind an equals sign, like --%s=false", before.Name, before.Name)
	}
	if len(command.Children) > 0 {
		text := "there is no such command"
		if plainWord.MatchString(word) {
			text = "there is no command «" + word + "»"
		}
		if command.Parent != nil {
			text += " in " + command.FullPath()
		}
		return text + cmp.Or(guess, "; you may write "+strings.Join(names(command.Children), ", "))
	}
	text := "«" + command.Path() + "» takes no arguments"
	if len(command.Positional) > 0 {
		text = "«" + command.Path() + "» takes one argument, " + command.Positional[0].Name
	}
	switch i := slices.IndexFunc(command.Flags, func(f *kong.Flag) bool { return !f.IsBool() }); {
	case before != nil && !before.IsBool():
		text += "; a value with spaces needs quotes, like --" + before.Name + ` "one two"`
	case flagOf(command, passwordStdin) != nil && (before != nil || len(command.Positional) > 0):
		text += "; a password is never an argument but asked for, or read with --" + passwordStdin
	case i >= 0:
		text += "; the rest is given with flags, like --" + command.Flags[i].Name + " " + placeholderOf(command.Flags[i])
	}
	return text
}

// twice refuses flags that take one value and were given several times: of two addresses one would be left out without a word. The flags of
// settings are another thing: a script has its own and adds what it was given, so the last one holds.
func twice(chosen *kong.Context) error {
	seen := map[string]bool{}
	for _, p := range chosen.Path {
		if p.Flag == nil || p.Flag.Target.Kind() != reflect.String {
			continue
		}
		if seen[p.Flag.Name] {
			return see(chosen.Selected().FullPath(), fmt.Sprintf("--%s is given twice; give it once", p.Flag.Name))
		}
		seen[p.Flag.Name] = true
	}
	return nil
}

func names(nodes []*kong.Node) (all []string) {
	for _, n := range nodes {
		all = append(all, n.Name)
	}
	return all
}

// placeholderOf stands for a flag's value: ADDRESS.
func placeholderOf(f *kong.Flag) string {
	text, _, _ := strings.Cut(f.FormatPlaceHolder(), ",")
	return text
}

// passwordStdin is the flag by which a password is given, instead of as a value that others see.
const passwordStdin = "password-stdin"

// valueError is a flag whose value is wrong or not there. It never contains the value.
type valueError struct{ text string }

func (e valueError) Error() string { return e.text }

// valueOf reads the value of a flag or argument.
func valueOf(ctx *kong.DecodeContext) (text string, err error) {
	token := ctx.Scan.Peek()
	if err = ctx.Scan.PopValueInto("value", &text); err == nil || ctx.Value.Flag == nil {
		return text, err
	}
	name, placeholder := ctx.Value.Flag.Name, placeholderOf(ctx.Value.Flag)
	wrong := fmt.Sprintf("--%s needs a value: write --%s %s", name, name, placeholder)
	if !token.IsEOL() {
		wrong += fmt.Sprintf(", or --%s=%s if it begins with a dash", name, placeholder)
	}
	return "", valueError{wrong}
}

// oneWord reads a text.
func oneWord(ctx *kong.DecodeContext, target reflect.Value) error {
	text, err := valueOf(ctx)
	target.SetString(text)
	return err
}

// severalWords reads all arguments that are left, or adds what a flag was given, with commas between, to what it was given before.
func severalWords(ctx *kong.DecodeContext, target reflect.Value) error {
	var all []string
	if ctx.Value.Flag == nil {
		for ctx.Scan.Peek().IsValue() {
			all = append(all, ctx.Scan.Pop().String())
		}
	} else {
		text, err := valueOf(ctx)
		if err != nil {
			return err
		}
		all = kong.SplitEscaped(text, ctx.Value.Tag.Sep)
	}
	target.Set(reflect.AppendSlice(target, reflect.ValueOf(all)))
	return nil
}

// onOff reads a flag that stands alone.
type onOff struct{}

// IsBool lets the flag stand alone.
func (onOff) IsBool() bool { return true }

// Decode takes what follows the equals sign, if there is one.
func (onOff) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	target.SetBool(true)
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	on, known := truth(ctx.Scan.Pop().String())
	if !known {
		name := ctx.Value.Name
		text := fmt.Sprintf("--%s stands alone, or is --%s=true or --%s=false", name, name, name)
		if name == passwordStdin {
			text += "; the password itself belongs on the first line of stdin"
		}
		return valueError{text}
	}
	target.SetBool(on)
	return nil
}

// truth reads yes or no in any of its usual spellings.
func truth(word string) (on, known bool) {
	switch strings.ToLower(word) {
	case "true", "yes", "on", "1":
		return true, true
	case "false", "no", "off", "0":
		return false, true
	}
	return false, false
}

// asUsual understands what people try with any program: «help», --version, and nothing at all.
func asUsual(args []string) []string {
	args = slices.Clone(args)
	if len(args) == 0 {
		return []string{"--help"}
	}
	if args[0] == "help" {
		return append(args[1:], "--help")
	}
	for i, arg := range args {
		if arg == "--version" {
			args[i] = "version"
		}
		if !strings.HasPrefix(arg, "-") || arg == "--version" {
			break
		}
	}
	return args
}
