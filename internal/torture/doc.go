// Package torture gives a running server, or a cluster that it starts itself, a hard
// time, and then looks whether a promise was broken. It is the work behind "haggle
// torture".
//
// Simulated buyers and sellers, each with several devices that keep to the protocol,
// talk through proxies that cut, delay and freeze their connections, while nodes are
// killed and frozen. A Ledger notes what was sent, acked and seen. In the end every
// fault is off, everybody has to be up to date within one heartbeat, and Judge compares
// what the devices and the ledger know with what the store has kept.
package torture
