// Package bench puts a load on a running server over its public protocol and
// says how it did: messages a second, the server's CPU time for each, how long
// acks and deliveries took, and whether anything was lost, doubled or out of
// order. It is the work behind "haggle bench".
//
// A load is a number of pairs, each a buyer and the seller of a product, every
// one with a connection of its own. As the web client does, the seller's side
// acknowledges what it has received up to five times a second.
package bench
