// Package source looks into the source of the packages that the fixtures are built from, and of Go itself.
package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// files of a package: as they are compiled, with their names.
type files struct {
	set    *token.FileSet
	parsed map[string]*ast.File
}

// listed is what go list says of a package.
type listed struct {
	Dir     string
	GoFiles []string
	Error   *struct{ Err string }
}

// read parses the files of a package that are compiled here. There is none where no module of ours has such a package.
// A package may have a module of ours before it: "hop:PACKAGE" is one of the Collector's.
func read(name string) (*files, bool, error) {
	said, err := list(name, "-json=Dir,GoFiles,Error")
	if err != nil {
		return nil, false, err
	}
	var found listed
	if err := json.Unmarshal(said, &found); err != nil {
		return nil, false, fmt.Errorf("what go list says of %s: %w", name, err)
	}
	if found.Dir == "" || len(found.GoFiles) == 0 {
		return nil, false, nil
	}
	out := &files{set: token.NewFileSet(), parsed: map[string]*ast.File{}}
	for _, file := range found.GoFiles {
		parsed, err := parser.ParseFile(out.set, filepath.Join(found.Dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, false, err
		}
		out.parsed[file] = parsed
	}
	return out, true, nil
}

// list asks go about a package. A package that is not there is an answer in JSON, with -e.
func list(name string, more ...string) ([]byte, error) {
	folder, name := inModule(name)
	command := exec.Command("go", append(append([]string{"list", "-e"}, more...), name)...)
	command.Dir = folder
	if folder != "." {
		// A module file that the fixtures are built with is none of another module.
		command.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false")
	}
	var said, complaint bytes.Buffer
	command.Stdout, command.Stderr = &said, &complaint
	if err := command.Run(); err != nil {
		return nil, answer.Unable("go list %s: %v: %s", name, err, strings.TrimSpace(complaint.String()))
	}
	return said.Bytes(), nil
}

// cut divides "PACKAGE.NAME" where the package's path ends.
func cut(of string) (pkg, name string, err error) {
	slash := strings.LastIndex(of, "/") + 1
	pkg, name, ok := strings.Cut(of[slash:], ".")
	if !ok || name == "" {
		return "", "", fmt.Errorf("%q is not PACKAGE.NAME, for example net/http.ServeMux", of)
	}
	return of[:slash] + pkg, name, nil
}

// at is where something stands, without the folder.
func (f *files) at(pos token.Pos) string {
	place := f.set.Position(pos)
	return fmt.Sprintf("%s:%d", filepath.Base(place.Filename), place.Line)
}

// inModule is the folder of the module that a package is looked for in, and the package's path.
func inModule(name string) (folder, path string) {
	if module, rest, ok := strings.Cut(name, ":"); ok {
		return module, rest
	}
	return ".", name
}
