package engine

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
)

// answer writes a response: re-framed, compressed, and with errors in the way
// that fits what was already sent.
type answer struct {
	w        http.ResponseWriter
	sink     io.Writer // w, or a gzip writer on it
	gzip     *gzip.Writer
	compress *compress.Writer
	reframe  *reframer
	framed   []byte
	hold     bool   // keep what fits into held until the end
	held     []byte // so that an error late in the answer can still be told by status
	sent     bool
}

// holdLimit is how much of an answer is held back for wait_end_of_query.
const holdLimit = 8 << 20

func newAnswer(w http.ResponseWriter, r *http.Request) *answer {
	out := &answer{w: w, sink: w}
	q := r.URL.Query()
	if q.Get("enable_http_compression") == "1" && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		out.gzip, _ = gzip.NewWriterLevel(w, gzip.BestSpeed)
		out.sink = out.gzip
	}
	if q.Get("compress") == "1" {
		method := compress.LZ4
		if strings.EqualFold(q.Get("network_compression_method"), "ZSTD") {
			method = compress.ZSTD
		}
		out.compress = compress.NewWriter(compress.LevelZero, method)
	}
	out.hold = q.Get("wait_end_of_query") == "1"
	if id := q.Get("query_id"); id != "" {
		w.Header().Set("X-ClickHouse-Query-Id", id)
	}
	return out
}

// begin sets the headers of a successful answer.
func (a *answer) begin(req *request) {
	h := a.w.Header()
	h.Set("X-ClickHouse-Format", req.format)
	h.Set("Content-Type", contentType(req.format))
	h.Set("X-ClickHouse-Exception-Tag", exceptionTag)
	if req.format == "Native" && req.revision > 0 {
		a.reframe = &reframer{revision: req.revision}
	}
}

// summary tells what the statement read and wrote, in ClickHouse's form.
func (a *answer) summary(r *result) {
	a.w.Header().Set("X-ClickHouse-Summary", fmt.Sprintf(
		`{"read_rows":"%d","read_bytes":"%d","written_rows":"%d","written_bytes":"%d"}`,
		r.lib.resultRowsRead(r.handle), r.lib.resultBytesRead(r.handle),
		r.lib.resultRowsWritten(r.handle), r.lib.resultBytesWritten(r.handle)))
}

// compressedFrame is the most that one compressed frame holds.
const compressedFrame = 1 << 20

func (a *answer) write(data []byte) error {
	if a.reframe != nil {
		var err error
		if a.framed, err = a.reframe.append(a.framed[:0], data); err != nil {
			return err
		}
		data = a.framed
	}
	for len(data) > 0 {
		piece := data
		if a.compress != nil {
			piece = data[:min(len(data), compressedFrame)]
			data = data[len(piece):]
			if err := a.compress.Compress(piece); err != nil {
				return fmt.Errorf("compress the answer: %w", err)
			}
			piece = a.compress.Data
		} else {
			data = nil
		}
		if err := a.send(piece); err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) send(piece []byte) error {
	if a.hold {
		if len(a.held)+len(piece) <= holdLimit {
			a.held = append(a.held, piece...)
			return nil
		}
		if err := a.release(); err != nil {
			return err
		}
	}
	a.sent = true
	if _, err := a.sink.Write(piece); err != nil {
		return fmt.Errorf("send the answer: %w", err)
	}
	return nil
}

// release sends what was held back.
func (a *answer) release() error {
	a.hold = false
	held := a.held
	if a.held = nil; len(held) == 0 {
		return nil
	}
	return a.send(held)
}

func (a *answer) finish() error {
	if a.reframe != nil {
		if err := a.reframe.finish(); err != nil {
			return err
		}
	}
	return a.release()
}

// exceptionTag marks an error inside an answer that had begun; clients look
// for it behind __exception__.
const exceptionTag = "peerglassengine1"

// fail reports an error: by status if nothing was sent yet, else in the block
// that ClickHouse ends a broken answer with.
func (a *answer) fail(err error) {
	var e *exception
	if !errors.As(err, &e) {
		e = raise(codeUnknown, err.Error())
	}
	text := e.text
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if a.sent {
		fmt.Fprintf(a.sink, "\r\n__exception__\r\n%s\r\n%s%d %s\r\n__exception__\r\n", exceptionTag, text, len(text), exceptionTag)
		return
	}
	h := a.w.Header()
	h.Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.code))
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Del("X-ClickHouse-Format")
	a.w.WriteHeader(e.status())
	_, _ = io.WriteString(a.sink, text)
}

func (a *answer) close() {
	if a.gzip != nil {
		_ = a.gzip.Close()
	}
}

func contentType(format string) string {
	switch {
	case format == "JSON" || format == "JSONCompact" || format == "JSONStrings":
		return "application/json; charset=UTF-8"
	case strings.HasPrefix(format, "JSON"):
		return "application/x-ndjson; charset=UTF-8"
	case strings.HasPrefix(format, "TabSeparated") || strings.HasPrefix(format, "TSV"):
		return "text/tab-separated-values; charset=UTF-8"
	case strings.HasPrefix(format, "CSV"):
		return "text/csv; charset=UTF-8; header=" + map[bool]string{true: "present", false: "absent"}[strings.Contains(format, "WithNames")]
	case format == "Native" || strings.HasPrefix(format, "RowBinary") || format == "Parquet" || strings.HasPrefix(format, "Arrow"):
		return "application/octet-stream"
	default:
		return "text/plain; charset=UTF-8"
	}
}
