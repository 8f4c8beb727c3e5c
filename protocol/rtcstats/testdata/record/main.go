// Command record encodes what record.mjs noted of a call as the frames that
// rtcstats-js would have sent, a frame a line, into ../session.jsonl.gz.
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 4<<20)
	encoder := rtcstats.NewEncoder(rtcstats.EncoderOptions{AsClient: true})
	reader := statsjson.NewReader(statsjson.Options{})
	out, err := os.Create("protocol/rtcstats/testdata/session.jsonl.gz")
	if err != nil {
		return err
	}
	defer out.Close()
	gz, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	frames, bytes := 0, 0
	for in.Scan() {
		var e struct {
			name, conn string
			payload    json.RawMessage
			ids        []string
			time       int64
		}
		if err := json.Unmarshal(in.Bytes(), &[]any{&e.name, &e.conn, &e.payload, &e.ids, &e.time}); err != nil {
			return err
		}
		rec := rtc.Record{Kind: rtc.KindCall, Time: e.time, Conn: []byte(e.conn), Corr: []byte(strings.Join(e.ids, " "))}
		switch name, custom := strings.CutPrefix(e.name, ":"); {
		case e.name == "getStats":
			rec.Kind, rec.Stats = rtc.KindStats, &rtc.Stats{}
			if err := reader.Read(e.payload, rec.Stats); err != nil {
				return err
			}
			rec.Stats.Full, rec.Stats.MissingRemoved = true, true
			for i := range rec.Stats.Reports {
				rec.Stats.Time = max(rec.Stats.Time, rec.Stats.Reports[i].Time)
			}
		case custom:
			rec.Kind = rtc.KindEvent
			fallthrough
		default:
			if e.conn == "" && name == rtc.NameCreate {
				rec.Kind = rtc.KindOpen
			}
			rec.Name, rec.Payload = []byte(name), e.payload
		}
		frame, err := encoder.Append(nil, &rec)
		if err != nil {
			return err
		}
		if _, err := gz.Write(append(frame, '\n')); err != nil {
			return err
		}
		frames, bytes = frames+1, bytes+len(frame)
	}
	if err := in.Err(); err != nil {
		return err
	}
	fmt.Printf("%d frames, %d bytes each\n", frames, bytes/max(frames, 1))
	if err := gz.Close(); err != nil {
		return err
	}
	return out.Close()
}
