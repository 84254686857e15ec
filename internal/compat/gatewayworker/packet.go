package gatewayworker

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// headerBytes is the length of a packet's header: PHP's pack("NCNnNnNCnN", …).
const headerBytes = 28

// The flags of a packet.
const (
	flagScalar = 0x01 // the body is bytes; without it, it is PHP's serialize()
	flagRaw    = 0x02 // the body goes to the socket as it is, without a frame around it
)

// The commands to a worker, of what happens to a page's socket. A ping goes either way.
const (
	cmdOnConnect          = 1
	cmdOnMessage          = 3
	cmdOnClose            = 4
	cmdPing               = 201
	cmdOnWebSocketConnect = 205
)

// The commands of PHP and of workers.
const (
	cmdSendToOne                = 5
	cmdSendToAll                = 6
	cmdKick                     = 7
	cmdDestroy                  = 8
	cmdUpdateSession            = 9
	cmdGetAllClientSessions     = 10
	cmdIsOnline                 = 11
	cmdBindUID                  = 12
	cmdUnbindUID                = 13
	cmdSendToUID                = 14
	cmdGetClientIDByUID         = 15
	cmdBatchGetClientIDByUID    = 16
	cmdJoinGroup                = 20
	cmdLeaveGroup               = 21
	cmdSendToGroup              = 22
	cmdGetClientSessionsByGroup = 23
	cmdGetClientCountByGroup    = 24
	cmdSelect                   = 25
	cmdGetGroupIDList           = 26
	cmdUngroup                  = 27
	cmdBatchGetClientCount      = 28
	cmdWorkerConnect            = 200
	cmdGatewayClientConnect     = 202
	cmdGetSessionByClientID     = 203
	cmdSetSession               = 204
)

// packet is one of the inner protocol.
type packet struct {
	command     byte
	localIP     uint32 // of the gateway, as all of the next; 0 from PHP
	localPort   uint16
	clientIP    uint32 // of the browser; 0 if it has none of version 4
	clientPort  uint16
	connection  uint32 // which one it is about
	flag        byte
	gatewayPort uint16 // that pages connect to
	ext         []byte
	body        []byte
}

var (
	// errPacket says that what comes is no packet.
	errPacket = errors.New("not a packet")

	// errSize says that it is a larger one, or a longer line, than is taken.
	errSize = errors.New("too large")
)

// chunk is how much of a packet is made room for before it has come.
const chunk = 64 << 10

// readPacket reads the next packet, of up to limit bytes. It is io.EOF if there is none,
// and io.ErrUnexpectedEOF if there is a part of one.
func readPacket(r *bufio.Reader, limit int) (packet, error) {
	var head [headerBytes]byte
	if _, err := io.ReadFull(r, head[:4]); err != nil {
		return packet{}, err
	}
	total := int64(binary.BigEndian.Uint32(head[:]))
	switch {
	case total < headerBytes:
		return packet{}, fmt.Errorf("%w: it says that it has %d bytes, and its header has %d", errPacket, total, headerBytes)
	case total > int64(limit):
		return packet{}, fmt.Errorf("%w: a packet has %d bytes, and the most are %d", errSize, total, limit)
	}
	if _, err := io.ReadFull(r, head[4:]); err != nil {
		return packet{}, whole(err)
	}
	p := packet{
		command: head[4],
		localIP: binary.BigEndian.Uint32(head[5:]), localPort: binary.BigEndian.Uint16(head[9:]),
		clientIP: binary.BigEndian.Uint32(head[11:]), clientPort: binary.BigEndian.Uint16(head[15:]),
		connection: binary.BigEndian.Uint32(head[17:]), flag: head[21],
		gatewayPort: binary.BigEndian.Uint16(head[22:]),
	}
	ext := int64(binary.BigEndian.Uint32(head[24:]))
	if ext > total-headerBytes {
		return packet{}, fmt.Errorf("%w: its data has %d bytes, and all of it %d", errPacket, ext, total)
	}
	rest, err := readRest(r, int(total-headerBytes))
	if err != nil {
		return packet{}, whole(err)
	}
	p.ext, p.body = rest[:ext:ext], rest[ext:]
	return p, nil
}

// readRest makes room for what comes as it comes: a length is easily said.
func readRest(r io.Reader, n int) ([]byte, error) {
	rest := make([]byte, min(n, chunk))
	for read := 0; ; {
		if _, err := io.ReadFull(r, rest[read:]); err != nil {
			return nil, err
		}
		if read = len(rest); read == n {
			return rest, nil
		}
		rest = append(rest, make([]byte, min(n-read, read))...)
	}
}

// whole is err of what has begun.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// append appends the packet as it goes over the wire.
func (p *packet) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(headerBytes+len(p.ext)+len(p.body))) //nolint:gosec // bounded long before it is 4 GiB
	b = append(b, p.command)
	b = binary.BigEndian.AppendUint32(b, p.localIP)
	b = binary.BigEndian.AppendUint16(b, p.localPort)
	b = binary.BigEndian.AppendUint32(b, p.clientIP)
	b = binary.BigEndian.AppendUint16(b, p.clientPort)
	b = binary.BigEndian.AppendUint32(b, p.connection)
	b = append(b, p.flag)
	b = binary.BigEndian.AppendUint16(b, p.gatewayPort)
	b = binary.BigEndian.AppendUint32(b, uint32(len(p.ext))) //nolint:gosec // as above
	return append(append(b, p.ext...), p.body...)
}
