package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/wire"
)

// kind is a kind of frame, for counting.
type kind uint8

const (
	kindOther kind = iota // none, or none we know
	kindHello
	kindToken
	kindSend
	kindDelivered
	kindRead
	kindRecall
	kindTyping
	kindViewing
	kindColleague
	kindWatch
	kindHeartbeat
	kindWelcome
	kindAck
	kindMessage
	kindConversation
	kindPresence
	kindPush
	kindError

	kinds = iota
)

// String returns the name of the frame's field.
func (k kind) String() string {
	return [kinds]string{
		"other", "hello", "token", "send", "delivered", "read", "recall", "typing", "viewing", "colleague", "watch",
		"heartbeat", "welcome", "ack", "message", "conversation", "presence", "push", "error",
	}[k]
}

func kindOf(f *wire.ClientFrame) kind {
	switch {
	case f.Send != nil:
		return kindSend
	case f.Delivered != nil:
		return kindDelivered
	case f.Read != nil:
		return kindRead
	case f.Heartbeat != nil:
		return kindHeartbeat
	case f.Typing != nil:
		return kindTyping
	case f.Viewing != nil:
		return kindViewing
	case f.Watch != nil:
		return kindWatch
	case f.Recall != nil:
		return kindRecall
	case f.Hello != nil:
		return kindHello
	case f.Token != nil:
		return kindToken
	}
	return kindOther
}

func kindOfServer(f *wire.ServerFrame) kind {
	switch {
	case f.Message != nil:
		return kindMessage
	case f.Ack != nil:
		return kindAck
	case f.Delivered != nil:
		return kindDelivered
	case f.Read != nil:
		return kindRead
	case f.Heartbeat != nil:
		return kindHeartbeat
	case f.Typing != nil:
		return kindTyping
	case f.Colleague != nil:
		return kindColleague
	case f.Presence != nil:
		return kindPresence
	case f.Conversation != nil:
		return kindConversation
	case f.Welcome != nil:
		return kindWelcome
	case f.Error != nil:
		return kindError
	case f.Recall != nil:
		return kindRecall
	case f.Push != nil:
		return kindPush
	}
	return kindOther
}

// stats are the gateway's metrics.
type stats struct {
	sessions, streams prometheus.Gauge
	framesIn          [kinds]prometheus.Counter
	framesOut         [kinds]prometheus.Counter
	bytesIn, bytesOut prometheus.Counter
	byes              *prometheus.CounterVec // by code; slow consumers are among them
	sendSeconds       prometheus.Histogram
}

// newStats makes the metrics and registers them, unless r is nil.
func newStats(r prometheus.Registerer) *stats {
	frames := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "haggle_gateway_frames_total", Help: "Frames by direction and kind. A frame for many sessions counts once for each.",
	}, []string{"direction", "kind"})
	s := &stats{
		sessions: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "haggle_gateway_sessions", Help: "Live sessions.",
		}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "haggle_gateway_streams", Help: "Those of them whose client has no WebSocket.",
		}),
		byes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_gateway_byes_total", Help: "Sessions ended by the server, by code.",
		}, []string{"code"}),
		sendSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "haggle_gateway_send_seconds", Help: "From a send frame to its commit.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 18),
		}),
	}
	bytes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "haggle_gateway_bytes_total", Help: "Bytes of frames by direction.",
	}, []string{"direction"})
	s.bytesIn, s.bytesOut = bytes.WithLabelValues("in"), bytes.WithLabelValues("out")
	for k := range kinds {
		s.framesIn[k] = frames.WithLabelValues("in", kind(k).String())
		s.framesOut[k] = frames.WithLabelValues("out", kind(k).String())
	}
	if r != nil {
		r.MustRegister(s.sessions, s.streams, frames, bytes, s.byes, s.sendSeconds)
	}
	return s
}

func (s *stats) in(k kind) { s.framesIn[k].Inc() }

func (s *stats) out(f *wire.ServerFrame) { s.framesOut[kindOfServer(f)].Inc() }
