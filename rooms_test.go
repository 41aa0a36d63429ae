package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/krowave/krowave"

// rooms are the packages from the top down: each imports only what comes after
// it. A package that is not listed stands with the nearest listed one above it, and
// such packages do not import each other: no family of commands knows another.
// What is below plugin/internal is for tests.
var rooms = []string{
	"plugin/internal/clitest",
	"plugin/internal",
	"plugin",
	"plugin/command",
	"argocd",
	"flux",
	"flux/layout",
	"flux/healthcheck",
	"flux/artifact",
	"flux/live",
	"flux/source",
	"flux/api",
	"plugin/preview",
	"plugin/preview/web",
	"plugin/preview/view",
	"plugin/lsp",
	"plugin/check",
	"plugin/load",
	"plugin/output",
	"plugin/options",
	"plugin/tree",
	"plugin/adopt",
	"plugin/live",
	"plugin/deployer",
	"plugin/observe",
	"plugin/hydrate",
	"plugin/remote",
	"plugin/rgdtest",
	"plugin/apidoc",
	"plugin/rgdfmt",
	"plugin/picture",
	"plugin/watch",
	"plugin/compare",
	"plugin/compare/alike",
	"plugin/compare/headline",
	"plugin/compare/danger",
	"plugin/compare/compat",
	"plugin/compare/field",
	"plugin/staging",
	"plugin/kubeapi",
	"plugin/report",
	"plugin/cli",
	"render/trace",
	"render/affected",
	"render/need",
	"render/settings",
	"render",
	"render/output",
	"render/instance",
	"render/override",
	"render/internal/lookup",
	"render/delegation",
	"render/definition",
	"render/internal/source",
	"render/internal/parallel",
	"render/policy",
	"render/cache",
	"render/directive",
	"render/residual",
	"render/wave",
	"render/expand",
	"render/graph",
	"render/admission",
	"render/policycheck",
	"render/schema",
	"render/simpleschema",
	"render/expr",
	"render/project",
	"render/repo",
	"render/origin",
	"render/manifest",
	"render/outline",
	"render/object",
	"render/compat",
	"render/progress",
	"render/diag",
}

func TestImportsPointDown(t *testing.T) {
	seen := 0
	eachSource(t, ".", func(name string, file *ast.File) {
		from := room(path.Dir(name))
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(imported, "kubernetes-sigs/kro") {
				t.Errorf("%s imports kro: only testdata/oracle may", name)
			}
			target, ours := strings.CutPrefix(imported, module+"/")
			if !ours || strings.HasSuffix(name, "_test.go") {
				continue
			}
			seen++
			to := room(target)
			if to < 0 || from > to || from == to && !within(target, path.Dir(name)) {
				t.Errorf("%s imports %s, which is not below it", name, target)
			}
		}
	})
	if seen < 20 {
		t.Errorf("only %d imports between packages were looked at", seen)
	}
}

// TestPoliciesAreAsked holds code to the methods of a runtime policy: whoever
// compares names has to be found when there is a new policy.
func TestPoliciesAreAsked(t *testing.T) {
	names := []string{"Fail", "Withhold", "Delegate", "Placeholder"}
	policy := func(e ast.Expr) bool {
		s, ok := e.(*ast.SelectorExpr)
		if !ok || !slices.Contains(names, s.Sel.Name) {
			return false
		}
		of, ok := s.X.(*ast.Ident)
		return ok && (of.Name == "render" || of.Name == "policy")
	}
	eachSource(t, ".", func(name string, file *ast.File) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "render/policy/") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			found := false
			switch n := n.(type) {
			case *ast.BinaryExpr:
				found = (n.Op == token.EQL || n.Op == token.NEQ) && (policy(n.X) || policy(n.Y))
			case *ast.CaseClause:
				found = slices.ContainsFunc(n.List, policy)
			}
			if found {
				t.Errorf("%s compares a runtime policy; ask a method of it", name)
			}
			return true
		})
	})
}

// room is the place of a directory in rooms; main.go stands above them all.
func room(dir string) int {
	for ; dir != "."; dir = path.Dir(dir) {
		if i := slices.Index(rooms, dir); i >= 0 {
			return i
		}
	}
	return -1
}

// within reports whether one directory lies below the other.
func within(dir, parent string) bool { return strings.HasPrefix(dir, parent+"/") }

func eachSource(t *testing.T, root string, visit func(name string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "node_modules"):
			return fs.SkipDir
		case filepath.Ext(name) != ".go":
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		visit(filepath.ToSlash(rel), file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRulesAreDocumented holds docs/diagnostics.md to the rules in the code, both
// ways.
func TestRulesAreDocumented(t *testing.T) {
	raw, err := os.ReadFile("docs/diagnostics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^### `([a-z-]+)`$").FindAllStringSubmatch(string(raw), -1) {
		documented[m[1]] = true
	}
	used := map[string]bool{}
	eachSource(t, ".", func(name string, file *ast.File) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		for _, text := range literals(file) {
			used[text] = true
		}
		for _, rule := range rules(file) {
			if !documented[rule] {
				t.Errorf("%s: rule %s is not in docs/diagnostics.md", name, rule)
			}
		}
	})
	for rule := range documented {
		if !used[rule] {
			t.Errorf("docs/diagnostics.md lists %s, which no code has", rule)
		}
	}
}

var ruleID = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// rules returns the rule ids of a file: fields and constants named Rule, and the
// id that a function for findings is called with.
func rules(file *ast.File) []string {
	var out []string
	add := func(e ast.Expr) bool {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return false
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil || !ruleID.MatchString(text) {
			return false
		}
		out = append(out, text)
		return true
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Rule" {
				add(n.Value)
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if strings.EqualFold(lastName(left), "rule") && len(n.Rhs) == len(n.Lhs) {
					add(n.Rhs[i])
				}
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if strings.HasPrefix(name.Name, "Rule") && i < len(n.Values) {
					add(n.Values[i])
				}
			}
		case *ast.CallExpr:
			name := lastName(n.Fun)
			if strings.HasSuffix(name, "rrorf") || strings.HasSuffix(name, "arnf") {
				if pkg, ok := n.Fun.(*ast.SelectorExpr); !ok || lastName(pkg.X) != "fmt" {
					_ = slices.ContainsFunc(n.Args, add)
				}
			}
		}
		return true
	})
	return out
}

func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func literals(file *ast.File) []string {
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				out = append(out, text)
			}
		}
		return true
	})
	return out
}
