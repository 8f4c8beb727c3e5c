package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNotFound is returned for a key under which nothing is kept.
var ErrNotFound = errors.New("there is no such file in the blob store")

// ErrKey is returned for a key that could leave the store.
var ErrKey = errors.New("not a blob key: parts of letters, digits, '.', '_' and '-' joined by '/' are expected")

// Info describes a blob.
type Info struct {
	Key     string
	Size    int64
	Changed time.Time
}

// Store keeps blobs. Its methods may be called from many goroutines.
type Store interface {
	// Put stores what r gives under key, replacing what was there, and returns
	// when it is durable. If r or the store fails nothing changes.
	Put(ctx context.Context, key string, r io.Reader) error
	// Get opens a blob from its beginning; the caller closes it.
	Get(ctx context.Context, key string) (io.ReadCloser, Info, error)
	// Delete removes a blob; one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// List visits the blobs whose key begins with prefix, in the order of keys.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}

// Folder is a Store in a folder of the local disk.
type Folder struct{ root string }

var _ Store = (*Folder)(nil)

const partial = ".partial-" // files that Put has not finished begin so

// ShareFolder opens the store in a folder that another process may be writing
// to: what is half written there is left alone.
func ShareFolder(dir string) *Folder { return &Folder{root: dir} }

// OpenFolder opens the store in dir, makes it if it is not there, and removes
// what an interrupted Put left.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open the blob folder: %w", err)
	}
	leftovers, err := filepath.Glob(filepath.Join(dir, partial+"*"))
	if err != nil {
		return nil, fmt.Errorf("open the blob folder: %w", err)
	}
	for _, name := range leftovers {
		if err := os.Remove(name); err != nil {
			return nil, fmt.Errorf("open the blob folder: %w", err)
		}
	}
	return &Folder{root: dir}, nil
}

// path returns where key is kept.
func (f *Folder) path(key string) (string, error) {
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part[0] == '.' || strings.ContainsFunc(part, strange) {
			return "", fmt.Errorf("%w, not %q", ErrKey, key)
		}
	}
	return filepath.Join(f.root, filepath.FromSlash(key)), nil
}

func strange(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-')
}

// Put implements Store: a temporary file, fsync, rename, fsync of the folder.
func (f *Folder) Put(ctx context.Context, key string, r io.Reader) (err error) {
	path, err := f.path(key)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("put %s: %w", key, err)
		}
	}()
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(f.root, partial+"*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	if _, err := io.Copy(tmp, contextReader{ctx, r}); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Sync(); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Get implements Store.
func (f *Folder) Get(_ context.Context, key string) (io.ReadCloser, Info, error) {
	path, err := f.path(key)
	if err != nil {
		return nil, Info{}, err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Info{}, fmt.Errorf("get %s: %w", key, ErrNotFound)
	}
	if err != nil {
		return nil, Info{}, fmt.Errorf("get %s: %w", key, err)
	}
	stat, err := file.Stat()
	if err == nil && stat.IsDir() {
		err = ErrNotFound
	}
	if err != nil {
		file.Close()
		return nil, Info{}, fmt.Errorf("get %s: %w", key, err)
	}
	return file, Info{Key: key, Size: stat.Size(), Changed: stat.ModTime()}, nil
}

// Delete implements Store.
func (f *Folder) Delete(_ context.Context, key string) error {
	path, err := f.path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// List implements Store.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		// Only the folder that the prefix names needs to be walked.
		from := f.root
		if i := strings.LastIndexByte(prefix, '/'); i > 0 {
			path, err := f.path(prefix[:i])
			if err != nil {
				yield(Info{}, err)
				return
			}
			from = path
		}
		err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // deleted meanwhile, or never there
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(f.root, path)
			if err != nil {
				return err
			}
			key := filepath.ToSlash(rel)
			if d.IsDir() || strings.HasPrefix(d.Name(), partial) || !strings.HasPrefix(key, prefix) {
				return nil
			}
			stat, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !yield(Info{Key: key, Size: stat.Size(), Changed: stat.ModTime()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Info{}, fmt.Errorf("list %q: %w", prefix, err))
		}
	}
}

// contextReader ends a copy when its context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
