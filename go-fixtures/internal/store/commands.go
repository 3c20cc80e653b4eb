package store

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"sync"

	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/spend"
)

const (
	valueBytes = 100
	maxSet     = 64 << 20 // bytes of keys and values that clients may set
)

// answer writes the answer to one command; false ends the connection.
func (s *Store) answer(out *bufio.Writer, command [][]byte) bool {
	name := strings.ToUpper(string(command[0]))
	arguments := command[1:]
	if least, most, known := arity(name); known && (len(arguments) < least || len(arguments) > most) {
		writeError(out, fmt.Sprintf("wrong number of arguments for '%s' command", strings.ToLower(name)))
		return true
	}
	switch name {
	case "GET":
		spend.CPU(s.work.CPUUS)
		spend.Sleep(s.work.SleepUS)
		writeBulk(out, s.values.get(string(arguments[0])))
	case "SET":
		if !s.values.put(string(arguments[0]), arguments[1]) {
			_, _ = out.WriteString("-OOM the store is full; DEL some keys\r\n")
			break
		}
		_, _ = out.WriteString("+OK\r\n")
	case "DEL":
		_, _ = out.WriteString(":" + strconv.Itoa(s.values.remove(arguments)) + "\r\n")
	case "PING":
		if len(arguments) == 1 {
			writeBulk(out, arguments[0])
			break
		}
		_, _ = out.WriteString("+PONG\r\n")
	case "QUIT":
		_, _ = out.WriteString("+OK\r\n")
		return false
	default:
		writeError(out, fmt.Sprintf("unknown command %.64q", name)) // quoted: a line end in the name stays inside
	}
	return true
}

func arity(name string) (least, most int, known bool) {
	switch name {
	case "GET":
		return 1, 1, true
	case "SET":
		return 2, 2, true
	case "DEL":
		return 1, maxArguments, true
	case "PING":
		return 0, 1, true
	case "QUIT":
		return 0, 0, true
	}
	return 0, 0, false
}

// A failed write stays in the writer and comes out at the next Flush.

func writeError(out *bufio.Writer, text string) { _, _ = out.WriteString("-ERR " + text + "\r\n") }

func writeBulk(out *bufio.Writer, data []byte) {
	_, _ = out.WriteString("$" + strconv.Itoa(len(data)) + "\r\n")
	_, _ = out.Write(data)
	_, _ = out.WriteString("\r\n")
}

// values has a value for every key: the one that was set, or one made of the key.
type values struct {
	lock sync.RWMutex
	set  map[string][]byte
	size int
}

func (v *values) get(key string) []byte {
	v.lock.RLock()
	value, ok := v.set[key]
	v.lock.RUnlock()
	if ok {
		return value
	}
	return made(key)
}

func (v *values) put(key string, value []byte) bool {
	v.lock.Lock()
	defer v.lock.Unlock()
	size := v.size + len(value)
	if old, ok := v.set[key]; ok {
		size -= len(old)
	} else {
		size += len(key)
	}
	if size > maxSet {
		return false
	}
	v.set[key], v.size = value, size
	return true
}

func (v *values) remove(keys [][]byte) (removed int) {
	v.lock.Lock()
	defer v.lock.Unlock()
	for _, key := range keys {
		if value, ok := v.set[string(key)]; ok {
			delete(v.set, string(key))
			v.size -= len(key) + len(value)
			removed++
		}
	}
	return removed
}

// made is the value of a key that nobody set: the same in every run.
func made(key string) []byte {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(key))
	var text bytes.Buffer
	for n := hash.Sum64(); text.Len() < valueBytes; n++ {
		fmt.Fprintf(&text, "%016x", ids.Mix(n))
	}
	return text.Bytes()[:valueBytes]
}
