package session

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// Summary is what a stay comes to, in figures that people and machines read.
// Pointers are nil where nothing was measured.
type Summary struct {
	Session     string              `json:"session"`
	Call        string              `json:"call"`
	Room        string              `json:"room"`
	User        string              `json:"user"`
	UserName    string              `json:"userName,omitempty"`
	Protocol    string              `json:"protocol"`
	Browser     string              `json:"browser,omitempty"` // with its version
	OS          string              `json:"os,omitempty"`
	Start       time.Time           `json:"start"`
	End         time.Time           `json:"end"`
	Seconds     float64             `json:"seconds"`
	EndReason   string              `json:"endReason"`
	Records     uint64              `json:"records"`
	Unknown     uint64              `json:"unknownMembers"` // statistics members not in the dictionary
	Warnings    int                 `json:"warnings"`
	Errors      int                 `json:"errors"`
	Connections []ConnectionSummary `json:"connections"`
	Streams     []StreamSummary     `json:"streams"`
}

// ConnectionSummary is what a peer connection comes to.
type ConnectionSummary struct {
	ID                rtc.ConnectionID `json:"id"`
	Label             string           `json:"label"`
	Start             time.Time        `json:"start"`
	End               time.Time        `json:"end"`
	State             string           `json:"state"`
	ConnectMs         *float64         `json:"connectMs"` // from its creation until it was connected
	Pair              string           `json:"pair"`      // the last selected candidate pair
	Relay             bool             `json:"relay"`
	Rtt               *float64         `json:"rttMs"`
	AvailableOutgoing *float64         `json:"availableOutgoing"` // bit/s, mean
}

// StreamSummary is what a stream comes to. Packets, lost and bytes are its last
// counters, summed over resets; the other figures are over its samples, means
// weighted by the length of the intervals.
type StreamSummary struct {
	ID               rtc.StreamID     `json:"id"`
	Connection       rtc.ConnectionID `json:"connection"`
	Kind             string           `json:"kind"`
	Direction        string           `json:"direction"`
	ReportID         string           `json:"reportId"`
	SSRC             uint32           `json:"ssrc"`
	RID              string           `json:"rid,omitempty"`
	RemoteUser       string           `json:"remoteUser,omitempty"`
	RemoteBasis      string           `json:"remoteUserBasis,omitempty"`
	Codec            string           `json:"codec"`
	Start            time.Time        `json:"start"`
	End              time.Time        `json:"end"`
	Seconds          float64          `json:"seconds"` // covered by samples
	Samples          uint64           `json:"samples"`
	Packets          *int64           `json:"packets"`
	PacketsLost      *int64           `json:"packetsLost"`
	Bytes            *int64           `json:"bytes"`
	Bitrate          *float64         `json:"bitrate"` // bit/s
	Loss             *float64         `json:"loss"`    // 0–1, of all packets expected, with what packetsLost leaves out (quality.PacketsMissing)
	Jitter           *float64         `json:"jitterMs"`
	Rtt              *float64         `json:"rttMs"`
	Fps              *float64         `json:"fps"`    // decoded, or sent
	Width            *float64         `json:"width"`  // last
	Height           *float64         `json:"height"` // last
	Freezes          *float64         `json:"freezes"`
	FreezeSeconds    *float64         `json:"freezeSeconds"`
	FreezeRatio      *float64         `json:"freezeRatio"` // 0–1, of the time covered by samples that tell it
	PauseSeconds     *float64         `json:"pauseSeconds"`
	Concealment      *float64         `json:"concealment"` // 0–1
	LimitedCPU       *float64         `json:"limitedCpuSeconds"`
	LimitedBandwidth *float64         `json:"limitedBandwidthSeconds"`
}

// Summarise sums up the sessions of rows, in the order of their start.
func Summarise(rows *Collect) []Summary {
	var all []Summary
	for i := range rows.Sessions {
		all = append(all, summarise(rows, &rows.Sessions[i]))
	}
	slices.SortStableFunc(all, func(a, b Summary) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Session, b.Session))
	})
	return all
}

func summarise(rows *Collect, s *rtc.Session) Summary {
	sum := Summary{
		Session: s.ID.String(), Call: s.Call.String(), Room: s.Room, User: s.User, UserName: s.UserName, Protocol: s.Protocol,
		Browser: s.Browser, OS: s.OS, Start: s.Start, End: s.End, EndReason: s.EndReason,
		Records: s.Records, Unknown: s.UnknownMembers,
		Connections: []ConnectionSummary{}, Streams: []StreamSummary{},
	}
	if s.BrowserVersion != "" {
		sum.Browser += " " + s.BrowserVersion
	}
	if !s.End.IsZero() {
		sum.Seconds = s.End.Sub(s.Start).Seconds()
	}
	for i := range rows.Events {
		if e := &rows.Events[i]; e.App == s.App && e.Session == s.ID {
			switch e.Severity {
			case rtc.Warning:
				sum.Warnings++
			case rtc.Error:
				sum.Errors++
			}
		}
	}
	byStream := make(map[rtc.StreamID]*figures)
	for i := range rows.Samples {
		if smp := &rows.Samples[i]; smp.App == s.App && smp.Session == s.ID {
			f := byStream[smp.Stream]
			if f == nil {
				f = newFigures()
				byStream[smp.Stream] = f
			}
			f.add(smp)
		}
	}
	paths := make(map[rtc.ConnectionID]*figures)
	for i := range rows.Streams {
		st := &rows.Streams[i]
		if st.App != s.App || st.Session != s.ID {
			continue
		}
		f := byStream[st.ID]
		if f == nil {
			f = newFigures()
		}
		sum.Streams = append(sum.Streams, f.stream(st))
		if st.Kind == rtc.KindTransport {
			paths[st.Connection] = f
		}
	}
	for i := range rows.Connections {
		if c := &rows.Connections[i]; c.App == s.App && c.Session == s.ID {
			sum.Connections = append(sum.Connections, paths[c.ID].connection(c))
		}
	}
	return sum
}

// figures adds up the samples of one stream by metric.
type figures struct {
	seconds float64 // covered by samples
	pair    string
	of      []figure
}

// figure is one metric over the samples that measured it.
type figure struct{ weighted, seconds, sum, last float64 }

func newFigures() *figures { return &figures{of: make([]figure, len(quality.Catalogue()))} }

func (f *figures) add(s *rtc.Sample) {
	seconds := s.Interval.Seconds()
	f.seconds += seconds
	if s.Pair != "" {
		f.pair = s.Pair
	}
	for i, v := range s.Values {
		if rtc.IsNull(v) {
			continue
		}
		o := &f.of[i]
		o.weighted += float64(v) * seconds
		o.seconds += seconds
		o.sum += float64(v)
		o.last = float64(v)
	}
}

// mean is the metric's mean over time, rounded to its step.
func (f *figures) mean(m *quality.Metric) *float64 {
	o := f.at(m)
	if o == nil {
		return nil
	}
	return number(o.weighted/o.seconds, m.Step)
}

func (f *figures) sum(m *quality.Metric, scale float64) *float64 {
	o := f.at(m)
	if o == nil {
		return nil
	}
	return number(o.sum*scale, m.Step*scale)
}

func (f *figures) last(m *quality.Metric) *float64 {
	o := f.at(m)
	if o == nil {
		return nil
	}
	return number(o.last, m.Step)
}

func (f *figures) at(m *quality.Metric) *figure {
	if f == nil || f.of[m.Index()].seconds == 0 {
		return nil
	}
	return &f.of[m.Index()]
}

func number(v, step float64) *float64 {
	if step < 1 {
		per := math.Round(1 / step)
		v = math.Round(v*per) / per
	} else {
		v = math.Round(v/step) * step
	}
	return &v
}

func (f *figures) connection(c *rtc.Connection) ConnectionSummary {
	sum := ConnectionSummary{
		ID: c.ID, Label: c.Label, Start: c.Start, End: c.End, State: c.State, Relay: c.Relay,
		Rtt: f.mean(quality.Rtt), AvailableOutgoing: f.mean(quality.AvailableOutgoing),
	}
	if f != nil {
		sum.Pair = f.pair
	}
	if !c.Connected.IsZero() {
		ms := float64(c.Connected.Sub(c.Start).Milliseconds())
		sum.ConnectMs = &ms
	}
	return sum
}

func (f *figures) stream(st *rtc.Stream) StreamSummary {
	sum := StreamSummary{
		ID: st.ID, Connection: st.Connection, Kind: st.Kind.String(), Direction: st.Direction.String(),
		ReportID: st.ReportID, SSRC: st.SSRC, RID: st.RID, RemoteUser: st.RemoteUser, RemoteBasis: st.RemoteBasis, Codec: st.Codec,
		Start: st.Start, End: st.End, Seconds: *number(f.seconds, 0.1), Samples: st.Samples,
		Packets: count(st.Packets), PacketsLost: count(st.PacketsLost), Bytes: count(st.Bytes),
		Bitrate: f.mean(quality.Bitrate), Jitter: f.mean(quality.Jitter), Rtt: f.mean(quality.Rtt),
		Fps: f.mean(quality.FpsDecoded), Width: f.last(quality.Width), Height: f.last(quality.Height),
		Freezes: f.sum(quality.FreezeCount, 1), FreezeSeconds: f.sum(quality.FreezeTime, 0.001),
		PauseSeconds: f.sum(quality.PauseTime, 0.001), Concealment: f.mean(quality.Concealment),
		LimitedCPU: f.sum(quality.LimitedCPU, 0.001), LimitedBandwidth: f.sum(quality.LimitedBandwidth, 0.001),
	}
	if st.Direction == rtc.Send {
		if sum.Fps = f.mean(quality.FpsSent); sum.Fps == nil {
			sum.Fps = f.mean(quality.FpsEncoded)
		}
	}
	if o := f.at(quality.FreezeTime); o != nil {
		sum.FreezeRatio = number(min(o.sum/1000/o.seconds, 1), 0.0001)
	}
	if st.PacketsLost >= 0 && st.Packets > 0 {
		lost, expected := float64(st.PacketsLost), float64(st.Packets)
		if st.Direction != rtc.Send {
			if missing, told := f.at(quality.PacketsMissing), f.at(quality.PacketsLost); missing != nil && told != nil {
				lost = max(lost+missing.sum-told.sum, 0) // with what the counter leaves out
			}
			expected += lost
		}
		sum.Loss = number(min(lost/expected, 1), 0.0001)
	}
	return sum
}

// count is a total, nil where it was never reported.
func count(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}
