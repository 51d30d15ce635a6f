package arrows

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const root = "../.."

// source is one Go file of this module.
type source struct {
	path    string // from the root of the module, with slashes
	pkg     string // its directory; "." at the root
	test    bool
	lines   int
	tree    *ast.File
	imports map[string][]string // import path → the names used of it
}

// sources reads all Go files of the module once.
func sources(t *testing.T) []source {
	t.Helper()
	files, err := readSources()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// productFiles are those that end up in what people run or import.
func productFiles(t *testing.T) []source {
	t.Helper()
	var product []source
	for _, f := range sources(t) {
		if !f.test && !within(onlyForTests...)(f.pkg) {
			product = append(product, f)
		}
	}
	return product
}

var readSources = sync.OnceValues(func() (files []source, err error) {
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != root && foreign(p, d.Name()):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasPrefix(d.Name(), "_"):
			return nil
		}
		f, err := read(p)
		files = append(files, f)
		return err
	})
	return files, err
})

// foreign directories are no part of the module, by the rules of the go command.
func foreign(p, name string) bool {
	if name == "testdata" || name == "vendor" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(p, "go.mod"))
	return err == nil
}

func read(p string) (source, error) {
	text, err := os.ReadFile(p)
	if err != nil {
		return source{}, err
	}
	tree, err := parser.ParseFile(token.NewFileSet(), p, text, parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	rel, err := filepath.Rel(root, p)
	if err != nil {
		return source{}, err
	}
	rel = filepath.ToSlash(rel)
	return source{
		path: rel, pkg: path.Dir(rel), test: strings.HasSuffix(rel, "_test.go"),
		lines: bytes.Count(text, []byte("\n")), tree: tree, imports: imports(tree),
	}, nil
}

func imports(tree *ast.File) map[string][]string {
	names := map[string][]string{} // how the file calls a package → the names it uses of it
	ast.Inspect(tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				names[x.Name] = append(names[x.Name], s.Sel.Name)
			}
		}
		return true
	})
	all := map[string][]string{}
	for _, i := range tree.Imports {
		target, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // the parser has seen to it that it is a string
		}
		called := path.Base(target)
		if i.Name != nil {
			called = i.Name.Name
		}
		all[target] = names[called]
	}
	return all
}
