package ingest

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the server's counters. Those of the hot path are resolved once
// per protocol, so that counting is one atomic addition.
type metrics struct {
	refused   *prometheus.CounterVec // protocol, reason
	ended     *prometheus.CounterVec // protocol, reason
	byWire    map[string]*wireMetrics
	replayed  prometheus.Counter
	behind    prometheus.Gauge
	dumps     prometheus.Counter
	dumpBytes prometheus.Counter
	failures  *prometheus.CounterVec // step
	imports   *prometheus.CounterVec // result
}

type wireMetrics struct {
	accepted, frames, bytes, records, acks, again, missed, faults, resumed, throttled, clocks, counters prometheus.Counter
	connections, sessions                                                                               prometheus.Gauge
}

func newMetrics(s *Server, registry prometheus.Registerer) *metrics {
	if registry == nil {
		registry = prometheus.NewRegistry()
	}
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "peerglass_ingest_" + name, Help: help}, labels)
		registry.MustRegister(c)
		return c
	}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "peerglass_ingest_" + name, Help: help})
		registry.MustRegister(c)
		return c
	}
	gauges := func(name, help string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "peerglass_ingest_" + name, Help: help}, []string{"protocol"})
		registry.MustRegister(g)
		return g
	}
	m := &metrics{
		refused:   vec("refused_total", "Connections, requests and frames refused, by reason.", "protocol", "reason"),
		ended:     vec("sessions_ended_total", "Sessions that ended, by reason.", "protocol", "reason"),
		failures:  vec("failures_total", "Steps after a session's end that failed and are tried again.", "step"),
		imports:   vec("imports_total", "Files imported, by result: done, failed, or why the file was refused.", "result"),
		replayed:  counter("replayed_frames_total", "Frames derived from the spool: after a start, or after the store was away."),
		dumps:     counter("dumps_total", "Raw dumps written."),
		dumpBytes: counter("dump_frames_bytes_total", "Bytes of the frames in raw dumps, before compression."),
	}
	m.behind = prometheus.NewGauge(prometheus.GaugeOpts{Name: "peerglass_ingest_sessions_behind", Help: "Sessions whose frames are only spooled for now."})
	registry.MustRegister(m.behind)
	const p = "protocol"
	accepted := vec("connections_accepted_total", "WebSockets and HTTP requests accepted.", p)
	frames := vec("frames_total", "Frames taken into the spool.", p)
	bytes := vec("frame_bytes_total", "Bytes of the frames taken.", p)
	records := vec("records_total", "Records decoded from the frames.", p)
	acks := vec("acks_total", "Acknowledgements sent.", p)
	again := vec("frames_again_total", "Frames that were sent again and dropped.", p)
	missed := vec("frames_missed_total", "Sequence numbers that never came.", p)
	faults := vec("frames_faulty_total", "Frames that could not be decoded, or exceeded a limit.", p)
	resumed := vec("resumed_total", "Sessions that a client came back to.", p)
	throttled := vec("throttled_total", "Times that a client was slowed down.", p)
	corrected := vec("corrected_total", "What was wrong with clients' figures and is right in the rows: clock, that was an hour off or was set on the way; counter, that went backwards.", p, "what")
	connections := gauges("connections", "Open connections.")
	sessions := gauges("sessions", "Sessions in progress.")
	m.byWire = make(map[string]*wireMetrics)
	for name := range wires {
		m.byWire[name] = &wireMetrics{
			accepted: accepted.WithLabelValues(name), frames: frames.WithLabelValues(name),
			bytes: bytes.WithLabelValues(name), records: records.WithLabelValues(name),
			acks: acks.WithLabelValues(name), again: again.WithLabelValues(name),
			missed: missed.WithLabelValues(name), faults: faults.WithLabelValues(name),
			resumed: resumed.WithLabelValues(name), throttled: throttled.WithLabelValues(name),
			clocks: corrected.WithLabelValues(name, "clock"), counters: corrected.WithLabelValues(name, "counter"),
			connections: connections.WithLabelValues(name), sessions: sessions.WithLabelValues(name),
		}
	}
	usage := func(name, help string, value func() float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "peerglass_spool_" + name, Help: help}, value))
	}
	usage("disk_bytes", "Disk that the spool uses.", func() float64 { return float64(s.opts.Spool.Usage().Disk) })
	usage("budget_bytes", "Disk that the spool may use.", func() float64 { return float64(s.opts.Spool.Usage().Budget) })
	usage("queued_bytes", "Bytes that wait for their commit.", func() float64 { return float64(s.opts.Spool.Usage().Queued) })
	usage("commits", "Groups committed since the start.", func() float64 { return float64(s.opts.Spool.Usage().Commits) })
	usage("full", "1 while frames are refused for want of disk.", func() float64 {
		if s.opts.Spool.Usage().Full != nil {
			return 1
		}
		return 0
	})
	return m
}
