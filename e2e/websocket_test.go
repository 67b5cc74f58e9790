package e2e

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// socket is a WebSocket client of RFC 6455 in the small: enough to speak labwire, and to
// say what a browser never would. Only web/live knows the library that the server uses,
// so the two do not share their mistakes.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
}

// opcodes of RFC 6455 §5.2.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

// refused is an upgrade that was answered with another status than 101.
type refused struct{ status int }

func (r refused) Error() string { return fmt.Sprintf("upgrade refused with status %d", r.status) }

// closed is a close frame of the server's.
type closed struct {
	code   int
	reason string
}

func (c closed) Error() string {
	return fmt.Sprintf("closed by the server: %d %s", c.code, c.reason)
}

// dial upgrades address, an http one. Header fields that are nil are left out.
func dial(ctx context.Context, address string, header http.Header) (*socket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	key := make([]byte, 16)
	rand.Read(key)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	req.Header = header.Clone()
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	req.Header.Set("Sec-WebSocket-Version", "13")
	req.Header.Set("Sec-WebSocket-Key", base64.StdEncoding.EncodeToString(key))
	if err := req.Write(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s := &socket{conn: conn, in: bufio.NewReader(conn)}
	resp, err := http.ReadResponse(s.in, req)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		conn.Close()
		return nil, refused{resp.StatusCode}
	}
	return s, conn.SetDeadline(time.Time{})
}

// cut drops the connection without a word.
func (s *socket) cut() { s.conn.Close() }

// write sends one frame, masked as a client must (RFC 6455 §5.3).
func (s *socket) write(opcode byte, payload []byte) error {
	frame := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, 0x80|byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(n))
	}
	mask := make([]byte, 4)
	rand.Read(mask)
	frame = append(frame, mask...)
	for i, b := range payload {
		frame = append(frame, b^mask[i%4])
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	_, err := s.conn.Write(frame)
	return err
}

// read returns the next text message; it answers pings, and a close is an error.
func (s *socket) read(wait time.Duration) ([]byte, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	var message []byte
	for {
		opcode, final, payload, err := s.frame()
		if err != nil {
			return nil, err
		}
		switch opcode {
		case opClose:
			c := closed{code: 1005}
			if len(payload) >= 2 {
				c = closed{int(binary.BigEndian.Uint16(payload)), string(payload[2:])}
			}
			return nil, c
		case opPing:
			if err := s.write(opPong, payload); err != nil {
				return nil, err
			}
		case opPong:
		default: // text, or its continuation
			message = append(message, payload...)
			if final {
				return message, nil
			}
		}
	}
}

// frame reads one frame (RFC 6455 §5.2).
func (s *socket) frame() (opcode byte, final bool, payload []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(s.in, head[:]); err != nil {
		return
	}
	if head[0]&0x70 != 0 || head[1]&0x80 != 0 {
		return 0, false, nil, errors.New("the server set a reserved bit or masked its frame")
	}
	n := uint64(head[1] & 0x7f)
	switch n {
	case 126:
		var b [2]byte
		_, err = io.ReadFull(s.in, b[:])
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, err = io.ReadFull(s.in, b[:])
		n = binary.BigEndian.Uint64(b[:])
	}
	if err != nil {
		return
	}
	if n > 64<<20 {
		return 0, false, nil, fmt.Errorf("the server announced a frame of %d octets", n)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(s.in, payload)
	return head[0] & 0x0f, head[0]&0x80 != 0, payload, err
}
