package spool

import (
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// roomFS is a file system whose writes wait for room instead of failing when
// the disk is full. Pebble treats a failed write to its log as the end of the
// process; waiting keeps everything it has, and it goes on by itself.
type roomFS struct {
	vfs.FS
	log     *slog.Logger
	waiting atomic.Int32 // writes that wait for room
}

const retryEvery = 100 * time.Millisecond

func newRoomFS(inner vfs.FS, log *slog.Logger) *roomFS { return &roomFS{FS: inner, log: log} }

// full reports whether a write waits for room.
func (f *roomFS) full() bool { return f.waiting.Load() > 0 }

func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// retry calls op until it fails for another reason than a full disk, or not at all.
func (f *roomFS) retry(op func() error) error {
	err := op()
	if !noRoom(err) {
		return err
	}
	f.log.Error("the disk of the spool is full: writes wait for room")
	f.waiting.Add(1)
	defer f.waiting.Add(-1)
	for noRoom(err) {
		time.Sleep(retryEvery)
		err = op()
	}
	return err
}

func (f *roomFS) file(open func() (vfs.File, error)) (vfs.File, error) {
	var file vfs.File
	err := f.retry(func() (err error) {
		file, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &roomFile{File: file, fs: f}, nil
}

func (f *roomFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file(func() (vfs.File, error) { return f.FS.Create(name, category) })
}

func (f *roomFS) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return f.file(func() (vfs.File, error) { return f.FS.OpenReadWrite(name, category, opts...) })
}

func (f *roomFS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file(func() (vfs.File, error) { return f.FS.ReuseForWrite(oldname, newname, category) })
}

func (f *roomFS) Link(oldname, newname string) error {
	return f.retry(func() error { return f.FS.Link(oldname, newname) })
}

func (f *roomFS) Rename(oldname, newname string) error {
	return f.retry(func() error { return f.FS.Rename(oldname, newname) })
}

func (f *roomFS) MkdirAll(dir string, perm os.FileMode) error {
	return f.retry(func() error { return f.FS.MkdirAll(dir, perm) })
}

func (f *roomFS) Unwrap() vfs.FS { return f.FS }

// roomFile is a file of a roomFS.
type roomFile struct {
	vfs.File
	fs *roomFS
}

func (f *roomFile) Write(p []byte) (int, error) {
	written := 0
	err := f.fs.retry(func() error {
		n, err := f.File.Write(p[written:])
		written += n
		return err
	})
	return written, err
}

func (f *roomFile) WriteAt(p []byte, off int64) (int, error) {
	written := 0
	err := f.fs.retry(func() error {
		n, err := f.File.WriteAt(p[written:], off+int64(written))
		written += n
		return err
	})
	return written, err
}

func (f *roomFile) Sync() error     { return f.fs.retry(f.File.Sync) }
func (f *roomFile) SyncData() error { return f.fs.retry(f.File.SyncData) }
