package media

import (
	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/chat"
)

// stats are what can be measured of uploads.
type stats struct {
	uploads       *prometheus.CounterVec // by what came of them
	removed       *prometheus.CounterVec // by why
	decodeSeconds prometheus.Histogram
	waiting       prometheus.GaugeFunc
}

func newStats(l *Line) *stats {
	return &stats{
		uploads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_uploads_total", Help: "Uploads by what came of them: stored, repeated, or the code they were refused with.",
		}, []string{"outcome"}),
		removed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_files_removed_total", Help: "Files whose bytes were removed, by why: unattached, orphan or recalled.",
		}, []string{"reason"}),
		decodeSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "haggle_upload_decode_seconds", Help: "From an upload's arrival in the line to its being encoded anew, waiting included.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 13),
		}),
		waiting: prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "haggle_uploads_waiting", Help: "Uploads that wait for their turn to be decoded.",
		}, func() float64 { return float64(l.waiting.Load()) }),
	}
}

// uploaded counts an upload by what came of it.
func (s *stats) uploaded(fresh bool, err error) {
	outcome := "repeated"
	switch {
	case err != nil:
		outcome = chat.AsError(err).Code
	case fresh:
		outcome = "stored"
	}
	s.uploads.WithLabelValues(outcome).Inc()
}

// Metrics returns what can be measured of the service. They are the same ones at
// every call.
func (s *Service) Metrics() []prometheus.Collector {
	st := s.stats
	return []prometheus.Collector{st.uploads, st.removed, st.decodeSeconds, st.waiting}
}
