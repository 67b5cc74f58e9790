package sock_test

import (
	"testing"

	"labserver/stack/event"
)

const fastServer = `
	knob.set "host":"B","knob":"tcp_fastopen","value":"3" =>
	socket "proc":"b","proto":"tcp" => 3
	setsockopt "proc":"b","fd":3,"option":"TCP_FASTOPEN","value":5 => 0
	bind "proc":"b","fd":3,"port":80 => 0
	listen "proc":"b","fd":3 => 0`

// synData lists how many octets each SYN of a host carried.
func (d *desk) synData(host string) (list []int) {
	for _, e := range d.w.Events().From(1) {
		if s, ok := e.Body.(event.SegmentSent); ok && s.Seg.Flags == "S" && string(e.Host) == host {
			list = append(list, s.Seg.Len)
		}
	}
	return list
}

// RFC 7413 §4.2.1: the first time the SYN asks for a cookie; the next one carries data.
func TestSendtoWithFastOpenConnectsAndSends(t *testing.T) {
	d := newDesk(t)
	d.expect(fastServer + `
		socket "proc":"a","proto":"tcp" => 3
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":80,"text":"hello","flags":["fastopen"] => blocked
		later 10 sendto => 5
		accept "proc":"b","fd":3 => 4 10.0.0.1:41805
		recv "proc":"b","fd":4 => 5 hello
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":80,"text":"x","flags":["fastopen"] => EISCONN addr
		socket "proc":"a","proto":"tcp" => 4
		setsockopt "proc":"a","fd":4,"option":"O_NONBLOCK","value":1 => 0
		sendto "proc":"a","fd":4,"addr":"10.0.0.2","port":80,"text":"again","flags":["fastopen"] => 5
		sendto "proc":"a","fd":4,"addr":"10.0.0.2","port":80,"text":"x","flags":["fastopen"] => EALREADY fd
		later 1 accept =>
		poll "proc":"b","fds":[{"fd":3,"events":["POLLIN"]}],"timeout_ms":0 => 1 3:POLLIN
		later 10 accept =>
		send "proc":"a","fd":4,"text":"!" => 1`)
	if got := d.synData("A"); len(got) != 2 || got[0] != 0 || got[1] != 5 {
		t.Errorf("octets in the SYNs: %v", got)
	}
}

func TestFastOpenWithoutACookieDoesNotWaitOnANonblockingSocket(t *testing.T) {
	newDesk(t).expect(fastServer + `
		socket "proc":"a","proto":"tcp" => 3
		setsockopt "proc":"a","fd":3,"option":"O_NONBLOCK","value":1 => 0
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":80,"text":"x","flags":["fastopen"] => EINPROGRESS
		later 10 sendto =>
		send "proc":"a","fd":3,"text":"x" => 1
		socket "proc":"a","proto":"tcp" => 4
		sendto "proc":"a","fd":4,"addr":"10.0.0.2","port":81,"text":"x","flags":["fastopen"] => blocked
		later 10 sendto => ECONNREFUSED
		knob.set "host":"A","knob":"tcp_fastopen","value":"0" =>
		sendto "proc":"a","fd":4,"addr":"10.0.0.2","port":80,"text":"x","flags":["fastopen"] => EOPNOTSUPP flags`)
}

// tcp(7), TCP_FASTOPEN_CONNECT: with a cookie connect returns at once and the SYN waits for
// the first data.
func TestAConnectMayWaitForTheFirstData(t *testing.T) {
	d := newDesk(t)
	d.expect(fastServer + `
		socket "proc":"a","proto":"tcp" => 3
		setsockopt "proc":"a","fd":3,"option":"TCP_FASTOPEN_CONNECT","value":1 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 connect => 0
		socket "proc":"a","proto":"tcp" => 4
		setsockopt "proc":"a","fd":4,"option":"TCP_FASTOPEN_CONNECT","value":1 => 0
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":80 => 0
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":80 => EISCONN fd
		poll "proc":"a","fds":[{"fd":4,"events":["POLLIN","POLLOUT"]}],"timeout_ms":0 => 1 4:POLLOUT
		recv "proc":"a","fd":4 => ENOTCONN fd
		send "proc":"a","fd":4,"text":"first" => blocked
		later 10 send => 5
		socket "proc":"a","proto":"tcp" => 5
		setsockopt "proc":"a","fd":5,"option":"TCP_FASTOPEN_CONNECT","value":1 => 0
		connect "proc":"a","fd":5,"addr":"10.0.0.2","port":80 => 0
		connect "proc":"a","fd":5,"addr":"","port":0 => 0
		send "proc":"a","fd":5,"text":"x" => ENOTCONN fd`)
	if got := d.synData("A"); len(got) != 2 || got[0] != 0 || got[1] != 5 {
		t.Errorf("octets in the SYNs: %v", got)
	}
}
