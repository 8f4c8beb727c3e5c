package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/peerglass/peerglass/api"
	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/quality/feature"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

type analyzeCommand struct {
	Files []string `arg:"" help:"Dumps to read." type:"existingfile"`
	JSON  bool     `help:"Print JSON, an object a file, for machines."`
}

// analysis is what one file comes to.
type analysis struct {
	File     string            `json:"file"`
	Format   dump.Format       `json:"format,omitempty"`
	Notes    []string          `json:"notes,omitempty"`
	Records  int64             `json:"records"`
	Polls    int64             `json:"polls"`
	Faults   int64             `json:"faults"`
	Sessions []session.Summary `json:"sessions"`
	api.Assessment
	Error string `json:"error,omitempty"`
}

func (c analyzeCommand) Run() error {
	failed := false
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	for i, name := range c.Files {
		a, err := analyze(name)
		if err != nil {
			failed = true
			a.Error = err.Error()
		}
		switch {
		case c.JSON:
			err = out.Encode(a)
		case a.Error != "":
			_, err = fmt.Fprintf(os.Stderr, "%s: %s\n", filepath.Base(name), a.Error)
		default:
			if i > 0 {
				fmt.Println()
			}
			err = a.print(os.Stdout)
		}
		if err != nil {
			return err
		}
	}
	if failed {
		return errPartial
	}
	return nil
}

// analyze reads a dump through the same decoder and session as the server.
func analyze(name string) (analysis, error) {
	a := analysis{File: name, Sessions: []session.Summary{}}
	f, err := os.Open(name)
	if err != nil {
		return a, err
	}
	defer f.Close()
	src, err := dump.Open(f)
	if err != nil {
		return a, err
	}
	a.Format = src.Format()

	head := src.Header()
	rows := &session.Collect{}
	random := rand.New(rand.NewPCG(1, 2)).Uint64 // ids of one file read alone need no secrecy, and the same file gives the same ones
	judge := session.NewJudge(rows, session.JudgeOptions{})
	features := feature.New()
	src.Sizes(features.Frame)
	rooms := session.NewRooms(judge, random)
	var last int64
	s := session.New(session.Options{
		App: 1, ID: rtc.SessionID(rtc.NewID(head.Start, random())), Protocol: head.Protocol, Start: head.Start, Address: head.Address,
		Rooms: rooms, Sink: judge, Import: true,
	})
	err = src.Replay(lastSeen{s, features, &last})
	if err != nil {
		return a, err
	}
	s.End(last, "import")
	rooms.Flush()
	if err := judge.Settle(context.Background()); err != nil {
		return a, err
	}
	var v *rtc.Verdict
	if len(rows.Verdicts) > 0 {
		v = &rows.Verdicts[0]
	}
	row := s.Row()
	found := features.Features()
	for i := range found {
		found[i].App, found[i].Call, found[i].Session = row.App, row.Call, row.ID
	}
	a.Assessment = api.Assess(v, rows.Issues, rows.Outcomes, found)
	a.Notes = src.Notes()
	sum := src.Summary()
	a.Records, a.Polls, a.Faults = sum.Records, sum.Polls, sum.Faults
	if sum.Fault != nil {
		a.Notes = append(a.Notes, fmt.Sprintf("%d parts could not be read and were passed over; the first: %v", sum.Faults, sum.Fault))
	}
	a.Sessions = session.Summarise(rows)
	return a, nil
}

// lastSeen keeps the time of the newest record on its way to a sink and to the
// features.
type lastSeen struct {
	to       rtc.Sink
	features *feature.Extractor
	last     *int64
}

func (l lastSeen) Record(r *rtc.Record) error {
	*l.last = max(*l.last, r.Received)
	_ = l.features.Record(r) // it never fails
	return l.to.Record(r)
}

const unmeasured = "–"

func number(v *float64, scale float64, format string) string {
	if v == nil {
		return unmeasured
	}
	return fmt.Sprintf(format, *v*scale)
}

func whole(v *int64) string {
	if v == nil {
		return unmeasured
	}
	return fmt.Sprint(*v)
}

func (a analysis) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s, %d records, %d polls\n", filepath.Base(a.File), a.Format, a.Records, a.Polls)
	for _, n := range a.Notes {
		fmt.Fprintf(w, "  note: %s\n", n)
	}
	if a.Verdict != nil {
		for i, sentence := range a.Verdict.Sentences {
			if i == 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintln(w, sentence)
		}
		if len(a.Verdict.Sentences) > 0 {
			fmt.Fprintf(w, "  side %s, cause %s, confidence %s\n", a.Verdict.Side, orDash(a.Verdict.Cause), number(a.Verdict.Confidence, 100, "%.0f %%"))
		}
	}
	for _, s := range a.Sessions {
		who := s.UserName
		if who == "" {
			who = s.User
		}
		if who == "" {
			who = "anonymous"
		}
		fmt.Fprintf(w, "\n%s in room %q, %s, %s %s\n", who, s.Room, s.Start.UTC().Format("2006-01-02 15:04:05 MST"), time.Duration(s.Seconds*float64(time.Second)).Round(time.Second), s.Browser)
		a.printFound(w, s.Session)
		if s.Errors > 0 || s.Warnings > 0 {
			fmt.Fprintf(w, "  %d errors and %d warnings among its events\n", s.Errors, s.Warnings)
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		if len(s.Connections) > 0 {
			fmt.Fprintln(t, "\n  connection\tstate\tconnected after\tpath\trelay\tRTT\tavailable uplink")
			for _, c := range s.Connections {
				fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%v\t%s\t%s\n", c.Label, orDash(c.State), number(c.ConnectMs, 1, "%.0f ms"), orDash(c.Pair), c.Relay,
					number(c.Rtt, 1, "%.1f ms"), number(c.AvailableOutgoing, 1e-3, "%.0f kbit/s"))
			}
		}
		if len(s.Streams) > 0 {
			fmt.Fprintln(t, "\n  stream\tcodec\tpackets\tlost\tbit rate\tloss\tjitter\tRTT\tfps\tsize\tfreezes\tconcealed")
			for _, m := range s.Streams {
				size := unmeasured
				if m.Width != nil && m.Height != nil {
					size = fmt.Sprintf("%.0f×%.0f", *m.Width, *m.Height)
				}
				freezes := unmeasured
				if m.Freezes != nil {
					freezes = fmt.Sprintf("%.0f (%s)", *m.Freezes, number(m.FreezeSeconds, 1, "%.1f s"))
				}
				fmt.Fprintf(t, "  %s %s %d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.Direction, m.Kind, m.SSRC, orDash(m.Codec), whole(m.Packets), whole(m.PacketsLost),
					number(m.Bitrate, 1e-3, "%.0f kbit/s"), number(m.Loss, 100, "%.2f %%"), number(m.Jitter, 1, "%.1f ms"), number(m.Rtt, 1, "%.1f ms"),
					number(m.Fps, 1, "%.1f"), size, freezes, number(m.Concealment, 100, "%.2f %%"))
			}
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// printFound prints what was found in a session: set-up, score, issues.
func (a analysis) printFound(w io.Writer, id string) {
	for _, o := range a.Outcomes {
		if o.Session != id {
			continue
		}
		fmt.Fprintf(w, "  score %s (audio %s, video %s); joined in %s: signalling %s, ICE %s, DTLS %s; streams sent %d of %d, received %d of %d\n",
			number(o.Score, 1, "%.1f"), number(o.AudioScore, 1, "%.1f"), number(o.VideoScore, 1, "%.1f"),
			number(o.JoinMs, 1, "%.0f ms"), number(o.SignallingMs, 1, "%.0f ms"), number(o.ICEMs, 1, "%.0f ms"), number(o.DTLSMs, 1, "%.0f ms"),
			o.PushOK, o.PushTried, o.PullOK, o.PullTried)
		for _, r := range o.Reasons {
			fmt.Fprintf(w, "    −%.1f  %s\n", r.Points, r.Text)
		}
	}
	for _, i := range a.Issues {
		if i.Session != id {
			continue
		}
		until := "until its end"
		if i.End != nil {
			until = "for " + i.End.Sub(i.Start).Round(100*time.Millisecond).String()
		}
		fmt.Fprintf(w, "  %-6s  %s %s: %s, cause %s, source %s\n", i.Severity, i.Start.Format(time.TimeOnly), until, i.Label, orDash(i.Cause), i.Source)
	}
}

func orDash(s string) string {
	if s == "" {
		return unmeasured
	}
	return s
}
