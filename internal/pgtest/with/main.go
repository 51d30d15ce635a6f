package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
)

func main() {
	if len(os.Args) < 2 {
		fail(2, "which command? For example: go run ./internal/pgtest/with go test ./...")
	}
	dsn, err := pgtest.Shared()
	if err != nil {
		fail(1, err)
	}
	// The terminal sends Ctrl-C to the command too; the server must not end before it.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	c := exec.Command(os.Args[1], os.Args[2:]...)
	c.Env = append(os.Environ(), "GATEHOUSE_TEST_POSTGRES="+dsn)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = c.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		os.Exit(max(exit.ExitCode(), 1))
	}
	if err != nil {
		fail(1, err)
	}
}

func fail(code int, why any) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(code)
}
