package arrows

import (
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gatehouse-auth/gatehouse"

// floors is the plan of the house from the roof down: a package may import packages of lower floors, never of its own or a higher one. "." is the
// package at the root. A package inside another (internal/api/wire) stands on the same floor, and the two may import each other. A name
// need not exist yet.
var floors = [][]string{
	{"examples"},
	{"cmd"},
	{"."},
	{"internal/server"},
	{"internal/web", "internal/api"},
	{"internal/visit", "internal/shape"},
	{"internal/flow"},
	{"internal/account", "internal/password", "internal/session", "internal/ticket", "internal/throttle", "internal/mail", "internal/theme"},
	{"internal/store", "internal/message", "internal/seal", "internal/config"},
	{"internal/nearest", "internal/unseen"},
}

// onlyForTests may import everything and is imported by tests and by each other only.
var onlyForTests = []string{
	"internal/arrows", "internal/bench", "internal/browser", "internal/crash", "internal/fixture", "internal/gallery", "internal/pgtest", "internal/store/powercut",
}

// fences are packages of the world outside, by the beginning of their import path, that only some of ours may import.
var fences = []struct {
	outside []string
	allowed func(pkg string) bool
	reason  string
}{
	{
		outside: []string{"database/sql", "github.com/jackc", "github.com/ncruces", "github.com/pressly/goose"},
		allowed: within("internal/store"),
		reason:  "only internal/store knows SQL: everybody else asks it, so that SQLite and PostgreSQL give the same answers in one place",
	},
	{
		outside: []string{"net/http", "html/template"},
		allowed: func(pkg string) bool { return floor(pkg) < floor("internal/flow") },
		reason: "flow and what is below decide and never render: a rule that sees a request or a page would hold on one surface only " +
			"(pages, JSON and Go must agree)",
	},
	{
		outside: []string{"math/rand"},
		allowed: func(string) bool { return false },
		reason:  "whoever sees a few of its numbers knows the next; take crypto/rand (ASVS 6.5.3)",
	},
}

// gates are holes in the fences: this package may import that one, to use those of its names that begin so.
var gates = []struct{ pkg, outside, names string }{
	{"internal/message", "net/http", "Status"}, // the table code → status reads better in words than in numbers
	{"internal/mail", "html/template", ""},     // mails are HTML too and must be escaped as pages are
}

// emptyNames say that a package has no subject: everything ends up in it.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "type", "types", "service", "services"}

// within tells whether a path is one of those or inside one of them.
func within(parents ...string) func(string) bool {
	return func(p string) bool { return parent(p, parents) != "" }
}

func parent(p string, parents []string) string {
	i := slices.IndexFunc(parents, func(q string) bool { return p == q || strings.HasPrefix(p, q+"/") })
	if i < 0 {
		return ""
	}
	return parents[i]
}

// floor counts from the roof; -1 is a package without a place.
func floor(pkg string) int {
	return slices.IndexFunc(floors, func(rooms []string) bool { return parent(pkg, rooms) != "" })
}

// room is the entry of the plan that a package with a place belongs to.
func room(pkg string) string { return parent(pkg, floors[floor(pkg)]) }

func TestEveryPackageHasAPlace(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if !within(onlyForTests...)(f.pkg) && !f.test && floor(f.pkg) < 0 {
			t.Errorf("%s: package %s stands nowhere: put it on a floor of the plan in internal/arrows/arrows_test.go, or into onlyForTests", f.path, f.pkg)
		}
	}
}

func TestArrowsPointDown(t *testing.T) {
	t.Parallel()
	for _, f := range productFiles(t) {
		for target := range f.imports {
			if ours, ok := strings.CutPrefix(target+"/", module+"/"); ok {
				if why := wrongArrow(f.pkg, path.Clean(ours)); why != "" {
					t.Errorf("%s imports %s: %s", f.path, target, why)
				}
			}
		}
	}
}

// wrongArrow says why from may not import to, or nothing.
func wrongArrow(from, to string) string {
	if within(onlyForTests...)(to) {
		return "that package is there for tests; the product would carry it and all that it brings along"
	}
	above, below := floor(from), floor(to)
	switch {
	case above < 0 || below < 0: // TestEveryPackageHasAPlace tells
		return ""
	case above > below:
		return "the arrow points up: a part that knows who uses it can't be read, tested or replaced alone"
	case within("examples")(from) && to != ".":
		return "an example shows what a site can do, and a site can import the package at the root only"
	case above < below || room(from) == room(to):
		return ""
	case within("internal/web", "internal/api")(from):
		return "pages and JSON are two faces of one flow: what both need belongs into internal/flow, or the two begin to differ"
	case above >= floor("internal/store"):
		return "the leaves know nothing of each other, so that each can be understood and tested alone; whoever needs both stands above them"
	default:
		return "the two stand side by side; what joins them is a decision, and decisions are made in internal/flow"
	}
}

func TestFences(t *testing.T) {
	t.Parallel()
	for _, f := range productFiles(t) {
		for target, names := range f.imports {
			if why := fenced(f.pkg, target, names); why != "" {
				t.Errorf("%s imports %s: %s", f.path, target, why)
			}
		}
	}
}

// fenced says why pkg may not import target and use those names of it, or nothing.
func fenced(pkg, target string, names []string) string {
	for _, gate := range gates {
		foreign := func(name string) bool { return !strings.HasPrefix(name, gate.names) }
		if gate.pkg == pkg && gate.outside == target && !slices.ContainsFunc(names, foreign) {
			return ""
		}
	}
	for _, fence := range fences {
		if within(fence.outside...)(target) && !fence.allowed(pkg) {
			return fence.reason
		}
	}
	return ""
}

// TestTheRulesBite holds the rules against arrows that must and must not be: a plan that allows everything would pass all tests above.
func TestTheRulesBite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"cmd/gatehouse", ".", true},
		{"cmd/gatehouse", "internal/server", true},
		{".", "internal/server", true},
		{"internal/server", "internal/store", true},
		{"internal/api", "internal/api/wire", true},
		{"internal/api/wire", "internal/flow", true},
		{"internal/web", "internal/visit", true},
		{"internal/web", "internal/theme", true},
		{"internal/theme", "internal/config", true},
		{"internal/flow", "internal/password/strength", true},
		{"internal/mail", "internal/message", true},
		{"internal/config/docgen", "internal/config", true},
		{"internal/config", "internal/unseen", true},
		{"examples/go-embedded", ".", true},

		{"examples/go-embedded", "internal/server", false},
		{"internal/server", ".", false},
		{"internal/web", "internal/api", false},
		{"internal/api", "internal/web", false},
		{"internal/web", "internal/api/wire", false},
		{"internal/flow", "internal/visit", false},
		{"internal/flow", "internal/api/wire", false},
		{"internal/session", "internal/ticket", false},
		{"internal/mail", "internal/theme", false},
		{"internal/password", "internal/flow", false},
		{"internal/store", "internal/message", false},
		{"internal/message", "internal/store", false},
		{"internal/server", "internal/pgtest", false},
		{"internal/session", "internal/fixture", false},
	} {
		if why := wrongArrow(c.from, c.to); (why == "") != c.ok {
			t.Errorf("%s → %s: allowed should be %v; reason: %q", c.from, c.to, c.ok, why)
		}
	}
	for _, c := range []struct {
		pkg, target string
		names       []string
		ok          bool
	}{
		{"internal/store", "database/sql", nil, true},
		{"internal/store", "github.com/jackc/pgx/v5/stdlib", nil, true},
		{"internal/server", "net/http", []string{"Server"}, true},
		{"internal/message", "net/http", []string{"StatusConflict"}, true},
		{"internal/mail", "html/template", []string{"New"}, true},
		{"internal/flow", "net/mail", nil, true},

		{"internal/message", "net/http", []string{"StatusConflict", "Request"}, false},
		{"internal/flow", "net/http", []string{"StatusConflict"}, false},
		{"internal/flow", "net/http/httptest", nil, false},
		{"internal/message", "html/template", nil, false},
		{"internal/session", "database/sql", nil, false},
		{"cmd/gatehouse", "github.com/ncruces/go-sqlite3", nil, false},
		{"internal/store", "math/rand/v2", nil, false},
	} {
		if why := fenced(c.pkg, c.target, c.names); (why == "") != c.ok {
			t.Errorf("%s with %s %v: allowed should be %v; reason: %q", c.pkg, c.target, c.names, c.ok, why)
		}
	}
}
