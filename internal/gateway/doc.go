// Package gateway speaks the socket protocol: it turns frames into calls of
// chat.Service and chat events into frames. docs/protocol.md is its contract
// with clients.
//
// A Gateway belongs to the process, a session to one connection. A session has
// one goroutine of its own, the reader, and that is all it may have while idle:
// there may be a hundred thousand. It is parked until there is something to read
// and then has a worker read it and carry out the frames, one after the other,
// so that its own stack stays the smallest there is (docs/adr/0004).
//
// Where WebSocket is blocked, a session runs over a stream of events down and
// requests up instead (docs/adr/0006). Only its socket differs.
//
// Nothing outside a session writes to its socket. Others put packets in its
// queue, and whoever finds the queue idle starts the one writer that empties
// it. The queue is bounded: a session whose client falls behind is closed,
// because one that comes back loses nothing and one that is waited for delays
// everybody.
//
// There is no timer per session. One wheel, driven by Gateway.Run, turns once a
// second and sees to heartbeats, silence, the ends of tokens and who left.
package gateway
