package source

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// Declared says whether a package declares a name: "net/http.ServeMux", or a method, "net/http.ServeMux.Handle". Figures:
// package (it is there), count (declarations), value (of a constant that is a whole number).
func Declared(of string) (answer.Answer, error) {
	pkg, name, err := cut(of)
	if err != nil {
		return answer.Answer{}, err
	}
	found := answer.Answer{Figures: map[string]float64{"package": 0, "count": 0}}
	files, there, err := read(pkg)
	if err != nil || !there {
		return found, err
	}
	found.Figures["package"] = 1
	for _, file := range files.parsed {
		for _, declaration := range file.Decls {
			for _, one := range declarations(declaration) {
				if one.name != name {
					continue
				}
				found.Figures["count"]++
				found.Seen = append(found.Seen, files.at(one.pos)+" declares "+of)
				if value, ok := wholeNumber(one.value); ok {
					found.Figures["value"] = value
				}
			}
		}
	}
	return found, nil
}

type declared struct {
	name  string
	pos   token.Pos
	value ast.Expr
}

func declarations(of ast.Decl) []declared {
	switch of := of.(type) {
	case *ast.FuncDecl:
		return []declared{{name: receiver(of) + of.Name.Name, pos: of.Pos()}}
	case *ast.GenDecl:
		var out []declared
		for _, spec := range of.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				out = append(out, declared{name: spec.Name.Name, pos: spec.Pos()})
			case *ast.ValueSpec:
				for at, name := range spec.Names {
					one := declared{name: name.Name, pos: name.Pos()}
					if at < len(spec.Values) {
						one.value = spec.Values[at]
					}
					out = append(out, one)
				}
			}
		}
		return out
	}
	return nil
}

// receiver is the type of a method with a dot, and nothing for a function.
func receiver(of *ast.FuncDecl) string {
	if of.Recv == nil || len(of.Recv.List) == 0 {
		return ""
	}
	kind := of.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if generic, ok := kind.(*ast.IndexExpr); ok {
		kind = generic.X
	}
	if name, ok := kind.(*ast.Ident); ok {
		return name.Name + "."
	}
	return ""
}

func wholeNumber(of ast.Expr) (float64, bool) {
	literal, ok := of.(*ast.BasicLit)
	if !ok || literal.Kind != token.INT {
		return 0, false
	}
	number, err := strconv.ParseInt(strings.ReplaceAll(literal.Value, "_", ""), 0, 64)
	return float64(number), err == nil
}

// Literals counts the literals of a package that are one text, or one whole number: "PACKAGE TEXT". Figures: package, count.
func Literals(of string) (answer.Answer, error) {
	return counted(of, func(node ast.Node, text string) bool {
		literal, ok := node.(*ast.BasicLit)
		if ok && literal.Kind == token.INT {
			number, whole := wholeNumber(literal)
			return whole && strconv.FormatFloat(number, 'f', -1, 64) == text
		}
		if !ok || literal.Kind != token.STRING {
			return false
		}
		written, err := strconv.Unquote(literal.Value)
		return err == nil && written == text
	})
}

// Mentions counts where a package names something: "PACKAGE NAME". Figures: package, count, and in_trace: those in files whose
// names begin with "trace".
func Mentions(of string) (answer.Answer, error) {
	return counted(of, func(node ast.Node, text string) bool {
		name, ok := node.(*ast.Ident)
		return ok && name.Name == text
	})
}

func counted(of string, is func(node ast.Node, text string) bool) (answer.Answer, error) {
	pkg, text, ok := strings.Cut(of, " ")
	if !ok {
		return answer.Answer{}, &malformedError{of, "PACKAGE TEXT"}
	}
	found := answer.Answer{Figures: map[string]float64{"package": 0, "count": 0, "in_trace": 0}}
	files, there, err := read(pkg)
	if err != nil || !there {
		return found, err
	}
	found.Figures["package"] = 1
	for name, file := range files.parsed {
		ast.Inspect(file, func(node ast.Node) bool {
			if node != nil && is(node, text) {
				found.Figures["count"]++
				found.Figures["in_trace"] += answer.Bit(strings.HasPrefix(name, "trace"))
				found.Seen = append(found.Seen, files.at(node.Pos())+" has "+text)
			}
			return true
		})
	}
	return found, nil
}

type malformedError struct{ given, form string }

func (e *malformedError) Error() string { return strconv.Quote(e.given) + " is not " + e.form }
