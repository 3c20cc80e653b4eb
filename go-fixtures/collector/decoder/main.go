// Command decoder reads bodies as the Collector's OTLP receiver does, by the same library, without a receiver around it.
package main

import (
	"fmt"
	"os"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"spanfate.dev/go-fixtures/collector/answer"
)

func main() {
	if err := answer.Each(os.Stdin, os.Stdout, decode); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decode(isJSON bool, body []byte) ([]string, error) {
	request := ptraceotlp.NewExportRequest()
	read := request.UnmarshalProto
	if isJSON {
		read = request.UnmarshalJSON
	}
	if read(body) != nil {
		return nil, nil
	}
	return answer.Spans(request.Traces()), nil
}
