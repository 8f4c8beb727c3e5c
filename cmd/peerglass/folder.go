package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// claimFolder makes the data folder where it is missing and takes it for this
// process, until what it returns is closed or the process ends, however. Two
// programs over one folder would both replay its spool, and end each other's
// sessions.
func claimFolder(dir string) (io.Closer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder (--data names another): %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "serve.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write to the data folder (it must be this account's own; --data names another): %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock the data folder %s (it must be on a disk of this machine; --data names another): %w", dir, err)
		}
		holder, _ := io.ReadAll(io.LimitReader(f, 20)) // it is only told
		return nil, fmt.Errorf("the data folder %s is in use by another Peerglass (process %s): end that one, or give this one a folder of its own with --data", dir, strings.TrimSpace(string(holder)))
	}
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid()) // on a full disk there is no number to tell
	}
	return f, nil
}

// cannotListen says what is wrong with the address to listen on.
func cannotListen(address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("another program listens on %s: end that one, or choose another port with --listen: %w", address, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("this account may not listen on %s (ports below 1024 are the system's): choose another port with --listen: %w", address, err)
	}
	return fmt.Errorf("listen on %s (--listen takes a port such as :8080, or an address of this machine with one, such as 127.0.0.1:8080): %w", address, err)
}
