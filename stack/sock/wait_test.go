package sock_test

import (
	"testing"

	"labserver/stack/inet"
	"labserver/stack/rfc"
)

func TestReceiveAndSendTimeoutsBoundACall(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		setsockopt "proc":"b","fd":4,"option":"SO_RCVTIMEO","value":300 => 0
		recv "proc":"b","fd":4 => blocked
		later 299 recv =>
		later 1 recv => EAGAIN
		recv "proc":"b","fd":4 => blocked
		send "proc":"a","fd":3,"text":"x" => 1
		later 10 recv => 1 x
		setsockopt "proc":"b","fd":3,"option":"SO_RCVTIMEO","value":50 => 0
		accept "proc":"b","fd":3 => blocked
		later 50 accept => EAGAIN
		setsockopt "proc":"a","fd":3,"option":"SO_SNDTIMEO","value":1000 => 0
		link.set "link":"L","up":false =>
		send "proc":"a","fd":3,"octets":9000000 => blocked`)
	if d.why() != rfc.CallTimedOut {
		t.Error(d.why())
	}
	if got := d.later(1000, "send"); got == "" || got == "EAGAIN" || got == "9000000" {
		t.Errorf("a send that took some says how much: %q", got)
	}
	d.expect(`
		send "proc":"a","fd":3,"text":"x" => blocked
		later 1000 send => EAGAIN`)
}

func TestAConnectThatMayNotWaitLongGoesOnAlone(t *testing.T) {
	newDesk(t).expect(`
		link.set "link":"L","up":false =>
		socket "proc":"a","proto":"tcp" => 3
		setsockopt "proc":"a","fd":3,"option":"SO_SNDTIMEO","value":200 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 200 connect => EINPROGRESS
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 200 connect => EALREADY fd`)
}

// POSIX: close waits for the data and the FIN to be acknowledged, or for the seconds.
func TestALingeringCloseWaitsForTheLastAcknowledgment(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		setsockopt "proc":"a","fd":3,"option":"SO_LINGER","value":5 => 0
		send "proc":"a","fd":3,"text":"last words" => 10
		close "proc":"a","fd":3 => blocked
		send "proc":"a","fd":3,"text":"x" => EBADF fd
		later 10 close => 0
		recv "proc":"b","fd":4 => 10 last words`)
	d = newDesk(t)
	d.expect(tcpPair + `
		setsockopt "proc":"a","fd":3,"option":"SO_LINGER","value":5 => 0
		link.set "link":"L","up":false =>
		send "proc":"a","fd":3,"text":"lost words" => 10
		close "proc":"a","fd":3 => blocked
		later 4999 close =>
		later 1 close => 0`)
	if c := d.w.View().Connections[0]; c.Host != "A" || c.State != inet.FinWait1 {
		t.Errorf("TCP goes on alone: %+v", c)
	}
	newDesk(t).expect(`
		socket "proc":"a","proto":"tcp" => 3
		setsockopt "proc":"a","fd":3,"option":"SO_LINGER","value":5 => 0
		close "proc":"a","fd":3 => 0
		socket "proc":"a","proto":"udp" => 3
		setsockopt "proc":"a","fd":3,"option":"SO_LINGER","value":5 => 0
		close "proc":"a","fd":3 => 0`)
}

func TestAKilledProcessDoesNotLinger(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		setsockopt "proc":"a","fd":3,"option":"SO_LINGER","value":5 => 0
		link.set "link":"L","up":false =>
		send "proc":"a","fd":3,"text":"x" => 1
		close "proc":"a","fd":3 => blocked
		proc.kill "proc":"a" =>
		later 6000 close =>`)
	if len(d.w.View().Calls) != 0 {
		t.Errorf("%+v", d.w.View().Calls)
	}
}

func TestFlagsChangeOneCall(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		recv "proc":"b","fd":4,"flags":["dontwait"] => EAGAIN
		write "proc":"a","fd":3,"text":"hello" => 5
		later 10 write =>
		recv "proc":"b","fd":4,"flags":["peek"],"max":3 => 3 hel
		recv "proc":"b","fd":4,"flags":["peek"] => 5 hello
		read "proc":"b","fd":4,"max":1 => 1 h
		recv "proc":"b","fd":4,"flags":["waitall"],"max":8 => blocked
		send "proc":"a","fd":3,"text":"abc" => 3
		later 10 recv =>
		send "proc":"a","fd":3,"text":"defg" => 4
		later 20 recv => 8 elloabcd
		recvmsg "proc":"b","fd":4,"flags":["trunc"] => 3
		recv "proc":"b","fd":4,"flags":["waitall"],"max":8 => blocked
		sendmsg "proc":"a","fd":3,"text":"end","flags":["nosignal"] => 3
		shutdown "proc":"a","fd":3,"how":"wr" => 0
		later 10 recv => 3 end
		send "proc":"a","fd":3,"text":"x","flags":["dontwait"] => EPIPE fd
		sendmsg "proc":"a","fd":3,"addr":"10.0.0.2","port":80,"text":"x" => EISCONN addr`)
	newDesk(t).expect(`
		socket "proc":"b","proto":"udp" => 3
		bind "proc":"b","fd":3,"port":53 => 0
		socket "proc":"a","proto":"udp" => 3
		bind "proc":"a","fd":3,"port":1000 => 0
		sendmsg "proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"long one" => 8
		later 10 recv =>
		recvmsg "proc":"b","fd":3,"max":4,"flags":["peek"] => 4 10.0.0.1:1000 long truncated
		recvmsg "proc":"b","fd":3,"max":4,"flags":["trunc"] => 8 10.0.0.1:1000 long truncated
		recvmsg "proc":"b","fd":3,"flags":["dontwait"] => EAGAIN`)
}

func TestFcntlAndIoctlKnowWhatASocketIs(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		fcntl "proc":"a","fd":3,"cmd":"F_GETFL" => 2
		fcntl "proc":"a","fd":3,"cmd":"F_SETFL","flags":["O_NONBLOCK"] => 0
		fcntl "proc":"a","fd":3,"cmd":"F_GETFL" => 2050
		recv "proc":"a","fd":3 => EAGAIN
		fcntl "proc":"a","fd":3,"cmd":"F_SETFL" => 0
		fcntl "proc":"a","fd":3,"cmd":"F_DUPFD" => EINVAL cmd
		ioctl "proc":"a","fd":3,"request":"SIOCINQ" => 0
		ioctl "proc":"a","fd":3,"request":"SIOCWHAT" => ENOTTY request
		ioctl "proc":"b","fd":3,"request":"SIOCINQ" => EINVAL fd
		socket "proc":"a","proto":"udp" => 4
		ioctl "proc":"a","fd":4,"request":"SIOCINQ" => 0
		ioctl "proc":"a","fd":4,"request":"SIOCOUTQ" => ENOTTY request`)
}
