package ingest

import (
	"context"

	"github.com/peerglass/peerglass/quality/feature"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/spool"
)

// extract reads a finished session's frames once more and writes its features.
// It runs beside the writing of dumps, where nobody waits for it.
func (s *Server) extract(ctx context.Context, l *live) error {
	log := l.log.Load()
	meta := log.Meta()
	e := feature.New()
	if len(meta.Identity) > 0 {
		_ = e.Record(&rtc.Record{Kind: rtc.KindOpen, Received: meta.Start, Name: openName, Payload: meta.Identity}) // it never fails
	}
	decoder := l.wire.decoder(&meta)
	_, err := log.Read(0, func(f *spool.Frame) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		_ = decoder.Decode(f.Data, f.Received, e) // what was wrong with a frame was told to its sender when it came
		e.Frame(len(f.Data))
		return nil
	})
	if err != nil {
		return err
	}
	s.sink.Features(featuresOf(e, l.session))
	return nil
}

// featuresOf returns what the extractor knows, as rows of the session.
func featuresOf(e *feature.Extractor, of *session.Session) []rtc.Feature {
	row := of.Row()
	all := e.Features()
	for i := range all {
		all[i].App, all[i].Call, all[i].Session = row.App, row.Call, row.ID
	}
	return all
}
