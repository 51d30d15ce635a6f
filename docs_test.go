package gatehouse_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse"
)

// TestTheTourOfTheAPI runs the commands of docs/api.md, one after the other in one shell, and holds what they print against what the page shows.
func TestTheTourOfTheAPI(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the tour needs %s: install it", tool)
		}
	}
	dir, script, shown := t.TempDir(), "", map[int]string{}
	for i, b := range blocks(t, "docs/api.md") {
		if b.kind == "sh" {
			script += fmt.Sprintf("exec > printed.%d\n%s", i, b.text)
			continue
		}
		shown[i-1] = b.text
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	shell.Dir, shell.Env = dir, append(os.Environ(), "GATEHOUSE="+serve(t), "no_proxy=*")
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(shown) < 5 {
		t.Fatalf("the page shows only %d answers", len(shown))
	}
	for i, want := range shown {
		got, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("printed.%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(got, []byte("{")) {
			if string(got) != want {
				t.Errorf("printed %q, the page shows %q", got, want)
			}
			continue
		}
		if same := alike(parse(t, want), parse(t, string(got))); same != "" {
			t.Errorf("%s\nthe page shows %s\nprinted %s", same, want, got)
		}
	}
}

// serve starts a server in development and returns its base URL.
func serve(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	auth, err := gatehouse.New(t.Context(), gatehouse.Config{
		Database: "sqlite:" + filepath.Join(t.TempDir(), "app.db"), BaseURL: base, SiteName: "localhost", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: auth.Handler(), ReadHeaderTimeout: time.Second}
	go server.Serve(l) //nolint:errcheck // it ends by being closed
	t.Cleanup(func() {
		_ = server.Close()
		_ = auth.Close()
	})
	return base
}

type block struct{ kind, text string }

// blocks are the fenced blocks of a page.
func blocks(t *testing.T, page string) (all []block) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```(sh|json|text)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		all = append(all, block{m[1], m[2]})
	}
	return all
}

func parse(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// random are the members whose values are others each time.
var random = []string{"id", "created_at", "last_seen_at", "expires_at", "idle_expires_at", "fresh_until", "reference", "request_id"}

// alike says in what two JSON values differ beyond what is random, or nothing. «…» stands for any text.
func alike(want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for name := range g {
			if _, ok := w[name]; !ok {
				return name + " is not on the page"
			}
		}
		for name, value := range w {
			if _, ok := g[name]; !ok {
				return name + " is missing"
			}
			if slices.Contains(random, name) {
				continue
			}
			if why := alike(value, g[name]); why != "" {
				return name + ": " + why
			}
		}
		return ""
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return fmt.Sprintf("%d elements instead of %d", len(g), len(w))
		}
		for i := range w {
			if why := alike(w[i], g[i]); why != "" {
				return why
			}
		}
		return ""
	}
	if want != got && want != "…" {
		return fmt.Sprintf("%v instead of %v", got, want)
	}
	return ""
}

// TestTheTourListsEveryCall holds the last table of docs/api.md against the description that is made from the code.
func TestTheTourListsEveryCall(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var have, want []string
	paths := parse(t, string(text)).(map[string]any)["paths"].(map[string]any)
	for path, calls := range paths {
		for method := range calls.(map[string]any) {
			if method != "parameters" {
				want = append(want, strings.ToUpper(method)+" "+strings.TrimPrefix(path, "/api/v1"))
			}
		}
	}
	page, err := os.ReadFile("docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`]*)` \\|").FindAllStringSubmatch(string(page), -1) {
		have = append(have, m[1])
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("the page lists\n%s\nand the description\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}
