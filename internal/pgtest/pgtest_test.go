package pgtest

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func query(t *testing.T, dsn, sql string) string {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(t.Context()) }()
	var out string
	if err := c.QueryRow(t.Context(), sql).Scan(&out); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func TestEachTestHasADatabaseOfItsOwnThatGoesWithIt(t *testing.T) {
	t.Parallel()
	var first string
	t.Run("one", func(t *testing.T) {
		first = DSN(t)
		query(t, first, "CREATE TABLE mine()")
		open, err := pgx.Connect(t.Context(), first)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = open.Close(t.Context()) })
		if other := DSN(t); query(t, other, "SELECT count(*)::text FROM pg_tables WHERE tablename = 'mine'") != "0" {
			t.Error("a second database knows the first one's table")
		}
	})
	if c, err := pgx.Connect(t.Context(), first); err == nil {
		_ = c.Close(t.Context())
		t.Error("the database outlived its test")
	}
}

func TestWhatWasAcknowledgedSurvivesStopAndKillAtTheSameAddress(t *testing.T) {
	t.Parallel()
	for _, durable := range []bool{false, true} {
		s := Cluster(t, durable)
		dsn := s.DSN()
		query(t, dsn, "CREATE TABLE kept(n int)")
		for _, end := range []func(){s.Kill, s.Stop, s.Kill} {
			query(t, dsn, "INSERT INTO kept VALUES (1)")
			end()
			if c, err := pgx.Connect(t.Context(), dsn); err == nil {
				_ = c.Close(t.Context())
				t.Fatal("a server that has ended answers")
			}
			s.Start()
		}
		if got := query(t, s.DSN(), "SELECT count(*)::text FROM kept"); got != "3" || s.DSN() != dsn {
			t.Errorf("durable %v: %s of 3 rows at %s, was %s", durable, got, s.DSN(), dsn)
		}
		if got := query(t, dsn, "SELECT current_setting('fsync')"); got != map[bool]string{true: "on", false: "off"}[durable] {
			t.Errorf("durable %v: fsync = %s", durable, got)
		}
	}
}

// TestTheServerGoesWithTheProcessThatStartedIt kills a process with SIGKILL, which gives it no chance to clean up, and expects that nothing
// of its server is left.
func TestTheServerGoesWithTheProcessThatStartedIt(t *testing.T) {
	if os.Getenv("PGTEST_CHILD") != "" {
		s, err := newServer(false)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("in " + s.dir + "\n")
		select {}
	}
	t.Parallel()
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "PGTEST_CHILD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	dir, ok := strings.CutPrefix(strings.TrimSpace(line), "in ")
	if err != nil || !ok {
		t.Fatalf("the child said %q: %v", line, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there", dir)
		}
	}
}

func TestPostgreSQLRunsAsAUserThatItAccepts(t *testing.T) {
	t.Parallel()
	in, err := findInstallation()
	if err != nil {
		t.Fatal(err)
	}
	out, err := in.command("/", in.bin+"/postgres", "--version").Output()
	if err != nil || !strings.HasPrefix(string(out), "postgres (PostgreSQL) ") {
		t.Errorf("%s: %q %v", in.bin, out, err)
	}
	if (os.Getuid() == 0) != (in.user != nil) {
		t.Error("root must run PostgreSQL as another user, and nobody else can")
	}
}
