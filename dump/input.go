package dump

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"github.com/peerglass/peerglass/protocol"
)

// What is read of one file, at most.
const (
	maxBytes = 4 << 30 // after decompression
	// A file that expands more than this after the first part of it is a bomb:
	// recordings of hours stay below 60.
	maxRatio  = 250
	ratioFrom = 64 << 20
)

// input is a file with its compression taken off.
type input struct {
	*bufio.Reader
	file   *file
	packed bool
}

// file counts what is read of the underlying reader.
type file struct {
	r        io.Reader
	read     int64
	progress func(int64)
	told     int64
	err      error // of the reader itself
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	f.read += int64(n)
	if err != nil && err != io.EOF {
		f.err = err
	}
	if f.progress != nil && (f.read-f.told >= 64<<10 || err != nil) {
		f.told = f.read
		f.progress(f.read)
	}
	return n, err
}

// bounded ends what expands without bounds.
type bounded struct {
	r    io.Reader
	file *file
	n    int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	switch {
	case b.n > maxBytes:
		return n, protocol.Errorf(protocol.CodeTooLarge, "the file is larger than %d GiB unpacked, which is the most that is read: split it", maxBytes>>30)
	case b.n > ratioFrom && b.n/maxRatio > b.file.read:
		return n, protocol.Errorf(protocol.CodeTooLarge, "the file expands more than %d-fold, which no recording does", maxRatio)
	}
	return n, err
}

// newInput takes the compression off r, if it has one.
func newInput(r io.Reader) (*input, error) {
	f := &file{r: r}
	in := &input{file: f}
	raw := bufio.NewReaderSize(f, 64<<10)
	magic, err := raw.Peek(2)
	switch {
	case err != nil && err != io.EOF:
		return nil, fmt.Errorf("read dump: %w", err)
	case len(magic) == 0:
		return nil, protocol.Errorf(protocol.CodeMalformed, "the file is empty")
	}
	var data io.Reader = raw
	if len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		in.packed = true
		if data, err = gzip.NewReader(raw); err != nil {
			return nil, in.explain(err)
		}
	}
	in.Reader = bufio.NewReaderSize(&bounded{r: data, file: f}, 64<<10)
	return in, nil
}

// explain makes a sentence of a fault of the file.
func (in *input) explain(err error) error {
	var fault *protocol.Error
	var corrupt flate.CorruptInputError
	switch {
	case err == nil || errors.As(err, &fault):
		return err
	case in.file.err != nil:
		return fmt.Errorf("read dump: %w", in.file.err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &protocol.Error{Code: protocol.CodeMalformed, What: "the file is cut off: it ends before what it holds is complete; copy it again", Cause: err}
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return &protocol.Error{Code: protocol.CodeMalformed, What: "the file is damaged: its gzip data do not fit together; copy it again", Cause: err}
	}
	return &protocol.Error{Code: protocol.CodeMalformed, What: "the file is damaged", Cause: err}
}
