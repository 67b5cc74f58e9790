package sock_test

import (
	"strconv"
	"testing"
)

// Linux: the connect after a nonblocking one tells how that ended, once.
func TestTheNextConnectTellsHowANonblockingOneEnded(t *testing.T) {
	const begin = `
		socket "proc":"a","proto":"tcp" => 3
		setsockopt "proc":"a","fd":3,"option":"O_NONBLOCK","value":1 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EINPROGRESS
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EALREADY fd
		later 10 connect =>`
	newDesk(t).expect(begin + `
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => ECONNREFUSED
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EINPROGRESS`)
	newDesk(t).expect(begin + `
		getsockopt "proc":"a","fd":3,"option":"SO_ERROR" => 0 ECONNREFUSED
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => ECONNABORTED
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EINPROGRESS`)
	newDesk(t).expect(`
		socket "proc":"b","proto":"tcp" => 3
		bind "proc":"b","fd":3,"port":80 => 0
		listen "proc":"b","fd":3 => 0` + begin + `
		getsockopt "proc":"a","fd":3,"option":"SO_ERROR" => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EISCONN fd`)
}

func TestABlockingConnectJoinsOneUnderWay(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"tcp" => 3
		setsockopt "proc":"a","fd":3,"option":"O_NONBLOCK","value":1 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EINPROGRESS
		setsockopt "proc":"a","fd":3,"option":"O_NONBLOCK","value":0 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 connect => ECONNREFUSED`)
}

func TestConnectToNoAddressDissolves(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		recv "proc":"b","fd":4 => blocked
		connect "proc":"a","fd":3,"addr":"","port":0 => 0
		later 10 recv => ECONNRESET
		getpeername "proc":"a","fd":3 => ENOTCONN fd
		getsockname "proc":"a","fd":3 => 0 0.0.0.0:3001
		send "proc":"a","fd":3,"text":"x" => ENOTCONN fd
		connect "proc":"a","fd":3,"addr":"","port":0 => 0
		connect "proc":"b","fd":3,"addr":"","port":0 => EISCONN fd
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 connect => 0`)
	newDesk(t).expect(`
		link.set "link":"L","up":false =>
		socket "proc":"a","proto":"tcp" => 3
		setsockopt "proc":"a","fd":3,"option":"O_NONBLOCK","value":1 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EINPROGRESS
		connect "proc":"a","fd":3,"addr":"","port":0 => 0
		later 10000 connect =>`)
}

// After a reset the socket is no longer connected, and yet it cannot connect again.
func TestAResetSocketStaysUsed(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		setsockopt "proc":"b","fd":4,"option":"SO_LINGER","value":0 => 0
		close "proc":"b","fd":4 => 0
		later 10 close =>
		shutdown "proc":"a","fd":3,"how":"wr" => ENOTCONN fd
		getpeername "proc":"a","fd":3 => ENOTCONN fd
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EISCONN fd
		listen "proc":"a","fd":3 => EINVAL fd
		recv "proc":"a","fd":3 => ECONNRESET
		recv "proc":"a","fd":3 => 0
		send "proc":"a","fd":3,"text":"x" => EPIPE`)
}

// Two servers on one endpoint: SO_REUSEPORT on both shares the connections out.
func TestReusePortSharesAnEndpoint(t *testing.T) {
	d := newDesk(t)
	d.expect(`
		socket "proc":"b","proto":"tcp" => 3
		socket "proc":"b","proto":"tcp" => 4
		setsockopt "proc":"b","fd":3,"option":"SO_REUSEPORT","value":1 => 0
		setsockopt "proc":"b","fd":4,"option":"SO_REUSEPORT","value":1 => 0
		bind "proc":"b","fd":3,"port":80 => 0
		bind "proc":"b","fd":4,"port":80 => 0
		listen "proc":"b","fd":3 => 0
		listen "proc":"b","fd":4 => 0`)
	for fd := 3; fd < 23; fd++ {
		d.do("socket", `"proc":"a","proto":"tcp"`)
		d.expect(`connect "proc":"a","fd":` + strconv.Itoa(fd) + `,"addr":"10.0.0.2","port":80 => blocked
			later 10 connect => 0`)
	}
	one, two := d.w.View().Sockets[0].AcceptQueue, d.w.View().Sockets[1].AcceptQueue
	if one+two != 20 || one == 0 || two == 0 {
		t.Errorf("%d and %d", one, two)
	}
}

func TestABroadcastNeedsPermission(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"udp" => 3
		sendto "proc":"a","fd":3,"addr":"10.0.0.255","port":9,"text":"x" => EACCES addr
		setsockopt "proc":"a","fd":3,"option":"SO_BROADCAST","value":1 => 0
		sendto "proc":"a","fd":3,"addr":"10.0.0.255","port":9,"text":"x" => 1
		setsockopt "proc":"a","fd":3,"option":"SO_BROADCAST","value":0 => 0
		sendto "proc":"a","fd":3,"addr":"255.255.255.255","port":9,"text":"x" => EACCES addr
		connect "proc":"a","fd":3,"addr":"255.255.255.255","port":9 => EACCES addr
		setsockopt "proc":"a","fd":3,"option":"SO_BROADCAST","value":1 => 0
		connect "proc":"a","fd":3,"addr":"255.255.255.255","port":9 => 0
		send "proc":"a","fd":3,"text":"x" => 1`)
}
