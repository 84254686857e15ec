package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// registerPort is the port of the PHP chat's Register.
const registerPort = "1238"

// HasGateway reports whether the shop's GatewayClient is served.
func (c *PHPChat) HasGateway() bool { return c.CompatGateway != "" }

// GatewayRegister returns the address of what is GatewayWorker's Register to PHP.
func (c *PHPChat) GatewayRegister() string {
	if strings.Contains(c.CompatGateway, ":") {
		return c.CompatGateway
	}
	return net.JoinHostPort(c.CompatGateway, registerPort)
}

// GatewayAddress returns where PHP reaches this server's inner protocol, which listens on
// at.
func (c *PHPChat) GatewayAddress(at net.Addr) (netip.AddrPort, error) {
	if c.CompatGatewayAddress != "" {
		return netip.ParseAddrPort(c.CompatGatewayAddress)
	}
	return netip.ParseAddrPort(at.String())
}

// GatewayInClear reports whether what PHP says, its secret included, may go over the
// network: GatewayWorker knows no encryption.
func (c *PHPChat) GatewayInClear() bool {
	return c.HasGateway() && (!Loopback(c.GatewayRegister()) || !Loopback(c.CompatGatewayInner))
}

// checkGateway never repeats the secret.
func (c *PHPChat) checkGateway() error {
	if !c.HasGateway() {
		if c.CompatGatewaySecret != "" || c.CompatGatewayAddress != "" {
			return errors.New("--compat-gateway-secret and --compat-gateway-address are for --compat-gateway: give that one, too")
		}
		return nil
	}
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !c.Compat {
		add("--compat-gateway leads the shop's PHP to the sockets of the PHP chat's pages: give --compat, too")
	}
	if err := checkAddr(c.GatewayRegister()); err != nil {
		add("--compat-gateway: %w", err)
	}
	inner, err := netip.ParseAddrPort(c.CompatGatewayInner)
	if err != nil || !inner.Addr().Is4() {
		add("--compat-gateway-inner: %q is no address of version 4, write IP:PORT like 10.0.0.5:2900", c.CompatGatewayInner)
	} else if inner.Addr().IsUnspecified() && c.CompatGatewayAddress == "" {
		add("--compat-gateway-inner %s does not say where PHP reaches it: give --compat-gateway-address, or the address of one network", c.CompatGatewayInner)
	}
	if at, err := netip.ParseAddrPort(c.CompatGatewayAddress); c.CompatGatewayAddress != "" &&
		(err != nil || !at.Addr().Is4() || at.Addr().IsUnspecified() || at.Port() == 0) {
		add("--compat-gateway-address: %q is no address of version 4 that PHP could reach, write IP:PORT like 10.0.0.5:2900", c.CompatGatewayAddress)
	}
	if len(errs) == 0 && c.CompatGatewaySecret == "" && c.GatewayInClear() {
		add("--compat-gateway %s and --compat-gateway-inner %s would let everybody in the network push to the shop's pages and close them: "+
			"give --compat-gateway-secret, PHP's secretKey, or listen on 127.0.0.1", c.CompatGateway, c.CompatGatewayInner)
	}
	return errors.Join(errs...)
}
