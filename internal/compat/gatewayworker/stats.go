package gatewayworker

import "github.com/prometheus/client_golang/prometheus"

// stats are what can be measured of the shop's PHP.
type stats struct {
	connections *prometheus.GaugeVec
	workers     prometheus.Gauge
	commands    *prometheus.CounterVec
	pushes      *prometheus.CounterVec
	events      *prometheus.CounterVec
	refused     *prometheus.CounterVec
	passedBy    *prometheus.CounterVec
}

func newStats(r prometheus.Registerer) *stats {
	s := &stats{
		connections: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "haggle_compat_gateway_connections", Help: "Connections of the shop's PHP, by door: register or inner.",
		}, []string{"door"}),
		workers: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "haggle_compat_gateway_workers", Help: "BusinessWorkers that are connected.",
		}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_compat_gateway_commands_total", Help: "Packets of the shop's PHP, by the number of the command; 0 stands for all that are unknown.",
		}, []string{"command"}),
		pushes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_compat_gateway_pushes_total", Help: "What the shop's PHP pushed to sockets, by outcome: queued, or dropped for those that have too much waiting.",
		}, []string{"outcome"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_compat_gateway_events_total", Help: "What BusinessWorkers are told, by outcome: queued, or dropped for one that has too much waiting.",
		}, []string{"outcome"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_compat_gateway_refused_total", Help: "What was refused of the shop's PHP, by reason.",
		}, []string{"reason"}),
		passedBy: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_compat_gateway_passed_by_total", Help: "How often what PHP said waited in vain for what came before it from its address, by what that is: first packets of connections, or what came over kept ones.",
		}, []string{"waited_for"}),
	}
	if r != nil {
		r.MustRegister(s.connections, s.workers, s.commands, s.pushes, s.events, s.refused, s.passedBy)
	}
	return s
}

const (
	queued  = "queued"
	dropped = "dropped"
)

// What is passed by.
const (
	firstPacket = "first"
	keptFlow    = "kept"
)
