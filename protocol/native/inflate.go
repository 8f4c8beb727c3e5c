package native

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"

	"github.com/peerglass/peerglass/protocol"
)

// inflater is one decompressor and its output. The pool shares them between
// all sessions: none is held between two batches.
type inflater struct {
	src bytes.Reader
	z   io.ReadCloser
	out []byte
}

var inflaters = sync.Pool{New: func() any {
	inf := &inflater{out: make([]byte, 0, 16<<10)}
	inf.z = flate.NewReader(&inf.src)
	return inf
}}

// release gives inf back to the pool, without what a giant batch made it grow to.
func (inf *inflater) release() {
	if cap(inf.out) > 256<<10 {
		inf.out = make([]byte, 0, 16<<10)
	}
	inf.src.Reset(nil)
	inflaters.Put(inf)
}

// inflate decompresses body into a buffer that is valid until the inflater
// goes back to the pool.
func (inf *inflater) inflate(body []byte) ([]byte, error) {
	inf.src.Reset(body)
	if err := inf.z.(flate.Resetter).Reset(&inf.src, nil); err != nil {
		return nil, &protocol.Error{Code: protocol.CodeMalformed, What: "the batch cannot be decompressed", Cause: err}
	}
	out := inf.out[:0]
	for {
		if len(out) == cap(out) {
			if cap(out) >= protocol.MaxFrame {
				// A full buffer is no fault if the stream ends right here.
				var one [1]byte
				if n, err := inf.z.Read(one[:]); n == 0 && err == io.EOF {
					return out, nil
				}
				return nil, protocol.Errorf(protocol.CodeTooLarge, "the batch is larger than %d bytes when decompressed; send smaller ones", protocol.MaxFrame)
			}
			out = append(make([]byte, 0, min(2*cap(out), protocol.MaxFrame)), out...)
			inf.out = out
		}
		n, err := inf.z.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		if err == io.EOF {
			if inf.src.Len() > 0 {
				return nil, protocol.Errorf(protocol.CodeMalformed, "bytes follow the compressed body of the batch")
			}
			return out, nil
		}
		if err != nil {
			return nil, &protocol.Error{Code: protocol.CodeMalformed, What: "the batch cannot be decompressed", Cause: err}
		}
	}
}
