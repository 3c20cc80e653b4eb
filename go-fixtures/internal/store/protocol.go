package store

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Limits of one command. They are checked before anything is reserved, so that a length alone costs nothing.
const (
	maxArguments = 64
	maxBulk      = 64 << 10
	maxLine      = 512
)

// protocolError ends the connection, because nobody knows where the next command begins.
type protocolError string

func (e protocolError) Error() string { return "Protocol error: " + string(e) }

// readCommand reads one command: an array of bulk strings, the only form that clients send. io.EOF is a connection that
// ended between two commands.
func readCommand(r *bufio.Reader) ([][]byte, error) {
	count, err := readLength(r, '*', maxArguments)
	if err != nil {
		return nil, err
	}
	if count == 0 {
		return nil, protocolError("a command needs a name")
	}
	arguments := make([][]byte, 0, count)
	for range count {
		argument, err := readBulk(r)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, argument)
	}
	return arguments, nil
}

func readBulk(r *bufio.Reader) ([]byte, error) {
	length, err := readLength(r, '$', maxBulk)
	if err != nil {
		return nil, err
	}
	data := make([]byte, length+2)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	if data[length] != '\r' || data[length+1] != '\n' {
		return nil, protocolError("bulk string does not end with CR LF")
	}
	return data[:length], nil
}

// readLength reads a line like `*3` or `$5`. The number has digits only: no sign, so nothing is negative.
func readLength(r *bufio.Reader, kind byte, limit int) (int, error) {
	line, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return 0, protocolError("line too long")
	case errors.Is(err, io.EOF) && len(line) > 0:
		return 0, io.ErrUnexpectedEOF
	case err != nil:
		return 0, err
	}
	digits, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || len(digits) == 0 || digits[0] != kind {
		return 0, protocolError(fmt.Sprintf("expected '%c'", kind))
	}
	digits = digits[1:]
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return 0, protocolError("invalid length")
		}
	}
	length, err := strconv.Atoi(string(digits))
	if err != nil || length > limit {
		return 0, protocolError(fmt.Sprintf("invalid length, at most %d after '%c'", limit, kind))
	}
	return length, nil
}
