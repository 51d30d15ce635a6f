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
	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/session"
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
	want := calls(t, func(string) bool { return true })
	have := found(t, "docs/api.md", "(?m)^\\| `([A-Z]+ /[^`]*)` \\|")
	if !slices.Equal(have, want) {
		t.Errorf("the page lists\n%s\nand the description\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// TestEveryWayInIsDocumented: ASVS 6.1.3. What answers with a session is a way in, or makes one fresh.
func TestEveryWayInIsDocumented(t *testing.T) {
	t.Parallel()
	want := calls(t, func(about string) bool {
		return strings.Contains(about, `schemas/SignedIn"`) || strings.Contains(about, `schemas/Rotated"`)
	})
	want = slices.DeleteFunc(want, func(call string) bool { return strings.HasPrefix(call, "GET ") })
	have := found(t, "docs/security-model.md", "(?m)^\\| [^|]+\\| `/[a-z/]+` \\| `([A-Z]+ /[^`]*)` \\|")
	if !slices.Equal(have, want) || len(want) < 4 {
		t.Errorf("the page lists\n%s\nand the API has\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// TestTheSecurityModelTellsTheNumbersOfTheCode: ASVS 7.1.1 and 7.1.2.
func TestTheSecurityModelTellsTheNumbersOfTheCode(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/security-model.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, m := range regexp.MustCompile("`--([a-z-]+)` ([0-9]+[hms])").FindAllStringSubmatch(string(page), -1) {
		told[m[1]] = m[2]
	}
	for _, s := range config.Settings() {
		if number, ok := told[s.Name]; ok && number != s.Default {
			t.Errorf("the page says that --%s is %s; it is %s", s.Name, number, s.Default)
		}
		delete(told, s.Name)
		if strings.HasPrefix(s.Name, "session-") || strings.HasPrefix(s.Name, "remember-") {
			if !strings.Contains(string(page), "`--"+s.Name+"` "+s.Default) {
				t.Errorf("the page does not tell --%s", s.Name)
			}
		}
	}
	for name := range told {
		t.Errorf("there is no setting --%s", name)
	}
	if most := fmt.Sprintf("at most %d sessions a user", session.MaxPerUser); !strings.Contains(string(page), most) {
		t.Errorf("the page does not say %q", most)
	}
}

// The page on the API tells of every code that an answer of today may carry.
func TestTheAPIPageListsEveryCode(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	listed := found(t, "docs/api.md", "(?m)^\\| [0-9, ]+ \\| (.*?) \\|")
	for _, code := range parse(t, string(text)).(map[string]any)["x-problem-codes"].([]any) {
		if !strings.Contains(strings.Join(listed, " "), "`"+code.(string)+"`") {
			t.Errorf("the page does not tell of %s", code)
		}
	}
}

// The kinds of event are words in internal/flow; the page has just those.
func TestTheEventsPageListsEveryKind(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("internal/flow/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			kinds = append(kinds, found(t, file, `(?:\.event\(ctx, tx, [A-Za-z{}]+, |\.operatorEvent\(ctx, tx, |Kind: )"([a-z_]+)"`)...)
		}
	}
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	if listed := found(t, "docs/events.md", "(?m)^\\| `([a-z_]+)` \\|"); len(kinds) < 15 || !slices.Equal(listed, kinds) {
		t.Errorf("the page lists\n%v\nand there are\n%v", listed, kinds)
	}
}

// calls are those of docs/openapi.json of whose description the test is true, sorted.
func calls(t *testing.T, wanted func(about string) bool) (all []string) {
	t.Helper()
	text, err := os.ReadFile("docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for path, methods := range parse(t, string(text)).(map[string]any)["paths"].(map[string]any) {
		for method, description := range methods.(map[string]any) {
			about, err := json.Marshal(description)
			if err != nil {
				t.Fatal(err)
			}
			if method != "parameters" && wanted(string(about)) {
				all = append(all, strings.ToUpper(method)+" "+strings.TrimPrefix(path, "/api/v1"))
			}
		}
	}
	slices.Sort(all)
	return all
}

// found is what a pattern finds on a page, each once, sorted.
func found(t *testing.T, page, pattern string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}
