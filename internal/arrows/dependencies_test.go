package arrows

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// row is a line of the tables in docs/dependencies.md: | `module` | what for | why this one |
var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)\\|$")

func TestEveryDependencyIsExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		explained[m[1]] = true
		for cell := range strings.SplitSeq(m[2], "|") {
			if strings.TrimSpace(cell) == "" {
				t.Errorf("docs/dependencies.md: the row of %s leaves a cell empty", m[1])
			}
		}
	}
	for _, module := range directRequirements(t) {
		if !explained[module] {
			t.Errorf("docs/dependencies.md has no row for %s: say what it is for and why this one, so that nobody has to look twice", module)
		}
		delete(explained, module)
	}
	for module := range explained {
		t.Errorf("docs/dependencies.md explains %s, which go.mod does not require directly", module)
	}
}

func directRequirements(t *testing.T) []string {
	t.Helper()
	edit := exec.Command("go", "mod", "edit", "-json")
	edit.Dir = root
	out, err := edit.Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	return direct
}
