package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// conform is what every Store must pass.
func conform(t *testing.T, s Store) {
	ctx := context.Background()
	get := func(key string) (string, error) {
		r, info, err := s.Get(ctx, key)
		if err != nil {
			return "", err
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		if int64(len(b)) != info.Size || info.Key != key {
			t.Errorf("%s: info %+v for %d bytes", key, info, len(b))
		}
		return string(b), err
	}
	list := func(prefix string) (keys []string) {
		for info, err := range s.List(ctx, prefix) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, info.Key)
		}
		return keys
	}
	for key, text := range map[string]string{"7/dumps/a.gz": "one", "7/dumps/b.gz": "two", "71/x": "three", "7/y": ""} {
		if err := s.Put(ctx, key, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := get(key); err != nil || got != text {
			t.Errorf("%s holds %q, %v", key, got, err)
		}
	}
	if err := s.Put(ctx, "7/y", strings.NewReader("newer")); err != nil {
		t.Fatal(err)
	}
	broken := io.MultiReader(bytes.NewReader(make([]byte, 100_000)), iotest.ErrReader(errors.New("the line broke")))
	if err := s.Put(ctx, "7/y", broken); err == nil {
		t.Error("a broken source was stored")
	}
	if got, err := get("7/y"); err != nil || got != "newer" {
		t.Errorf("after a failed Put: %q, %v", got, err)
	}
	if got := strings.Join(list("7/"), " "); got != "7/dumps/a.gz 7/dumps/b.gz 7/y" {
		t.Errorf("List(7/): %s", got)
	}
	if got := strings.Join(list("7/dumps/b"), " "); got != "7/dumps/b.gz" {
		t.Errorf("List(7/dumps/b): %s", got)
	}
	if got := list("8/nothing/"); got != nil {
		t.Errorf("List of nothing: %v", got)
	}
	if n := len(list("")); n != 4 {
		t.Errorf("%d blobs in all", n)
	}
	for range 2 { // the second time it is not there
		if err := s.Delete(ctx, "71/x"); err != nil {
			t.Errorf("delete: %v", err)
		}
	}
	if _, err := get("71/x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted blob: %v", err)
	}
	if _, err := get("7/dumps"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a folder: %v", err)
	}
	for _, key := range []string{"", "/", "../x", "a/../b", "/etc/passwd", "a//b", ".hidden", "a b", "a\x00"} {
		if err := s.Put(ctx, key, strings.NewReader("x")); !errors.Is(err, ErrKey) {
			t.Errorf("key %q: %v", key, err)
		}
	}
}

func TestFolder(t *testing.T) {
	f, err := OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	conform(t, f)
}

func TestFolderClearsWhatWasInterrupted(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, partial+"123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the half file is still there: %v", err)
	}
}
