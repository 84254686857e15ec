package natsbus

import "github.com/prometheus/client_golang/prometheus"

// stats is what can be measured of the bus.
type stats struct {
	published, received, unknown  prometheus.Counter
	reconnects, overruns, resyncs prometheus.Counter
	refused, unasked              prometheus.Counter
	lost                          *prometheus.CounterVec // by why
}

func newStats() *stats {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "haggle", Subsystem: "bus", Name: name, Help: help})
	}
	return &stats{
		published:  counter("published_total", "Messages that went to NATS: events, one for each participant, questions who is there, and answers."),
		received:   counter("received_total", "Events that came from other nodes."),
		unknown:    counter("unknown_total", "Events of another version, which sessions had to look up."),
		reconnects: counter("reconnects_total", "Times that the connection to NATS was made again."),
		overruns:   counter("slow_consumer_total", "Times that events of a participant began to be dropped because they came faster than sessions were told."),
		resyncs:    counter("resyncs_total", "Times that all sessions were sent to look into the store, as events may have been lost."),
		refused:    counter("refused_total", "Things that NATS did not permit."),
		unasked:    counter("unasked_total", "Questions who is there that were not asked because too many were waiting."),
		lost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "haggle", Subsystem: "bus", Name: "lost_total",
			Help: "Events that other nodes were not told of, by reason: their sessions look into the store.",
		}, []string{"reason"}),
	}
}

// Metrics returns what can be measured of the bus. Call it once.
func (b *Bus) Metrics() []prometheus.Collector {
	s := b.stats
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "haggle", Subsystem: "bus", Name: name, Help: help}, value)
	}
	return []prometheus.Collector{
		s.published, s.received, s.unknown, s.reconnects, s.overruns, s.resyncs, s.refused, s.unasked, s.lost,
		gauge("connected", "1 while the node is connected to NATS.", func() float64 {
			if b.Connected() {
				return 1
			}
			return 0
		}),
		gauge("subscriptions", "Participants whose events, or whose presence, this node is told of.", func() float64 {
			b.mu.RLock()
			defer b.mu.RUnlock()
			return float64(len(b.topics))
		}),
		gauge("receiving", "Events that wait to be told to this node's sessions.", func() float64 { return float64(len(b.in)) }),
		gauge("sending", "Messages that wait to be sent to NATS.", func() float64 { return float64(len(b.out)) }),
	}
}
