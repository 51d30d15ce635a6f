package arrows

import (
	"go/ast"
	"path"
	"slices"
	"testing"
)

// longest is how many lines a file may have that people write and that is no test.
const longest = 400

func TestNoPackageIsCalledByAnEmptyWord(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if slices.Contains(emptyNames, f.tree.Name.Name) || slices.Contains(emptyNames, path.Base(f.pkg)) {
			t.Errorf("%s: a package called %s has no subject, and everything ends up in it; name what it is about", f.path, f.tree.Name.Name)
		}
	}
}

func TestNothingRegistersItself(t *testing.T) {
	t.Parallel()
	for _, f := range productFiles(t) {
		for _, d := range f.tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" && !ast.IsGenerated(f.tree) {
				t.Errorf("%s has an init function: what it fills depends on who imports what; write an explicit table instead", f.path)
			}
		}
	}
}

func TestEveryPackageIntroducesItself(t *testing.T) {
	t.Parallel()
	introduced := map[string]bool{}
	for _, f := range sources(t) {
		introduced[f.pkg] = introduced[f.pkg] || path.Base(f.path) == "doc.go" && f.tree.Doc != nil
	}
	for pkg, ok := range introduced {
		if !ok && !within("examples")(pkg) { // an example is one file that begins with its introduction
			t.Errorf("%s has no doc.go with a package comment: a stranger starts reading there", pkg)
		}
	}
}

func TestFilesStayReadable(t *testing.T) {
	t.Parallel()
	for _, f := range productFiles(t) {
		if f.lines > longest && !ast.IsGenerated(f.tree) {
			t.Errorf("%s has %d lines; over %d nobody reads a file as a whole: look for the two subjects in it", f.path, f.lines, longest)
		}
	}
}
