package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/quality/feature"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// MaxImport bounds an imported file, packed as it comes, in bytes.
const MaxImport = 1 << 30

// Import reads a dump or an export of any known format as a finished session
// in a call of its own and returns the id of that call. name is the file's,
// for messages; progress, which may be nil, is called with the bytes read so
// far. It returns when the rows are durable; the file itself becomes the
// session's dump. A file that cannot be read gives a *protocol.Error.
func (s *Server) Import(ctx context.Context, app rtc.AppID, name string, r io.Reader, progress func(read int64)) (rtc.CallID, error) {
	call, err := s.importFile(ctx, app, r, progress)
	if err != nil {
		result := "failed" // not the file's fault
		if fault := (*protocol.Error)(nil); errors.As(err, &fault) {
			result = fault.Code
		}
		s.metrics.imports.WithLabelValues(result).Inc()
		return 0, fmt.Errorf("import %s: %w", path.Base(name), err)
	}
	s.metrics.imports.WithLabelValues("done").Inc()
	return call, nil
}

func (s *Server) importFile(ctx context.Context, app rtc.AppID, r io.Reader, progress func(int64)) (rtc.CallID, error) {
	// On disk first: the file is read twice, to derive and to keep it.
	file, err := os.CreateTemp("", "peerglass-import-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	upload := &upload{r: io.LimitReader(r, MaxImport+1)}
	size, err := io.Copy(file, upload)
	if upload.err != nil {
		return 0, protocol.Errorf(protocol.CodeMalformed, "the upload broke off after %d bytes: send the file again", size)
	}
	if err != nil {
		return 0, err
	}
	if size > MaxImport {
		return 0, protocol.Errorf(protocol.CodeTooLarge, "the file is larger than %d MiB: split it, or pack it with gzip", MaxImport>>20)
	}
	// A file becomes a call whole or not at all: damage further on is found
	// before the first row is written.
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	src, err := dump.Open(file)
	if err != nil {
		return 0, err
	}
	whole := counted{ctx: ctx}
	if err := src.Replay(&whole); err != nil {
		return 0, err
	}
	if whole.records == 0 {
		return 0, protocol.Errorf(protocol.CodeMalformed, "the file holds not one record")
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	if src, err = dump.Open(file); err != nil {
		return 0, err
	}
	if progress != nil {
		src.Progress(progress)
	}

	// Rooms and a judge of its own: a file from yesterday must not join a call of
	// today, so that its call is judged by this file alone.
	judge := session.NewJudge(s.opts.Store, session.JudgeOptions{Log: s.log})
	rooms := session.NewRooms(judge, s.opts.Random)
	in := &importer{ctx: ctx, header: src.Header(), rooms: rooms, sink: judge, features: feature.New(), server: s, app: app}
	src.Sizes(in.features.Frame)
	if err := src.Replay(in); err != nil {
		return 0, err
	}
	last := max(in.last, in.first)
	in.session.End(last, "import")
	rooms.Flush()

	key := DumpKey(app, in.session.ID())
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.opts.Blob.Put(ctx, key, file); err != nil {
		return 0, err
	}
	judge.Features(featuresOf(in.features, in.session))
	in.session.SetDump(key, s.now())
	if err := judge.Settle(ctx); err != nil {
		return 0, err
	}
	if err := s.opts.Store.Flush(ctx); err != nil {
		return 0, err
	}
	if err := s.opts.Store.Durable(ctx); err != nil {
		return 0, err
	}
	return in.session.Call(), nil
}

// upload remembers that its source failed, which is not this server's fault.
type upload struct {
	r   io.Reader
	err error
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		u.err = err
	}
	return n, err
}

// counted looks whether a file can be read to its end.
type counted struct {
	ctx     context.Context
	records int
}

// Record implements rtc.Sink.
func (c *counted) Record(*rtc.Record) error {
	c.records++
	return c.ctx.Err()
}

// importer makes the session at the file's first record, whose time its id carries.
type importer struct {
	ctx         context.Context
	server      *Server
	app         rtc.AppID
	header      dump.Header
	rooms       session.Rooms
	sink        session.Sink
	features    *feature.Extractor
	session     *session.Session
	first, last int64
}

// Record implements rtc.Sink.
func (in *importer) Record(r *rtc.Record) error {
	// Who hangs up now gets the call all the same: half of one would stand in
	// the list. It ends only with the server, whose next start ends the call.
	if err := in.ctx.Err(); err != nil && !in.server.running.Load() {
		return err
	}
	if in.session == nil {
		in.first = r.Received
		in.session = session.New(session.Options{
			App: in.app, ID: rtc.SessionID(rtc.NewID(r.Received, in.server.opts.Random())),
			Protocol: in.header.Protocol, Start: r.Received, Address: in.header.Address, Region: in.header.Region, Carrier: in.header.Carrier,
			Rooms: in.rooms, Sink: in.sink, Import: true, Thresholds: in.server.thresholds(in.app),
		})
	}
	in.last = max(in.last, r.Received)
	_ = in.features.Record(r) // it never fails
	err := in.session.Record(r)
	var limit *protocol.Error
	if errors.Is(err, session.ErrEnded) || errors.As(err, &limit) {
		return nil // after the goodbye, or beyond a limit: it stays in the dump only
	}
	return err
}
