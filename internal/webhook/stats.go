package webhook

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/chat"
)

// countEvery is how often what waits is counted.
const countEvery = 10 * time.Second

// stats are the worker's metrics.
type stats struct {
	attempts    *prometheus.CounterVec // by outcome
	seconds     prometheus.Histogram
	waiting     prometheus.Gauge
	undelivered prometheus.Gauge
	counted     time.Time // the worker's own
}

func newStats() *stats {
	return &stats{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_webhook_attempts_total", Help: "Posts to the shop, by outcome: delivered, failed (tried again later), given_up.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "haggle_webhook_seconds", Help: "How long the shop took to take what it was told.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 12),
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "haggle_webhook_pending", Help: "Conversations that the shop will be told of unless they are read first.",
		}),
		undelivered: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "haggle_webhook_undelivered", Help: "What was given up, see /v1/server/webhook-deliveries.",
		}),
	}
}

func (s *stats) told(took time.Duration) {
	s.attempts.WithLabelValues("delivered").Inc()
	s.seconds.Observe(took.Seconds())
}

func (s *stats) failed(outcome string) { s.attempts.WithLabelValues(outcome).Inc() }

// look counts what waits, now and then.
func (s *stats) look(ctx context.Context, store chat.ReminderStore) {
	if time.Since(s.counted) < countEvery {
		return
	}
	s.counted = time.Now()
	waiting, undelivered, err := store.CountReminders(ctx)
	if err != nil {
		return // a gauge that is late; the store's own state is told of elsewhere
	}
	s.waiting.Set(float64(waiting))
	s.undelivered.Set(float64(undelivered))
}

// Metrics returns what can be measured of the worker.
func (w *Worker) Metrics() []prometheus.Collector {
	return []prometheus.Collector{w.stats.attempts, w.stats.seconds, w.stats.waiting, w.stats.undelivered}
}
