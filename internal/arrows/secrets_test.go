package arrows

import (
	"go/ast"
	"go/token"
	"regexp"
	"testing"
)

// secretName is what a value is called that must not be guessed byte by byte.
var secretName = regexp.MustCompile(`(?i)(token|hash|mac|secret|signature|browser|pending)$`)

// comparedOpenly are comparisons in which nothing can be guessed, by file, with the reason.
var comparedOpenly = map[string]string{
	"internal/flow/recover.go": "both hashes come from the store: was the password changed meanwhile?",
}

// The time that == and bytes.Equal take tells how long the common beginning is; crypto/subtle and hmac.Equal do not tell.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	t.Parallel()
	for _, f := range productFiles(t) {
		if comparedOpenly[f.path] != "" {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if what := openComparison(n); what != "" {
				t.Errorf("%s compares %s openly: take crypto/subtle, or say in comparedOpenly why nothing can be guessed", f.path, what)
			}
			return true
		})
	}
}

// openComparison names a secret that a node compares with another value that is no constant, or nothing.
func openComparison(n ast.Node) string {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		both := secretName.MatchString(lastName(n.X)) && secretName.MatchString(lastName(n.Y))
		if both && (n.Op == token.EQL || n.Op == token.NEQ) {
			return lastName(n.X)
		}
	case *ast.CallExpr:
		compares := lastName(n.Fun) == "Equal" || lastName(n.Fun) == "Compare" || lastName(n.Fun) == "EqualFold"
		if s, ok := n.Fun.(*ast.SelectorExpr); !ok || lastName(s.X) == "hmac" || !compares {
			return ""
		}
		for _, arg := range n.Args {
			if name := lastName(arg); secretName.MatchString(name) {
				return name
			}
		}
	}
	return ""
}

// lastName is what a value is called: the last name of a path, the function of a call, what a conversion converts.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.CallExpr:
		if name := lastName(e.Fun); name != "string" || len(e.Args) != 1 {
			return name
		}
		return lastName(e.Args[0])
	case *ast.SliceExpr:
		return lastName(e.X)
	}
	return ""
}
