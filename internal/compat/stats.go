package compat

import "github.com/prometheus/client_golang/prometheus"

// stats are what can be measured of the old pages.
type stats struct {
	sockets prometheus.Gauge
	told    prometheus.Counter
	closed  *prometheus.CounterVec
	posts   *prometheus.CounterVec
}

func newStats(r prometheus.Registerer) *stats {
	s := &stats{
		sockets: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "haggle_compat_sockets", Help: "Sockets of the PHP chat's pages.",
		}),
		told: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "haggle_compat_receptions_total", Help: "Messages pushed to the PHP chat's pages.",
		}),
		closed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_compat_closed_total", Help: "Sockets of the PHP chat's pages that the server has closed, by reason.",
		}, []string{"reason"}),
		posts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_compat_requests_total", Help: "Requests of the PHP chat's pages, by action and outcome: ok or a code.",
		}, []string{"action", "outcome"}),
	}
	if r != nil {
		r.MustRegister(s.sockets, s.told, s.closed, s.posts)
	}
	return s
}
