// SPDX-License-Identifier: BSD-3-Clause

package tidy

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// functions returns the functions and methods that a file declares.
func functions(f file) []*ast.FuncDecl {
	var out []*ast.FuncDecl
	for _, d := range f.ast.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			out = append(out, fn)
		}
	}
	return out
}

// packageDocs: every package has a comment "Package x ..." or "Command x ...".
func packageDocs(files []file) []string {
	documented := map[string]bool{}
	for _, f := range files {
		if !f.isGo() || f.isTest() {
			continue
		}
		doc := f.ast.Doc.Text()
		ok := strings.HasPrefix(doc, "Package "+f.ast.Name.Name+" ") || f.ast.Name.Name == "main" && strings.HasPrefix(doc, "Command ")
		documented[f.dir()] = documented[f.dir()] || ok
	}
	var out []string
	for dir, ok := range documented {
		if !ok {
			out = append(out, dir+" has no package comment")
		}
	}
	slices.Sort(out)
	return out
}

// docComments: every exported name says what it is, beginning with its name.
func docComments(files []file) []string {
	var out []string
	for _, f := range files {
		if !f.isGo() || f.isTest() {
			continue
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && !startsWith(d.Doc, d.Name.Name) {
					out = append(out, fmt.Sprintf("%s: the comment of %s does not begin with its name", f.at(d.Pos()), d.Name.Name))
				}
			case *ast.GenDecl:
				out = append(out, undocumented(f, d)...)
			}
		}
	}
	return out
}

// undocumented looks at types, constants and variables. Constants and variables
// may share the comment of their group, or have theirs on the line.
func undocumented(f file, d *ast.GenDecl) []string {
	var out []string
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			doc := s.Doc
			if doc == nil {
				doc = d.Doc
			}
			if s.Name.IsExported() && !startsWith(doc, s.Name.Name) {
				out = append(out, fmt.Sprintf("%s: the comment of %s does not begin with its name", f.at(s.Pos()), s.Name.Name))
			}
		case *ast.ValueSpec:
			if s.Doc != nil || s.Comment != nil || d.Doc != nil {
				continue
			}
			for _, name := range s.Names {
				if name.IsExported() {
					out = append(out, fmt.Sprintf("%s: %s has no comment", f.at(name.Pos()), name.Name))
				}
			}
		}
	}
	return out
}

// startsWith reports whether a comment begins with a name, after an article.
func startsWith(doc *ast.CommentGroup, name string) bool {
	text := doc.Text()
	for _, article := range []string{"A ", "An ", "The "} {
		text = strings.TrimPrefix(text, article)
	}
	rest, ok := strings.CutPrefix(text, name)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], " \n,:('"))
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	return ast.IsExported(rootName(d.Recv.List[0].Type))
}

// rootName returns the identifier below pointers, indices and selections.
func rootName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return rootName(e.X)
	case *ast.IndexExpr:
		return rootName(e.X)
	case *ast.IndexListExpr:
		return rootName(e.X)
	case *ast.SelectorExpr:
		return rootName(e.X)
	case *ast.SliceExpr:
		return rootName(e.X)
	case *ast.ParenExpr:
		return rootName(e.X)
	}
	return ""
}

// initFunctions: nothing happens before main.
func initFunctions(files []file) []string {
	var out []string
	for _, f := range files {
		if !f.isGo() {
			continue
		}
		for _, fn := range functions(f) {
			if fn.Recv == nil && fn.Name.Name == "init" {
				out = append(out, f.at(fn.Pos())+" has func init")
			}
		}
	}
	return out
}

// packageVariables: no package-level state. Allowed are interface checks (_),
// errors, compiled regular expressions, embedded files, and unexported arrays
// of literals that nothing in their package writes to or takes the address of.
// Anything else needs an entry in variableExceptions.
func packageVariables(files []file) []string {
	written := map[string]bool{}
	for _, f := range files {
		if f.isGo() {
			recordWrites(f, written)
		}
	}
	var out []string
	for _, f := range files {
		if !f.isGo() || f.isTest() {
			continue
		}
		for _, d := range f.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				s := spec.(*ast.ValueSpec)
				for i, name := range s.Names {
					id := f.dir() + "." + name.Name
					if name.Name == "_" || embedded(g, s) || variableExceptions()[id] != "" || i < len(s.Values) && constantValue(name.Name, s.Values[i], written[id]) {
						continue
					}
					out = append(out, fmt.Sprintf("%s: %s is package-level state", f.at(name.Pos()), name.Name))
				}
			}
		}
	}
	return out
}

// variableExceptions maps folder.name to the reason why it may be a variable.
func variableExceptions() map[string]string {
	return map[string]string{
		"internal/h5.library": "the lock of a C library that is one per process and not thread-safe",
	}
}

// recordWrites adds folder.name of whatever a file assigns, steps or takes the
// address of. Names are not resolved, so that a local variable of the same name
// counts too: a false alarm is a reason to rename it.
func recordWrites(f file, written map[string]bool) {
	mark := func(e ast.Expr) { written[f.dir()+"."+rootName(e)] = true }
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					mark(e)
				}
			}
		case *ast.IncDecStmt:
			mark(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				mark(n.X)
			}
		case *ast.SliceExpr:
			mark(n.X) // a slice of an array can be written to
		}
		return true
	})
}

func embedded(g *ast.GenDecl, s *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{g.Doc, s.Doc} {
		if doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") }) {
			return true
		}
	}
	return false
}

// constantValue reports whether an initial value makes a variable a constant
// in all but name.
func constantValue(name string, value ast.Expr, written bool) bool {
	switch v := value.(type) {
	case *ast.CallExpr:
		sel, ok := v.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		call := rootName(sel.X) + "." + sel.Sel.Name
		isError := strings.HasPrefix(strings.ToLower(name), "err") && (call == "errors.New" || call == "fmt.Errorf")
		return isError || call == "regexp.MustCompile"
	case *ast.CompositeLit:
		array, ok := v.Type.(*ast.ArrayType)
		return ok && array.Len != nil && !written && !ast.IsExported(name)
	}
	return false
}

// exits: only the life of a job in jobs ends the process, and Abort.
func exits(files []file) []string {
	var out []string
	for _, f := range files {
		if !f.isGo() || f.isTest() || slices.Contains([]string{"jobs/main.go", "jobs/internal/run/signals.go", "mpiutil/init_serial.go", "mpiutil/mpi_cgo.go"}, f.path) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				name := rootName(sel.X) + "." + sel.Sel.Name
				if name == "os.Exit" || strings.HasPrefix(name, "log.Fatal") {
					out = append(out, f.at(n.Pos())+" calls "+name)
				}
			}
			return true
		})
	}
	return out
}

// skips: a test that is skipped tests nothing.
func skips(files []file) []string {
	var out []string
	for _, f := range files {
		if !f.isGo() || !f.isTest() {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) &&
				slices.Contains([]string{"t", "b", "f", "tb"}, rootName(sel.X)) {
				out = append(out, f.at(n.Pos())+" skips")
			}
			return true
		})
	}
	return out
}
