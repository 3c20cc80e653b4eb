// Package answer is what an inspection gives back: figures, and what they were read from. An inspection is a program that looks: into
// source, at an interface, at the kernel, or at what the SDK does when it runs.
package answer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
)

// Answer is what an inspection found.
type Answer struct {
	// Figures by name. What is true or false is 1 or 0.
	Figures map[string]float64 `json:"figures"`
	// Seen is what the figures were read from, a line each.
	Seen []string `json:"seen,omitempty"`
	// Cannot says why there is no answer here; then there are no figures.
	Cannot string `json:"cannot,omitempty"`
}

// Inspection answers a question; of is what it is asked about.
type Inspection func(of string) (Answer, error)

// UnableError says that this machine cannot answer. It is no failure of the inspection.
type UnableError struct{ Why string }

func (e *UnableError) Error() string { return e.Why }

// Unable says that this machine cannot answer, and why.
func Unable(format string, arguments ...any) error {
	return &UnableError{fmt.Sprintf(format, arguments...)}
}

// mostSeen is how many lines are printed of what was seen.
const mostSeen = 6

// Bit is 1 for what is true.
func Bit(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// Print writes what an inspection gave as one line of JSON. A machine that cannot answer is an answer, too.
func Print(to io.Writer, found Answer, err error) error {
	var unable *UnableError
	switch {
	case errors.As(err, &unable):
		found = Answer{Cannot: unable.Why}
	case err != nil:
		return err
	}
	if len(found.Seen) > mostSeen {
		sort.Strings(found.Seen)
		found.Seen = append(found.Seen[:mostSeen], fmt.Sprintf("and %d more", len(found.Seen)-mostSeen))
	}
	if found.Figures == nil {
		found.Figures = map[string]float64{}
	}
	return json.NewEncoder(to).Encode(found)
}

// Names are the names of inspections, sorted.
func Names(all map[string]Inspection) []string {
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
