package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// A SQLite database that nothing was ever written into: asking it for its schema in the usual way would make a table.
func TestDoctorWritesNothingIntoAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out, problems bytes.Buffer
	if status := run(&app{args: []string{"doctor", "--database=sqlite:" + path}, out: &out, err: &problems}); status != exitDone {
		t.Errorf("status %d: %s%s", status, out.String(), problems.String())
	}
	if !strings.Contains(out.String(), "warning  schema: the database is not migrated") {
		t.Errorf("it does not tell that the schema is missing:\n%s", out.String())
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the doctor has changed the database")
	}
}

func TestDoctorComparesItsClockWithTheDatabaseServers(t *testing.T) {
	t.Parallel()
	c := config.Defaults()
	c.Database = pgtest.DSN(t)
	for late, state := range map[time.Duration]string{0: fine, -2 * time.Minute: unsafe, 2 * time.Minute: unsafe} {
		d := &diagnosis{config: c, now: time.Now().Add(late)}
		d.database(t.Context())
		i := slices.IndexFunc(d.findings, func(f finding) bool { return f.Check == "clock" })
		if i < 0 || d.findings[i].State != state {
			t.Errorf("%s off: %+v", late, d.findings)
		}
	}
}

func TestWhichHashesAreWeak(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  func(*config.Config)
		weak bool
	}{
		"the defaults":                   {func(*config.Config) {}, false},
		"less memory, more passes":       {func(c *config.Config) { c.Argon2Memory, c.Argon2Time = 18<<20, 5 }, true},
		"one pass":                       {func(c *config.Config) { c.Argon2Time = 1 }, true},
		"one pass over more memory":      {func(c *config.Config) { c.Argon2Memory, c.Argon2Time = 46<<20, 1 }, false},
		"bcrypt by default":              {func(c *config.Config) { c.PasswordHash = "bcrypt" }, false},
		"bcrypt with cost 10":            {func(c *config.Config) { c.PasswordHash, c.BcryptCost = "bcrypt", 10 }, false},
		"bcrypt with cost 9":             {func(c *config.Config) { c.PasswordHash, c.BcryptCost = "bcrypt", 9 }, true},
		"bcrypt is not used, so no harm": {func(c *config.Config) { c.BcryptCost = 4 }, false},
	} {
		settings := config.Defaults()
		c.set(&settings)
		if weak := weakHash(settings); (weak != "") != c.weak {
			t.Errorf("%s: %q", name, weak)
		}
	}
}
