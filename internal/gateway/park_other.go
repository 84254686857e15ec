//go:build !unix

package gateway

import "syscall"

// park keeps a goroutine in Read: only where descriptors are read without
// waiting can it be parked with less.
func (c *netSocket) park(syscall.RawConn) { c.readOn() }

func (c *netSocket) drain([]byte) {}
