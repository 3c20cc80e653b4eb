package control

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"spanfate.dev/fixtures/internal/fault"
)

// order is a line on stdin.
type order struct {
	Fault *int  `json:"fault"`
	Apply *bool `json:"apply"`
}

type switched struct {
	Fault   int    `json:"fault"`
	Applied bool   `json:"applied"`
	At      uint64 `json:"at"`
}

type refused struct {
	Fault *int   `json:"fault"` // null when the line does not say which
	Error string `json:"error"`
}

// obey switches faults as the lines say, one after the other, until there are no more. A line that it cannot obey is
// answered; no line ends the process.
func obey(faults *fault.Set, lines io.Reader, out *printer, stderr io.Writer) {
	reader := bufio.NewReader(lines)
	for {
		text, err := reader.ReadBytes('\n')
		if text = bytes.TrimSpace(text); len(text) > 0 {
			if printErr := out.line(answer(faults, text)); printErr != nil {
				_, _ = fmt.Fprintf(stderr, "fixture: cannot answer %s: %v; read stdout\n", text, printErr)
			}
		}
		if err != nil {
			return // the end of stdin changes nothing
		}
	}
}

func answer(faults *fault.Set, text []byte) any {
	o, err := parse(text)
	if err != nil {
		return refused{o.Fault, err.Error()}
	}
	at, err := faults.Switch(*o.Fault, *o.Apply)
	if err != nil {
		return refused{o.Fault, err.Error()}
	}
	return switched{*o.Fault, *o.Apply, at}
}

func parse(text []byte) (o order, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	const say = `say {"fault":NUMBER,"apply":true} or {"fault":NUMBER,"apply":false} on one line`
	if err := decoder.Decode(&o); err != nil {
		return o, fmt.Errorf("%w; %s", err, say)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) || o.Fault == nil || o.Apply == nil {
		return o, errors.New(say)
	}
	return o, nil
}
