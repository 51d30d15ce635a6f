package store

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The database has addresses, names and hashes in it, and the log beside it has all that was written last.
func TestFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	for range 2 {
		s := fresh(t, sqliteEngine)
		for round := range 2 { // the files beside the database go and come again
			addUsers(t, s, name("u", round))
			all, err := filepath.Glob(s.Path() + "*")
			if err != nil || len(all) < 4 {
				t.Fatalf("beside the database: %v, %v", all, err)
			}
			for _, file := range all {
				info, err := os.Stat(file)
				if err != nil {
					t.Fatal(err)
				}
				if info.Mode().Perm() != 0o600 {
					t.Errorf("round %d: %s has mode %v", round, filepath.Base(file), info.Mode())
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, "sqlite:"+s.Path(), Options{Server: true})
		}
	}
}

func TestAFileThatIsThereKeepsItsMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	if err := os.WriteFile(path, nil, 0o660); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o660); err != nil { // whatever the umask made of it
		t.Fatal(err)
	}
	open(t, "sqlite:"+path, Options{})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v: the operator may have shared it with a group", info.Mode(), err)
	}
}

// N-217: two servers on one file would each cache sessions and budgets of their own.
func TestASecondServerIsRefused(t *testing.T) {
	t.Parallel()
	first := fresh(t, sqliteEngine)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(first.Path(), link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{first.Path(), link} {
		s, err := Open(t.Context(), "sqlite:"+path, Options{Server: true})
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "another Gatehouse server is already running on "+first.Path()) {
			t.Errorf("a second server on %s: %v", path, err)
		}
	}
	command := open(t, "sqlite:"+first.Path(), Options{}) // a command may write beside it
	addUsers(t, command, "u1")
	same(t, read(t, first, byID("u1")).ID, "u1")
	addUsers(t, first, "u2")
	same(t, read(t, command, byID("u2")).ID, "u2")

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, "sqlite:"+first.Path(), Options{Server: true})
	same(t, read(t, second, byID("u1")).ID, "u1")
}

// The lock of a server that was killed is free at once.
func TestAKilledServerLeavesNoLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	if p := os.Getenv("GATEHOUSE_TEST_HOLD"); p != "" {
		if _, err := Open(context.Background(), "sqlite:"+p, Options{Server: true}); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("held\n")
		time.Sleep(time.Minute)
		return
	}
	other := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	other.Env = append(os.Environ(), "GATEHOUSE_TEST_HOLD="+path)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 5)
	_, _ = out.Read(said)
	_, err = Open(t.Context(), "sqlite:"+path, Options{Server: true})
	if string(said) != "held\n" || err == nil || !strings.Contains(err.Error(), "already running") {
		t.Errorf("beside another process that says %q: %v", said, err)
	}
	_ = other.Process.Kill()
	_ = other.Wait()
	open(t, "sqlite:"+path, Options{Server: true})
}

func TestAPathThatCannotBeUsedIsSaidClearly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("this is not a database, whatever it is called; and it is long enough to be read as one: "+strings.Repeat("x", 4096)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "blocked.db-shm"), 0o700); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ dsn, says string }{
		"nothing":                      {"sqlite:", "the database path is empty"},
		"a directory":                  {"sqlite:" + dir, "the database file cannot be opened"},
		"in a folder that isn't there": {"sqlite:" + filepath.Join(dir, "no", "a.db"), "the folder of the database cannot be used"},
		"in a file":                    {"sqlite:" + filepath.Join(file, "a.db"), "the database file cannot be opened"},
		"where nobody may write":       {"sqlite:/sys/gatehouse.db", "the database file cannot be opened"},
		"no room for shared memory":    {"sqlite:" + filepath.Join(dir, "blocked.db"), "the files beside the database cannot be opened"},
		"not a database":               {"sqlite:" + file, "file is not a SQLite database; name another file"},
		"another engine":               {"mysql://localhost/x", "sqlite:PATH or postgres://"},
	} {
		for _, server := range []bool{false, true} {
			s, err := Open(t.Context(), c.dsn, Options{Server: server})
			if err == nil {
				_ = s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	if _, err := os.Stat(dir + ".lock"); err == nil {
		t.Error("a lock was left beside a directory")
	}
	if text, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(text), "this is not a database") {
		t.Errorf("the file that is no database was changed: %v", err)
	}
}

// A path is a path, whatever a URL would make of it.
func TestPathsAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"with space.db", "50%.db", "a?mode=memory", "a#b.db", "ü&x=1.db", "%41.db"} {
		dir := t.TempDir()
		s := open(t, "sqlite:"+filepath.Join(dir, file), Options{Server: true})
		if err := s.Migrate(t.Context()); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		addUsers(t, s, "u1")
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: the file is not there: %v", file, err)
		}
		for _, other := range []string{"a", "A.db", "50", "ü"} {
			if _, err := os.Stat(filepath.Join(dir, other)); err == nil {
				t.Errorf("%s: wrote to %s", file, other)
			}
		}
	}
}

func TestEveryWriteIsSynced(t *testing.T) {
	t.Parallel()
	s := fresh(t, sqliteEngine)
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
		var got string
		if err := s.writer.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s of the writer is %q, want %q (%v)", pragma, got, want, err)
		}
	}
}

// Whoever holds the file longer than we wait makes us answer 503, and nothing is half done; whoever lets go in time is waited for (N-217).
func TestAForeignWriterIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := fresh(t, sqliteEngine)
	other, err := s.migrator()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	hold, err := other.BeginTx(t.Context(), nil) // BEGIN IMMEDIATE
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan error)
	go func() {
		answer <- try(t, s, func(ctx context.Context, tx *Tx) error { return note(ctx, tx, "waited") })
	}()
	same(t, notes(t, s), map[string]bool{}) // reading goes on
	if err := hold.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Errorf("after the other let go: %v", err)
	}
	if hold, err = other.BeginTx(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	refused(t, s, ErrUnavailable, func(ctx context.Context, tx *Tx) error { return note(ctx, tx, "in vain") })
	if err := hold.Rollback(); err != nil {
		t.Fatal(err)
	}
	must(t, s, func(ctx context.Context, tx *Tx) error { return note(ctx, tx, "again") })
	same(t, notes(t, s), map[string]bool{"waited": true, "again": true})
}
