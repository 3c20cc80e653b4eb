package source

import (
	"go/ast"
	"strconv"
	"strings"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// specified is where Go says what its trace's events are made of.
const specified = "internal/trace/tracev2"

// TraceEvent says whether Go's runtime trace has an event, and what is in it: "GoBlock". Figures: count, arguments, goroutines (how
// many of the arguments are a goroutine).
func TraceEvent(of string) (answer.Answer, error) {
	files, there, err := read(specified)
	if err != nil {
		return answer.Answer{}, err
	}
	if !there {
		return answer.Answer{}, answer.Unable("this Go has no package %s", specified)
	}
	found := answer.Answer{Figures: map[string]float64{"count": 0, "arguments": 0, "goroutines": 0}}
	for _, file := range files.parsed {
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.CompositeLit)
			if !ok || text(field(spec, "Name")) != of {
				return true
			}
			found.Figures["count"]++
			arguments := texts(field(spec, "Args"))
			found.Figures["arguments"] += float64(len(arguments))
			for _, one := range arguments {
				found.Figures["goroutines"] += answer.Bit(one == "g" || strings.HasSuffix(one, "_g"))
			}
			found.Seen = append(found.Seen, files.at(spec.Pos())+" "+of+"("+strings.Join(arguments, ", ")+")")
			return true
		})
	}
	return found, nil
}

func field(of *ast.CompositeLit, name string) ast.Expr {
	for _, element := range of.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == name {
				return pair.Value
			}
		}
	}
	return nil
}

func text(of ast.Expr) string {
	if literal, ok := of.(*ast.BasicLit); ok {
		if written, err := strconv.Unquote(literal.Value); err == nil {
			return written
		}
	}
	return ""
}

func texts(of ast.Expr) []string {
	list, ok := of.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	var out []string
	for _, element := range list.Elts {
		out = append(out, text(element))
	}
	return out
}

// Imports counts the packages that a package is built from whose paths hold a text: "PACKAGE TEXT". Figures: packages, count.
func Imports(of string) (answer.Answer, error) {
	pkg, wanted, ok := strings.Cut(of, " ")
	if !ok {
		return answer.Answer{}, &malformedError{of, "PACKAGE TEXT"}
	}
	said, err := list(pkg, "-deps", "-f={{.ImportPath}}")
	if err != nil {
		return answer.Answer{}, err
	}
	found := answer.Answer{Figures: map[string]float64{"packages": 0, "count": 0}}
	for _, path := range strings.Fields(string(said)) {
		found.Figures["packages"]++
		if strings.Contains(path, wanted) {
			found.Figures["count"]++
			found.Seen = append(found.Seen, path)
		}
	}
	return found, nil
}
