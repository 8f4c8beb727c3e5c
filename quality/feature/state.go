package feature

import (
	"math"
	"slices"

	"github.com/peerglass/peerglass/rtc"
)

// keptNumbers are the numbers of reports that features are made of.
var keptNumbers = [...]rtc.Member{
	rtc.StatSsrc, rtc.StatPacketsReceived, rtc.StatPacketsSent, rtc.StatPacketsLost, rtc.StatBytesSent, rtc.StatBytesReceived,
	rtc.StatTotalSamplesReceived, rtc.StatConcealedSamples, rtc.StatInsertedSamplesForDeceleration, rtc.StatRemovedSamplesForAcceleration,
	rtc.StatFrameWidth, rtc.StatFrameHeight, rtc.StatFramesPerSecond, rtc.StatFramesEncoded, rtc.StatFramesDecoded, rtc.StatFramesDropped,
	rtc.StatKeyFramesEncoded, rtc.StatKeyFramesDecoded, rtc.StatQpSum, rtc.StatNackCount, rtc.StatPliCount, rtc.StatFirCount,
	rtc.StatQualityLimitationDurationsNone, rtc.StatQualityLimitationDurationsCpu, rtc.StatQualityLimitationDurationsBandwidth, rtc.StatQualityLimitationDurationsOther,
	rtc.StatQualityLimitationResolutionChanges, rtc.StatTotalEncodeTime, rtc.StatTotalDecodeTime, rtc.StatTotalInterFrameDelay, rtc.StatEncodingIndex,
	rtc.StatPsnrMeasurements, rtc.StatPsnrSumY, rtc.StatPsnrSumU, rtc.StatPsnrSumV, rtc.StatPowerEfficientEncoder, rtc.StatPowerEfficientDecoder,
	rtc.StatPacketsSentWithEct1, rtc.StatPacketsReceivedWithEct1, rtc.StatPacketsReceivedWithCe, rtc.StatPacketsWithBleachedEct1Marking,
	rtc.StatFreezeCount, rtc.StatTotalFreezesDuration, rtc.StatJitterBufferDelay, rtc.StatJitterBufferMinimumDelay, rtc.StatJitterBufferTargetDelay,
	rtc.StatJitterBufferEmittedCount, rtc.StatJitterBufferFlushes, rtc.StatTotalProcessingDelay, rtc.StatFramesAssembledFromMultiplePackets, rtc.StatTotalAssemblyTime,
	rtc.StatCurrentRoundTripTime, rtc.StatRoundTripTime, rtc.StatTotalRoundTripTime, rtc.StatResponsesReceived,
	rtc.StatPriority, rtc.StatPort, rtc.StatNominated, rtc.StatSelected, rtc.StatRetransmittedPacketsSent, rtc.StatRetransmittedPacketsReceived,
}

// keptTexts are the texts of reports that features are made of.
var keptTexts = [rtc.Members]bool{
	rtc.StatKind: true, rtc.StatMediaType: true, rtc.StatCodecId: true, rtc.StatMimeType: true, rtc.StatSdpFmtpLine: true,
	rtc.StatTrackIdentifier: true, rtc.StatTrackId: true, rtc.StatMediaSourceId: true, rtc.StatRemoteId: true, rtc.StatState: true,
	rtc.StatSelectedCandidatePairId: true, rtc.StatLocalCandidateId: true, rtc.StatRemoteCandidateId: true,
	rtc.StatCandidateType: true, rtc.StatProtocol: true, rtc.StatRelayProtocol: true, rtc.StatNetworkType: true,
	rtc.StatAddress: true, rtc.StatIp: true, rtc.StatUrl: true, rtc.StatDtlsRole: true, rtc.StatTlsVersion: true, rtc.StatSrtpCipher: true,
	rtc.StatRid: true, rtc.StatEncoderImplementation: true, rtc.StatDecoderImplementation: true, rtc.StatScalabilityMode: true,
}

// keptTypes are the types of the reports that features are made of.
var keptTypes = [rtc.StatsTypes]bool{
	rtc.TypeInboundRTP: true, rtc.TypeOutboundRTP: true, rtc.TypeRemoteInboundRTP: true, rtc.TypeMediaSource: true, rtc.TypeTrack: true,
	rtc.TypeTransport: true, rtc.TypeCandidatePair: true, rtc.TypeCodec: true, rtc.TypeLocalCandidate: true, rtc.TypeRemoteCandidate: true,
	rtc.TypePeerConnection: true,
}

// place of a member's number in a report, from 1; 0 if it is not kept.
var keptPlace = func() (place [rtc.Members]uint8) {
	for i, m := range keptNumbers {
		place[m] = uint8(i + 1)
	}
	return place
}()

// report is one statistics report as far as it is kept.
type report struct {
	id      string
	typ     rtc.StatsType
	at      int    // its place in reports.all
	seen    uint32 // the last poll that named it
	gone    bool   // removed; its values are the last
	leftOut bool   // there were too many streams
	now     [len(keptNumbers)]float64
	texts   []reportText

	track  *track
	stream *stream
}

type reportText struct {
	member rtc.Member
	value  string
}

// num returns a member's number, NaN where it was not told.
func (r *report) num(m rtc.Member) float64 {
	if r == nil {
		return math.NaN()
	}
	return r.now[keptPlace[m]-1]
}

// text returns a member's text, "" where it was not told.
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

// kind is audio or video.
func (r *report) kind() string {
	if k := r.text(rtc.StatKind); k != "" {
		return k
	}
	return r.text(rtc.StatMediaType)
}

// address of a candidate; browsers called it ip before 2020.
func (r *report) address() string {
	if a := r.text(rtc.StatAddress); a != "" {
		return a
	}
	return r.text(rtc.StatIp)
}

func (r *report) setText(m rtc.Member, v []byte) {
	for i := range r.texts {
		if t := &r.texts[i]; t.member == m {
			if t.value != string(v) {
				t.value = clip(string(v), 256)
			}
			return
		}
	}
	r.texts = append(r.texts, reportText{m, clip(string(v), 256)})
}

func (r *report) dropText(m rtc.Member) {
	r.texts = slices.DeleteFunc(r.texts, func(t reportText) bool { return t.member == m })
}

func (r *report) lay(values []rtc.Value, full bool) {
	if full {
		for i := range r.now {
			r.now[i] = math.NaN()
		}
		r.texts = slices.DeleteFunc(r.texts, func(t reportText) bool {
			return !slices.ContainsFunc(values, func(v rtc.Value) bool { return v.Member == t.member })
		})
	}
	for i := range values {
		v := &values[i]
		if p := keptPlace[v.Member]; p != 0 {
			switch v.Form {
			case rtc.FormNumber, rtc.FormBool:
				r.now[p-1] = v.Num
			case rtc.FormNull:
				r.now[p-1] = math.NaN()
			}
		} else if keptTexts[v.Member] {
			switch v.Form {
			case rtc.FormText:
				r.setText(v.Member, v.Text)
			case rtc.FormNull:
				r.dropText(v.Member)
			}
		}
	}
}

// reports is what the polls of a connection said, patch upon patch.
type reports struct {
	all    []*report // in the order in which they came
	byID   map[string]*report
	cursor int
	poll   uint32
}

// find returns the report with that id, nil where there is none. Polls name
// reports in the order in which they came, so that the next one is tried first.
func (rs *reports) find(id []byte) *report {
	if rs.cursor < len(rs.all) {
		if r := rs.all[rs.cursor]; r.id == string(id) {
			rs.cursor++
			return r
		}
	}
	r := rs.byID[string(id)]
	if r != nil {
		rs.cursor = r.at + 1
	}
	return r
}

// apply lays a poll over the reports. count is that of all connections.
func (rs *reports) apply(st *rtc.Stats, count *int) {
	if rs.byID == nil {
		rs.byID = make(map[string]*report)
	}
	rs.poll++
	rs.cursor = 0
	for i := range st.Reports {
		p := &st.Reports[i]
		if p.Type != 0 && !keptTypes[p.Type] || len(p.ID) == 0 {
			continue
		}
		r := rs.find(p.ID)
		if r != nil && (p.Removed || p.Type != 0 && p.Type != r.typ) {
			rs.remove(r, count)
			r = nil
		}
		if p.Removed {
			continue
		}
		if r == nil {
			if p.Type == 0 || *count >= maxReports || len(p.ID) > 256 {
				continue
			}
			r = &report{id: string(p.ID), typ: p.Type, at: len(rs.all)}
			for j := range r.now {
				r.now[j] = math.NaN()
			}
			rs.all = append(rs.all, r)
			rs.byID[r.id] = r
			*count++
		}
		r.lay(st.Of(p), st.Full)
		r.seen = rs.poll
	}
	if st.MissingRemoved {
		rs.sweep(count)
	}
}

// sweep removes the reports that the poll did not name.
func (rs *reports) sweep(count *int) {
	kept := rs.all[:0]
	for _, r := range rs.all {
		if r.seen == rs.poll {
			r.at = len(kept)
			kept = append(kept, r)
			continue
		}
		r.gone = true
		delete(rs.byID, r.id)
		*count--
	}
	clear(rs.all[len(kept):])
	rs.all = kept
}

func (rs *reports) remove(r *report, count *int) {
	r.gone = true
	delete(rs.byID, r.id)
	rs.all = slices.Delete(rs.all, r.at, r.at+1)
	for i := r.at; i < len(rs.all); i++ {
		rs.all[i].at = i
	}
	if r.at < rs.cursor {
		rs.cursor--
	}
	*count--
}

// forget removes all reports; what features keep of them stays.
func (rs *reports) forget(count *int) {
	*count -= len(rs.all)
	for _, r := range rs.all {
		r.gone = true
	}
	*rs = reports{}
}

// selected is a candidate pair in use and its ends.
type selected struct{ pair, local, remote *report }

// selected returns the pair that the transport names; where no transport does
// (Firefox, legacy statistics), the one that says so itself.
func (rs *reports) selected() (s selected) {
	var own, nominated *report
	for _, r := range rs.all {
		switch r.typ {
		case rtc.TypeTransport:
			if id := r.text(rtc.StatSelectedCandidatePairId); id != "" {
				if p := rs.byID[id]; p != nil {
					s.pair = p
				}
			}
		case rtc.TypeCandidatePair:
			if r.num(rtc.StatSelected) == 1 {
				own = r
			} else if r.num(rtc.StatNominated) == 1 && r.text(rtc.StatState) == "succeeded" {
				nominated = r
			}
		}
	}
	for _, p := range []*report{own, nominated} {
		if s.pair == nil {
			s.pair = p
		}
	}
	if s.pair != nil {
		s.local = rs.byID[s.pair.text(rtc.StatLocalCandidateId)]
		s.remote = rs.byID[s.pair.text(rtc.StatRemoteCandidateId)]
	}
	return s
}
