package source

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// refusals are what the toolchain says of a program, by figure: only a refusal for the asked reason speaks for it.
var refusals = map[string]*regexp.Regexp{
	"undefined":  regexp.MustCompile(`(?m)undefined: |has no field or method|undefined \(type `),
	"no_package": regexp.MustCompile(`(?m)no required module provides package|is not in std|cannot find module providing`),
	"linker":     regexp.MustCompile(`(?m)link: .*invalid reference to`),
}

// Compiles builds a whole Go program with the fixtures' modules. Figures: compiles, and by how often it was refused for a reason:
// undefined, no_package, linker.
func Compiles(program string) (answer.Answer, error) {
	said, built, err := build(program)
	if err != nil {
		return answer.Answer{}, err
	}
	found := answer.Answer{Figures: map[string]float64{"compiles": answer.Bit(built)}}
	for name, pattern := range refusals {
		found.Figures[name] = float64(len(pattern.FindAllString(said, -1)))
	}
	for _, line := range strings.Split(strings.TrimSpace(said), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") && len(found.Seen) < 6 {
			found.Seen = append(found.Seen, line)
		}
	}
	return found, nil
}

// build compiles and links a program outside of the tree; said is what the toolchain says, without its folder.
func build(program string, flags ...string) (said string, built bool, err error) {
	folder, err := os.MkdirTemp("", "spanfate-inspect-")
	if err != nil {
		return "", false, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		return "", false, err
	}
	arguments := append(append([]string{"build"}, flags...), "-o", filepath.Join(folder, "program"), file)
	command := exec.Command("go", arguments...)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err = command.Run()
	if _, refused := err.(*exec.ExitError); err != nil && !refused {
		return "", false, answer.Unable("go build: %v", err)
	}
	// The toolchain names the folder from the root on, or from here.
	named := regexp.MustCompile(`[^\s:]*` + regexp.QuoteMeta(filepath.Base(folder)) + "/")
	return named.ReplaceAllString(out.String(), ""), err == nil, nil
}

// second returns its second argument, so its code says where that one is.
const second = `package main

//go:noinline
func second(a, b int) int { return b }

//go:noinline
func first(a, b int) int { return a }

func small(a int) int { return a + 1 }

func main() { println(second(len(first2()), 2), first(1, 2), small(3)) }

//go:noinline
func first2() string { return "x" }
`

// moves are how the second argument comes to be the result, by register.
var moves = regexp.MustCompile(`MOVQ\s+(\w+), AX`)

// Registers reads from the compiler's own listing in which register a function's second argument is, and whether a small function is
// still called. Figures: known (1: the listing says it), second_in_bx, second_in_si (where C has it), calls_of_small,
// calls_of_small_without_inlining.
func Registers(string) (answer.Answer, error) {
	listing, built, err := build(second, "-gcflags=-S")
	if err != nil {
		return answer.Answer{}, err
	}
	plain, noInlining, err := build(second, "-gcflags=-S -l")
	if err != nil {
		return answer.Answer{}, err
	}
	if !built || !noInlining {
		return answer.Answer{}, answer.Unable("the compiler gave no listing: %s", listing)
	}
	body := function(listing, "main.second")
	register := ""
	if match := moves.FindStringSubmatch(body); match != nil {
		register = match[1]
	}
	calls := func(of string) float64 { return float64(strings.Count(function(of, "main.main"), "main.small(SB)")) }
	return answer.Answer{
		Figures: map[string]float64{
			"known":                           answer.Bit(register != ""),
			"second_in_bx":                    answer.Bit(register == "BX"),
			"second_in_si":                    answer.Bit(register == "SI"),
			"calls_of_small":                  calls(listing),
			"calls_of_small_without_inlining": calls(plain),
		},
		Seen: []string{"main.second: MOVQ " + register + ", AX"},
	}, nil
}

// function is the part of a listing that is of one function: its head has no indent.
func function(listing, name string) string {
	_, rest, found := strings.Cut("\n"+listing, "\n"+name+" STEXT")
	if !found {
		return ""
	}
	for at := 0; at+1 < len(rest); at++ {
		if rest[at] == '\n' && rest[at+1] != '\t' && rest[at+1] != ' ' {
			return rest[:at]
		}
	}
	return rest
}
