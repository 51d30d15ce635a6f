package main

import (
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this very program: the test binary becomes it when it is called gatehouse.
func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"gatehouse": main}) }

// The scripts are the documentation of the command line: each is one story with the real program, in an empty directory of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Cmds: scriptCommands(), RequireExplicitExec: true, RequireUniqueNames: true})
}

func TestScriptsOnPostgres(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/postgres", Cmds: scriptCommands(), RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("POSTGRES", dsn)
			return nil
		},
	})
}
