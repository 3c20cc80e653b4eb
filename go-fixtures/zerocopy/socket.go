package zerocopy

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Kinds are the sockets that are compared.
var Kinds = []string{"TCP", "Unix"}

// Connect makes two connected, blocking stream sockets on this machine.
func Connect(kind string) (sender, receiver int, err error) {
	switch kind {
	case "Unix":
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return -1, -1, fmt.Errorf("socketpair: %w", err)
		}
		return pair[0], pair[1], nil
	case "TCP":
		return overLoopback()
	}
	return -1, -1, fmt.Errorf("there is no socket %q; it must be one of %q", kind, Kinds)
}

func overLoopback() (sender, receiver int, err error) {
	const stream = unix.SOCK_STREAM | unix.SOCK_CLOEXEC
	listener, err := unix.Socket(unix.AF_INET, stream, 0)
	if err != nil {
		return -1, -1, fmt.Errorf("socket: %w", err)
	}
	defer func() { err = errors.Join(err, unix.Close(listener)) }()
	loopback := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if err := errors.Join(unix.Bind(listener, loopback), unix.Listen(listener, 1)); err != nil {
		return -1, -1, fmt.Errorf("listen: %w", err)
	}
	address, err := unix.Getsockname(listener)
	if err != nil {
		return -1, -1, fmt.Errorf("getsockname: %w", err)
	}
	if sender, err = unix.Socket(unix.AF_INET, stream, 0); err != nil {
		return -1, -1, fmt.Errorf("socket: %w", err)
	}
	if err := unix.Connect(sender, address); err != nil {
		return -1, -1, errors.Join(fmt.Errorf("connect: %w", err), unix.Close(sender))
	}
	if receiver, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC); err != nil {
		return -1, -1, errors.Join(fmt.Errorf("accept: %w", err), unix.Close(sender))
	}
	return sender, receiver, nil
}
