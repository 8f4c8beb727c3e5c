package calls

import (
	"math"
	"slices"
	"strconv"

	"github.com/peerglass/peerglass/rtc"
)

// builder fills one getStats result.
type builder struct {
	st *rtc.Stats
	b  *browser
}

func (b *builder) report(t rtc.StatsType, id string, at float64) bool {
	if slices.Contains(b.b.noReports, t) {
		return false
	}
	b.st.Reports = append(b.st.Reports, rtc.ReportPatch{ID: []byte(id), Type: t, Time: at, First: len(b.st.Values)})
	return true
}

func (b *builder) value(v rtc.Value) {
	r := &b.st.Reports[len(b.st.Reports)-1]
	if b.b.tells(r.Type, v.Member) {
		b.st.Values = append(b.st.Values, v)
		r.Len++
	}
}

func (b *builder) num(m rtc.Member, v float64) {
	if !math.IsNaN(v) {
		b.value(rtc.Value{Member: m, Form: rtc.FormNumber, Num: v})
	}
}

func (b *builder) text(m rtc.Member, s string) {
	if s != "" {
		b.value(rtc.Value{Member: m, Form: rtc.FormText, Text: []byte(s)})
	}
}

func (b *builder) flag(m rtc.Member, v bool) {
	n := 0.0
	if v {
		n = 1
	}
	b.value(rtc.Value{Member: m, Form: rtc.FormBool, Num: n})
}

// override lays the series of the case over the newest report.
func (b *builder) override(all []*override, report string, n int) {
	r := &b.st.Reports[len(b.st.Reports)-1]
	for _, o := range all {
		if o.report != report {
			continue
		}
		m := rtc.LookupMember([]byte(o.member))
		at := -1
		for i := r.First; i < r.First+r.Len; i++ {
			if b.st.Values[i].Member == m {
				at = i
			}
		}
		p := o.at(n)
		v := rtc.Value{Member: m, Form: rtc.FormNumber, Num: p.num}
		switch {
		case p.missing:
			if at >= 0 {
				b.st.Values = slices.Delete(b.st.Values, at, at+1)
				r.Len--
			}
			continue
		case p.text != "":
			v.Form, v.Text = rtc.FormText, []byte(p.text)
		case m.Info().Form == rtc.Text:
			v.Form, v.Text = rtc.FormText, []byte(strconv.FormatFloat(p.num, 'f', -1, 64))
		case m.Info().Form == rtc.Flag:
			v.Form = rtc.FormBool
		}
		if at >= 0 {
			b.st.Values[at] = v
		} else {
			b.st.Values = append(b.st.Values, v)
			r.Len++
		}
	}
}

// report tells a stream of which the case gives every member, and the reports
// that its series name.
func (r *raw) report(b *builder, n int) {
	t := rtc.TypeOutboundRTP
	if r.receive {
		t = rtc.TypeInboundRTP
	}
	linked := []struct {
		name string
		t    rtc.StatsType
		link rtc.Member
	}{
		{"remote", rtc.TypeRemoteInboundRTP, rtc.StatRemoteId}, {"source", rtc.TypeMediaSource, rtc.StatMediaSourceId},
		{"playout", rtc.TypeMediaPlayout, rtc.StatPlayoutId}, {"track", rtc.TypeTrack, rtc.StatTrackId}, {"codec", rtc.TypeCodec, rtc.StatCodecId},
	}
	if r.receive {
		linked[0].t = rtc.TypeRemoteOutboundRTP
	}
	has := func(report string) bool {
		return slices.ContainsFunc(r.raw, func(o *override) bool { return o.report == report })
	}
	b.report(t, r.name, 0)
	b.num(rtc.StatSsrc, float64(r.ssrc))
	b.text(rtc.StatKind, mediaKind(r.kind))
	if r.kind == rtc.KindScreen {
		b.text(rtc.StatContentType, "screenshare")
	}
	for _, l := range linked {
		if has(l.name) {
			b.text(l.link, l.name+"-"+r.name)
		}
	}
	b.override(r.raw, "", n)
	for _, l := range linked {
		if has(l.name) && b.report(l.t, l.name+"-"+r.name, 0) {
			b.override(r.raw, l.name, n)
			if l.name == "remote" {
				b.num(rtc.StatSsrc, float64(r.ssrc))
			}
		}
	}
}
