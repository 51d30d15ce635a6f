package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

func TestNothingThatStrangersTypeSteersTheTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := table(&out, [][]string{{"a\x1b[31mred", "b\nc", "d\te", "Zoë «✓»"}})
	if got, want := out.String(), "a�[31mred  b�c  d�e  Zoë «✓»\n"; err != nil || got != want {
		t.Errorf("got %q, want %q; %v", got, want, err)
	}
}

func TestWhatIsWrongWithSeveralThingsHasALineEach(t *testing.T) {
	t.Parallel()
	email, short := message.Field{Name: "email", Code: "required"}, message.Field{Name: "password", Code: "password_too_short", Args: map[string]any{"min": 8}}
	for name, c := range map[string]struct {
		fields []message.Field
		want   string
	}{
		"a password": {[]message.Field{short}, "nothing was changed, because this cannot be accepted:\n  password: This is too short: at least 8 characters.\n" +
			"Run the same command again with another password; three or four unrelated words work well."},
		"no password": {[]message.Field{email, email}, "nothing was changed, because this cannot be accepted:\n  email: Please fill this in.\n  email: Please fill this in.\n" +
			"Put that right and run the same command again."},
	} {
		if got := explain(&message.Fault{Code: message.InvalidFields, Fields: c.fields}); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestErrorsAreOneSentence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"plain":                  {errors.New("no"), "no"},
		"over several lines":     {errors.New("no:\n\tthis way\n\tthis way\n\tthat way"), "no: this way that way"},
		"a store that is down":   {fmt.Errorf("%w: refused", store.ErrUnavailable), "the database cannot be used: refused; check --database, and that it runs and has room"},
		"a refusal":              {&message.Fault{Code: message.Overloaded, Cause: "secret cause"}, "Our side is busy right now; nothing was changed. Please try again in 1 second."},
		"what was typed wrongly": {&message.Fault{Code: message.InvalidFields, Fields: []message.Field{{Name: "email", Code: "required"}}}, "email: Please fill this in."},
	} {
		if got := explain(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The list goes through all users, page by page, each once.
func TestUserListGoesBeyondOnePage(t *testing.T) {
	t.Parallel()
	const users = 2*listPage + 1
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "gatehouse.db")
	makeUsers(t, dsn, users)
	var out, problems bytes.Buffer
	status := run(&app{args: []string{"user", "list", "--database", dsn}, out: &out, err: &problems})
	if status != exitDone || problems.Len() > 0 {
		t.Fatalf("status %d: %s", status, problems.String())
	}
	seen := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		if address := strings.Fields(line)[1]; seen[address] {
			t.Errorf("%s is listed twice", address)
		} else {
			seen[address] = true
		}
	}
	if !seen["ADDRESS"] || len(seen) != users+1 {
		t.Errorf("listed %d users instead of %d", len(seen)-1, users)
	}
}

func makeUsers(t *testing.T, dsn string, n int) {
	t.Helper()
	c := config.Defaults()
	c.Database = dsn
	if err := c.Finish(nil); err != nil {
		t.Fatal(err)
	}
	tools, err := server.OpenTools(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer tools.Close()
	var all sync.WaitGroup
	for worker := range 20 { // at once: they share the store's commits
		all.Go(func() {
			for i := worker; i < n; i += 20 {
				in := flow.NewUser{Email: fmt.Sprintf("user%d@example.com", i), Verified: true}
				if _, err := tools.Flow.CreateUser(context.WithoutCancel(t.Context()), in); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
