package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncfs writes everything of f's file system to the disk.
func syncfs(f *os.File) error { return unix.Syncfs(int(f.Fd())) }
