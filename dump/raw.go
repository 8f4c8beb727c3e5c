package dump

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/peerglass/peerglass/protocol"
)

// A raw dump, unpacked, is a line with its name and version, a line of JSON
// with the header, and then the frames, each as
//
//	zigzag varint  received, ms, as the difference from the frame before
//	varint         length + 1
//	bytes          the frame as it came
//
// A difference of 0 with a length of 0 ends it: a dump without that end was
// cut off.
const (
	rawName    = "PeerglassDump"
	rawVersion = 1
	rawMagic   = rawName + " 1\n"
)

// maxHeader bounds a header, in bytes of JSON.
const maxHeader = 1 << 20

// Writer writes a raw dump.
type Writer struct {
	gz   *gzip.Writer
	last int64
	head [2 * binary.MaxVarintLen64]byte
}

// NewWriter begins a raw dump on w with its header. The data are gzip; w is
// not closed.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	if decoders[h.Protocol] == nil {
		return nil, fmt.Errorf("dump: no frames of protocol %q can be kept", h.Protocol)
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("write dump header: %w", err)
	}
	gz := gzip.NewWriter(w)
	gz.Name = ""
	if _, err := gz.Write(append(append([]byte(rawMagic), line...), '\n')); err != nil {
		return nil, fmt.Errorf("write dump header: %w", err)
	}
	return &Writer{gz: gz}, nil
}

// Frame appends one frame as it was received, at received (server's clock,
// Unix ms). It does not keep frame.
func (w *Writer) Frame(received int64, frame []byte) error {
	head := binary.AppendVarint(w.head[:0], received-w.last)
	head = binary.AppendUvarint(head, uint64(len(frame))+1)
	w.last = received
	if _, err := w.gz.Write(head); err != nil {
		return fmt.Errorf("write dump: %w", err)
	}
	if _, err := w.gz.Write(frame); err != nil {
		return fmt.Errorf("write dump: %w", err)
	}
	return nil
}

// Close ends the dump: without it the file counts as cut off.
func (w *Writer) Close() error {
	if _, err := w.gz.Write([]byte{0, 0}); err != nil {
		return fmt.Errorf("write dump: %w", err)
	}
	if err := w.gz.Close(); err != nil {
		return fmt.Errorf("write dump: %w", err)
	}
	return nil
}

// openRaw reads a raw dump up to its first frame.
func openRaw(in *input) (*Source, error) {
	line, _, err := readLine(in, nil, 64)
	if err != nil {
		return nil, in.explain(early(err))
	}
	if string(line) != rawMagic[:len(rawMagic)-1] {
		return nil, protocol.Errorf(protocol.CodeUnsupported, "the file is a Peerglass dump of a version that this program does not know (%.40q); it knows version %d: use a newer program", line, rawVersion)
	}
	line, cut, err := readLine(in, nil, maxHeader)
	if err != nil {
		return nil, in.explain(early(err))
	}
	s := &Source{format: FormatRaw, in: in}
	if err := json.Unmarshal(line, &s.header); err != nil || cut {
		return nil, &protocol.Error{Code: protocol.CodeMalformed, What: "the file is a Peerglass dump whose header is damaged", Cause: err}
	}
	if decoders[s.header.Protocol] == nil {
		return nil, protocol.Errorf(protocol.CodeUnsupported, "the file is a Peerglass dump of the protocol %q, which this program does not know: use a newer program", s.header.Protocol)
	}
	return s, nil
}

// early makes an end of the file one that came too early.
func early(err error) error {
	if eof(err) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *Source) readRaw(out *counter, keep func([]byte) error) error {
	d := decoders[s.header.Protocol](s.header)
	var received int64
	var frame []byte
	for number := int64(1); ; number++ {
		delta, err := binary.ReadVarint(s.in)
		if err != nil {
			return early(err)
		}
		size, err := binary.ReadUvarint(s.in)
		if err != nil {
			return early(err)
		}
		switch {
		case size == 0 && delta == 0:
			if _, err := s.in.ReadByte(); !eof(err) { // the checksum stands behind the end
				if err == nil {
					err = protocol.Errorf(protocol.CodeMalformed, "the file is damaged: more follows after its end")
				}
				return err
			}
			return nil
		case size == 0 || size > protocol.MaxFrame+1:
			return protocol.Errorf(protocol.CodeMalformed, "the file is damaged: frame %d has an impossible length", number)
		}
		received += delta
		if int(size-1) > cap(frame) {
			// Grown as it comes: a length is not believed before its bytes are there.
			frame = make([]byte, 0, min(int(size-1), 64<<10))
		}
		if frame, err = readN(s.in, frame[:0], int(size-1)); err != nil {
			return early(err)
		}
		if err := s.decode(d, frame, received, out, keep, "frame", number); err != nil {
			return err
		}
	}
}

// readN appends n bytes of r to dst.
func readN(r io.Reader, dst []byte, n int) ([]byte, error) {
	for n > 0 {
		step := min(n, 64<<10)
		from := len(dst)
		if from+step > cap(dst) {
			dst = append(make([]byte, 0, 2*(from+step)), dst...)
		}
		dst = dst[:from+step]
		if _, err := io.ReadFull(r, dst[from:]); err != nil {
			return dst, early(err)
		}
		n -= step
	}
	return dst, nil
}
