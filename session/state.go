package session

import (
	"math"
	"slices"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// report is one statistics report of a connection as far as it is kept.
type report struct {
	quality.Report
	id    string
	at    int    // its place in reports.all
	seen  uint32 // the last poll that named it
	fresh bool   // of a remote end's report: it has reported since the last sample
	texts []text

	stream *stream // of which this is the RTP report
}

type text struct {
	member rtc.Member
	value  string
}

// Types that are kept; of the others only the dump tells.
var keptTypes = [rtc.StatsTypes]bool{
	rtc.TypeInboundRTP: true, rtc.TypeOutboundRTP: true,
	rtc.TypeRemoteInboundRTP: true, rtc.TypeRemoteOutboundRTP: true,
	rtc.TypeMediaSource: true, rtc.TypeMediaPlayout: true, rtc.TypeTrack: true,
	rtc.TypeTransport: true, rtc.TypeCandidatePair: true, rtc.TypeCodec: true,
	rtc.TypeLocalCandidate: true, rtc.TypeRemoteCandidate: true,
	rtc.TypeClient: true,
}

// use says what a text is kept for.
type use uint8

const (
	unused  use = iota
	linking     // names a report or a stream: a change means linking anew
	reading     // read at each poll
)

var keptTexts = [rtc.Members]use{
	rtc.StatKind: linking, rtc.StatMediaType: linking, rtc.StatMid: linking, rtc.StatRid: linking,
	rtc.StatTrackIdentifier: linking, rtc.StatTrackId: linking, rtc.StatContentType: linking,
	rtc.StatCodecId: linking, rtc.StatMimeType: linking, rtc.StatMediaSourceId: linking, rtc.StatPlayoutId: linking,
	rtc.StatRemoteId: linking, rtc.StatLocalId: linking, rtc.StatTransportId: linking,
	rtc.StatSelectedCandidatePairId: linking, rtc.StatState: linking,
	rtc.StatLocalCandidateId: linking, rtc.StatRemoteCandidateId: linking,
	rtc.StatUsernameFragment: linking, rtc.StatCandidateType: linking, rtc.StatProtocol: linking, rtc.StatRelayProtocol: linking, rtc.StatNetworkType: linking,
	rtc.StatQualityLimitationReason: reading,
}

// Numbers whose change means linking anew.
func links(m rtc.Member) bool {
	switch m {
	case rtc.StatSsrc, rtc.StatIsRemote, rtc.StatNominated, rtc.StatSelected:
		return true
	}
	return false
}

// text returns the member's text, "" if it was not told.
func (r *report) text(m rtc.Member) string {
	if r == nil {
		return ""
	}
	for i := range r.texts {
		if r.texts[i].member == m {
			return r.texts[i].value
		}
	}
	return ""
}

// setText lays a text over the report and reports whether it changed. It
// allocates only when the text is new.
func (r *report) setText(m rtc.Member, value []byte) bool {
	for i := range r.texts {
		if t := &r.texts[i]; t.member == m {
			if t.value == string(value) {
				return false
			}
			t.value = intern(value)
			return true
		}
	}
	r.texts = append(r.texts, text{m, intern(value)})
	return true
}

func (r *report) dropText(m rtc.Member) bool {
	for i := range r.texts {
		if r.texts[i].member == m {
			r.texts = append(r.texts[:i], r.texts[i+1:]...)
			return true
		}
	}
	return false
}

// keepTexts drops the texts that a full report did not name.
func (r *report) keepTexts(told []rtc.Value) bool {
	kept := r.texts[:0]
	for _, t := range r.texts {
		for i := range told {
			if told[i].Member == t.member {
				kept = append(kept, t)
				break
			}
		}
	}
	changed := len(kept) != len(r.texts)
	r.texts = kept
	return changed
}

// intern returns value as a string without allocating for the words that
// reports repeat.
func intern(value []byte) string {
	switch string(value) {
	case "audio":
		return "audio"
	case "video":
		return "video"
	case "none":
		return "none"
	case "cpu":
		return "cpu"
	case "bandwidth":
		return "bandwidth"
	case "other":
		return "other"
	case "in-progress":
		return "in-progress"
	case "waiting":
		return "waiting"
	case "failed":
		return "failed"
	case "succeeded":
		return "succeeded"
	case "frozen":
		return "frozen"
	case "host":
		return "host"
	case "srflx":
		return "srflx"
	case "prflx":
		return "prflx"
	case "relay":
		return "relay"
	case "udp":
		return "udp"
	case "tcp":
		return "tcp"
	}
	if len(value) > protocol.MaxName {
		value = value[:protocol.MaxName]
	}
	return string(value)
}

// reports is the statistics of one peer connection: what the polls said,
// patch upon patch.
type reports struct {
	all    []*report // in the order in which they first came, as browsers list them
	byID   map[string]*report
	count  *int // of all connections of the session
	cursor int  // where the next report of a patch is looked for first
	poll   uint32
	taken  float64 // time of the last poll that samples were taken of
	shift  bool    // that was the last one
	stale  bool    // the reports name each other differently since they were linked
}

// minInterval between two samples, in ms: a page may call getStats many times
// in a row, and a rate over a few milliseconds is noise.
const minInterval = 50

// maxReports bounds the reports of all connections of one session at one time.
const maxReports = protocol.MaxReports

// find returns the report with that id, or nil, without allocating.
func (rs *reports) find(id []byte) *report {
	if rs.cursor < len(rs.all) {
		if r := rs.all[rs.cursor]; r.id == string(id) {
			rs.cursor++
			return r
		}
	}
	r := rs.byID[string(id)]
	if r != nil { // the patch names only some: go on from here
		rs.cursor = r.at + 1
	}
	return r
}

// apply lays a poll over the reports. It returns how many members were not in
// the dictionary, whether samples can be taken of this poll, and an error if
// there are more reports than are kept.
func (rs *reports) apply(st *rtc.Stats, at float64) (unknown uint64, take bool, err error) {
	rs.poll++
	rs.cursor = 0
	if rs.byID == nil {
		rs.byID = make(map[string]*report)
	}
	if rs.shift {
		for _, r := range rs.all {
			r.Shift()
		}
	}
	for i := range st.Reports {
		p := &st.Reports[i]
		if p.Type != 0 && !keptTypes[p.Type] || len(p.ID) == 0 {
			unknown += countUnknown(st.Of(p))
			continue
		}
		r := rs.find(p.ID)
		if r != nil && p.Type != 0 && r.Type != p.Type {
			rs.remove(r)
			r = nil
		}
		if p.Removed {
			if r != nil {
				rs.remove(r)
			}
			continue
		}
		if r == nil {
			if p.Type == 0 { // a patch of one that is not kept
				unknown += countUnknown(st.Of(p))
				continue
			}
			if *rs.count >= maxReports {
				err = protocol.Errorf(protocol.CodeLimit, "this session has more than %d statistics reports at one time: those beyond are ignored", maxReports)
				continue
			}
			*rs.count++
			r = &report{Report: quality.NewReport(p.Type), id: string(p.ID), at: len(rs.all)}
			rs.all = append(rs.all, r)
			rs.byID[r.id] = r
			rs.stale = true
		}
		unknown += rs.lay(r, p, st, at)
	}
	for i := 0; i < len(rs.all); i++ {
		switch r := rs.all[i]; {
		case r.seen == rs.poll:
		case st.MissingRemoved:
			rs.remove(r)
			i--
		case !remote(r.Type): // unchanged but for its timestamp
			r.Time = at
		}
	}
	rs.shift = rs.taken == 0 || at >= rs.taken+minInterval || at < rs.taken
	if rs.shift {
		rs.taken = at
	}
	return unknown, rs.shift, err
}

// lay lays one report's patch over it.
func (rs *reports) lay(r *report, p *rtc.ReportPatch, st *rtc.Stats, at float64) (unknown uint64) {
	values := st.Of(p)
	changed := false
	if st.Full {
		r.Only(values)
		if r.keepTexts(values) {
			rs.stale = true
		}
	}
	for i := range values {
		v := &values[i]
		switch {
		case v.Member == 0:
			unknown++
		case v.Form == rtc.FormNumber || v.Form == rtc.FormBool:
			if r.Set(v.Member, v.Num) {
				changed = true
				if links(v.Member) {
					rs.stale = true
				}
			}
		case v.Form == rtc.FormText:
			if u := keptTexts[v.Member]; u != unused && r.setText(v.Member, v.Text) && u == linking {
				rs.stale = true
			}
		case v.Form == rtc.FormNull:
			if keptTexts[v.Member] != unused {
				if r.dropText(v.Member) {
					rs.stale = true
				}
			} else if r.Set(v.Member, math.NaN()) && links(v.Member) {
				rs.stale = true
			}
		}
	}
	r.seen = rs.poll
	if !remote(r.Type) {
		r.Time = at
		if p.Time != 0 {
			r.Time = p.Time
		}
		return unknown
	}
	// A remote end reports when it likes: it has if it dates what it says later
	// than before. A date that is only the poll's says nothing; then it has if
	// it says something else. Of a report that has a date clients may tell some
	// members at a later poll: that is no other report.
	own := p.Time != 0 && p.Time != at
	if own && p.Time > r.Time || !own && changed {
		r.fresh = true
		r.Time = at
		if p.Time != 0 {
			r.Time = p.Time
		}
	}
	return unknown
}

func countUnknown(values []rtc.Value) (n uint64) {
	for i := range values {
		if values[i].Member == 0 {
			n++
		}
	}
	return n
}

func remote(t rtc.StatsType) bool {
	return t == rtc.TypeRemoteInboundRTP || t == rtc.TypeRemoteOutboundRTP
}

// restart lets all begin anew: how much time passed since the poll before is
// not known.
func (rs *reports) restart() {
	for _, r := range rs.all {
		r.Restart()
	}
}

// forget removes all reports; a poll that comes nevertheless begins anew.
func (rs *reports) forget() {
	*rs.count -= len(rs.all)
	*rs = reports{count: rs.count}
}

func (rs *reports) remove(r *report) {
	*rs.count--
	delete(rs.byID, r.id)
	rs.all = slices.Delete(rs.all, r.at, r.at+1)
	for i := r.at; i < len(rs.all); i++ {
		rs.all[i].at = i
	}
	if r.at < rs.cursor {
		rs.cursor--
	}
	rs.stale = true
}

// pollTime is the client's time of a poll: what the statistics say, else the
// newest of the reports, else when the record was made.
func pollTime(r *rtc.Record) float64 {
	if r.Stats.Time > 0 {
		return r.Stats.Time
	}
	newest := 0.0
	for i := range r.Stats.Reports {
		newest = max(newest, r.Stats.Reports[i].Time)
	}
	if newest > 0 {
		return newest
	}
	if len(r.Stats.Values) == 0 {
		return 0 // a repetition of an earlier poll
	}
	if r.Time != 0 {
		return float64(r.Time)
	}
	return float64(r.Received)
}
