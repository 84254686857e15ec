package sqlstore

import (
	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/chat"
)

// stats are the writer's metrics.
type stats struct {
	commitSeconds prometheus.Histogram
	batchSize     prometheus.Histogram
	failures      *prometheus.CounterVec // by code
}

func newStats() *stats {
	return &stats{
		commitSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "haggle_store_commit_seconds", Help: "From the beginning of a transaction to its being synced.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16),
		}),
		batchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "haggle_store_batch_size", Help: "Writes that shared a commit.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_store_write_failures_total", Help: "Writes that failed for no fault of their own, by code.",
		}, []string{"code"}),
	}
}

// failed counts n writes that failed by err.
func (s *stats) failed(err error, n int) {
	s.failures.WithLabelValues(chat.AsError(err).Code).Add(float64(n))
}

// Metrics returns what can be measured of the store. They are the same ones at
// every call.
func (s *Store) Metrics() []prometheus.Collector {
	st := s.writer.stats
	return []prometheus.Collector{st.commitSeconds, st.batchSize, st.failures, s.writer.waiting}
}
