package app

import (
	"context"
	"fmt"
	"net"

	"haggle/internal/chat"
	"haggle/internal/compat/gatewayworker"
)

// listenForPHP opens the listeners of the shop's GatewayClient, where it is served.
func (a *app) listenForPHP(ctx context.Context) (err error) {
	if !a.cfg.HasGateway() {
		return nil
	}
	listen := func(flag, addr string) (net.Listener, error) {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		a.closers = append(a.closers, &server{listener: l})
		return l, nil
	}
	if a.phpRegister, err = listen("--compat-gateway", a.cfg.GatewayRegister()); err != nil {
		return err
	}
	a.phpInner, err = listen("--compat-gateway-inner", a.cfg.CompatGatewayInner)
	return err
}

// openGate makes what the shop's GatewayClient talks to, where it is served.
func (a *app) openGate() error {
	if !a.cfg.HasGateway() {
		return nil
	}
	address, err := a.cfg.GatewayAddress(a.phpInner.Addr())
	if err != nil {
		return fmt.Errorf("--compat-gateway-address: %w", err)
	}
	opts := gatewayworker.Options{
		Register: a.phpRegister, Inner: a.phpInner, Address: address, Secret: a.cfg.CompatGatewaySecret,
		PagesPort: tcpPort(a.compatAddr), Native: a.pushHere, NativeBytes: a.service.Limits().PushBytes,
		Metrics: a.registry, Log: a.log,
	}
	if a.nats != nil { // an interface that holds nil is not nil
		opts.Peers = a.nats
	}
	a.gate, err = gatewayworker.New(opts)
	return err
}

// pushHere hands something of the shop's to the sessions of somebody at this node: PHP
// tells each node by itself.
func (a *app) pushHere(uid chat.UID, payload []byte) {
	a.gateway.Deliver(chat.Topic{Kind: chat.EventsOf, UID: uid}, chat.Event{Push: &chat.PushEvent{Payload: payload}})
}

func tcpPort(addr net.Addr) uint16 {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.AddrPort().Port()
	}
	return 0
}
