package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/peerglass/peerglass/store"
)

// newMetrics returns what /metrics gives beside what ingest counts.
func newMetrics(st *store.Store) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "peerglass_build_info", Help: "Always 1; the label is the version.", ConstLabels: prometheus.Labels{"version": version},
		}, func() float64 { return 1 }),
		storeMetrics{st},
	)
	return r
}

// storeMetrics turns the store's own counts into metrics when they are asked
// for.
type storeMetrics struct{ st *store.Store }

var (
	storedRows  = prometheus.NewDesc("peerglass_store_rows_total", "Rows that the store has acknowledged.", []string{"table"}, nil)
	waitingRows = prometheus.NewDesc("peerglass_store_rows_waiting", "Rows in memory that wait to be stored.", []string{"table"}, nil)
	repeats     = prometheus.NewDesc("peerglass_store_inserts_repeated_total", "Inserts that had to be repeated.", []string{"table"}, nil)
	backlog     = prometheus.NewDesc("peerglass_store_backlog_bytes", "Bytes of rows that wait to be stored.", nil, nil)
	trouble     = prometheus.NewDesc("peerglass_store_in_trouble", "1 while inserts fail, else 0; the cause is in the log.", nil, nil)
)

// Describe implements prometheus.Collector.
func (storeMetrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storedRows, waitingRows, repeats, backlog, trouble} {
		c <- d
	}
}

// Collect implements prometheus.Collector.
func (m storeMetrics) Collect(c chan<- prometheus.Metric) {
	for _, t := range m.st.Stats() {
		c <- prometheus.MustNewConstMetric(storedRows, prometheus.CounterValue, float64(t.Stored), t.Table)
		c <- prometheus.MustNewConstMetric(waitingRows, prometheus.GaugeValue, float64(t.Waiting), t.Table)
		c <- prometheus.MustNewConstMetric(repeats, prometheus.CounterValue, float64(t.Repeats), t.Table)
	}
	c <- prometheus.MustNewConstMetric(backlog, prometheus.GaugeValue, float64(m.st.Backlog()))
	failing := 0.0
	if _, err := m.st.Trouble(); err != nil {
		failing = 1
	}
	c <- prometheus.MustNewConstMetric(trouble, prometheus.GaugeValue, failing)
}
