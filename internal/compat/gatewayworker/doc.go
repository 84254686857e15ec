// Package gatewayworker lets the shop's PHP go on calling GatewayClient: it speaks
// GatewayWorker's Register and the inner protocol of its Gateway, for the sockets of the
// PHP chat's pages. BusinessWorkers connect as they did.
//
// PHP may push to these sockets, bind, group, count and close them, and keep a session
// with each. It can do nothing else: what is said in the chat goes past this package. A
// uid that PHP binds is a name under which PHP pushes, and no more.
//
// All of it is in this process's memory and ends with it, as in GatewayWorker. A call
// that concerns all gateways PHP makes at each node by itself, with the addresses that
// the Register of any of them tells.
package gatewayworker
