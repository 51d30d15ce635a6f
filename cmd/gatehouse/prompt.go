package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// longestLine is more than any password that is allowed takes.
const longestLine = 8 << 10

// newPassword asks for a new password, twice, or reads it from the first line of stdin. It is never an argument: others see those.
func (a *app) newPassword(fromStdin bool) (string, error) {
	if fromStdin {
		line, err := a.line()
		if err == nil && line == "" {
			err = usage("there is no password on stdin; write it on the first line")
		}
		return line, err
	}
	if !a.terminal() {
		return "", usage("there is no terminal to ask for the password on; give it on stdin with --password-stdin")
	}
	first, err := a.hidden("New password: ")
	if err != nil {
		return "", err
	}
	again, err := a.hidden("Once more: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two are not the same; nothing was changed, please start again")
	}
	return first, nil
}

// confirm asks before something that cannot be undone.
func (a *app) confirm(yes bool, what string) error {
	if yes {
		return nil
	}
	if !a.terminal() {
		return usage("there is no terminal to ask on; give --yes if you are sure: %s", what)
	}
	fmt.Fprintf(a.err, "%s\nType yes to go on: ", what) //nolint:errcheck // a prompt
	answer, err := a.line()
	if err != nil {
		return err
	}
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

func (a *app) terminal() bool { return term.IsTerminal(int(a.in.Fd())) }

// line reads one line, without its end. A password may begin and end with spaces.
func (a *app) line() (string, error) {
	line, err := bufio.NewReaderSize(io.LimitReader(a.in, longestLine), longestLine).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("stdin cannot be read: %w", err)
	}
	if len(line) == longestLine && !strings.HasSuffix(line, "\n") {
		return "", usage("the line on stdin is too long")
	}
	line, _ = strings.CutSuffix(line, "\n")
	line, _ = strings.CutSuffix(line, "\r")
	return line, nil
}

// hidden reads a line that is not shown. Whoever interrupts it must get a terminal back that shows what they type.
func (a *app) hidden(prompt string) (string, error) {
	fd := int(a.in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(stopped)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-stopped:
			_ = term.Restore(fd, before)
			fmt.Fprintln(a.err) //nolint:errcheck // a line end
			os.Exit(exitFailed)
		case <-done:
		}
	}()
	fmt.Fprint(a.err, prompt) //nolint:errcheck // a prompt
	typed, err := term.ReadPassword(fd)
	fmt.Fprintln(a.err) //nolint:errcheck // the line end that was not shown
	return string(typed), err
}
