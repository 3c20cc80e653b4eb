package store

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"spanfate.dev/fixtures/internal/config"
)

func open(t *testing.T, work config.Work) (address string, s *Store) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = New(work)
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return listener.Addr().String(), s
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	if err := connection.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return connection
}

func send(t *testing.T, connection net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

const (
	ping  = "*1\r\n$4\r\nPING\r\n"
	getA  = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
	setAB = "*3\r\n$3\r\nset\r\n$1\r\na\r\n$4\r\nb\r\n\x00\r\n"
)

func TestPipelineIsAnsweredInOrder(t *testing.T) {
	address, _ := open(t, config.Work{})
	connection := dial(t, address)
	value := "$100\r\n" + string(made("a")) + "\r\n"
	send(t, connection, ping+getA+setAB+getA+"*3\r\n$3\r\nDEL\r\n$1\r\na\r\n$1\r\nz\r\n"+getA+"*1\r\n$4\r\nQUIT\r\n"+ping)
	expect(t, connection, "+PONG\r\n"+value+"+OK\r\n$4\r\nb\r\n\x00\r\n:1\r\n"+value+"+OK\r\n")
	if rest, err := io.ReadAll(connection); err != nil || len(rest) > 0 {
		t.Errorf("after QUIT: %q, %v", rest, err)
	}
}

// TestSplitCommands: TCP may cut anywhere, also between CR and LF.
func TestSplitCommands(t *testing.T) {
	address, _ := open(t, config.Work{})
	for cut := 1; cut < len(setAB); cut++ {
		connection := dial(t, address)
		send(t, connection, ping+setAB[:cut])
		expect(t, connection, "+PONG\r\n") // answered although half of the next command is there
		send(t, connection, setAB[cut:])
		expect(t, connection, "+OK\r\n")
	}
}

func TestWrongCommandsKeepTheConnection(t *testing.T) {
	address, _ := open(t, config.Work{})
	connection := dial(t, address)
	send(t, connection, "*1\r\n$3\r\nGET\r\n*1\r\n$6\r\nFL\r\nSH\r\n*2\r\n$4\r\nQUIT\r\n$0\r\n\r\n"+ping)
	expect(t, connection, "-ERR wrong number of arguments for 'get' command\r\n-ERR unknown command \"FL\\r\\nSH\"\r\n"+
		"-ERR wrong number of arguments for 'quit' command\r\n+PONG\r\n")
}

func TestProtocolErrorsEndTheConnection(t *testing.T) {
	address, _ := open(t, config.Work{})
	for name, text := range map[string]string{
		"inline":            "PING\r\n",
		"no name":           "*0\r\n",
		"negative array":    "*-1\r\n",
		"signed":            "*+1\r\n",
		"no number":         "*\r\n",
		"bare LF":           "*1\n",
		"many arguments":    "*65\r\n",
		"huge array":        "*99999999999999999999\r\n",
		"not a bulk":        "*1\r\n:3\r\n",
		"null bulk":         "*1\r\n$-1\r\n",
		"huge bulk":         "*2\r\n$3\r\nGET\r\n$65537\r\n",
		"very huge bulk":    "*2\r\n$3\r\nGET\r\n$9223372036854775808\r\n",
		"unfinished bulk":   "*1\r\n$4\r\nPINGxx",
		"endless line":      "*" + strings.Repeat("1", 2*maxLine),
		"letters in length": "*1\r\n$4x\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			connection := dial(t, address)
			send(t, connection, text)
			answer, err := bufio.NewReader(connection).ReadString('\n')
			if err != nil || !strings.HasPrefix(answer, "-ERR Protocol error: ") {
				t.Errorf("answer %q, %v", answer, err)
			}
			var one [1]byte
			if n, err := connection.Read(one[:]); n != 0 || err == nil {
				t.Error("the connection is still open")
			}
		})
	}
}

func TestCutCommandIsNoCommand(t *testing.T) {
	for cut := range setAB {
		_, err := readCommand(bufio.NewReaderSize(strings.NewReader(setAB[:cut]), maxLine))
		want := io.ErrUnexpectedEOF
		if cut == 0 {
			want = io.EOF
		}
		if err != want {
			t.Errorf("cut at %d: %v, want %v", cut, err, want)
		}
	}
}

// TestAgainstAClient has the client that the cache uses, with concurrent connections.
func TestAgainstAClient(t *testing.T) {
	address, _ := open(t, config.Work{CPUUS: 10, SleepUS: 10})
	done := make(chan error)
	for range 8 {
		go func() { done <- talk(address) }()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func talk(address string) error {
	connection, err := redis.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	for _, key := range []string{"key:0", "key:1", "", strings.Repeat("k", maxBulk)} {
		value, err := redis.String(connection.Do("GET", key))
		if err != nil {
			return err
		}
		if value != string(made(key)) || len(value) != valueBytes {
			return redis.Error("wrong value of " + key[:min(len(key), 9)])
		}
	}
	return nil
}

func TestStoreIsBounded(t *testing.T) {
	v := values{set: make(map[string][]byte)}
	value := make([]byte, maxBulk)
	n := 0
	for v.put(string(made(string(rune(n)))), value) {
		n++
	}
	if want := maxSet / (maxBulk + valueBytes); n != want {
		t.Errorf("%d values fit, want %d", n, want)
	}
	if !v.put(string(made(string(rune(0)))), nil) || v.size > maxSet {
		t.Error("a smaller value does not fit")
	}
}

// TestStopAnswersWhatIsInWork uses a pipe, whose Write returns when the store has read everything: the GET is in work then.
func TestStopAnswersWhatIsInWork(t *testing.T) {
	address, s := open(t, config.Work{SleepUS: 1000})
	idle := dial(t, address)
	send(t, idle, ping)
	expect(t, idle, "+PONG\r\n")
	busy, far := net.Pipe()
	if !s.enter(far) {
		t.Fatal("the store stops already")
	}
	go s.talk(far)
	send(t, busy, getA)
	stopped := make(chan error)
	go func() { stopped <- s.Stop(context.Background()) }()
	expect(t, busy, "$100\r\n"+string(made("a"))+"\r\n")
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	for _, connection := range []net.Conn{idle, busy} {
		if rest, err := io.ReadAll(connection); err != nil || len(rest) > 0 {
			t.Errorf("rest %q, %v", rest, err)
		}
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("the store still listens")
	}
}

// TestStopCutsWhoDoesNotRead: nobody reads the answer, and Stop returns when its context ends.
func TestStopCutsWhoDoesNotRead(t *testing.T) {
	s := New(config.Work{})
	near, far := net.Pipe()
	s.enter(far)
	go s.talk(far)
	send(t, near, getA)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Stop(ctx); err != context.Canceled {
		t.Errorf("stop: %v", err)
	}
	s.running.Wait()
}
