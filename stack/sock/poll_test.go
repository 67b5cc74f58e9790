package sock_test

import (
	"fmt"
	"testing"

	"labserver/stack/event"
	"labserver/stack/rfc"
)

func TestPollSaysWhatEachDescriptorIsReadyFor(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		poll "proc":"a","fds":[{"fd":3,"events":["POLLIN","POLLOUT","POLLRDHUP"]}],"timeout_ms":0 => 1 3:POLLOUT
		poll "proc":"a","fds":[{"fd":3,"events":["POLLIN"]}],"timeout_ms":0 => 0
		poll "proc":"a","fds":[],"timeout_ms":0 => 0
		poll "proc":"a","fds":[{"fd":9,"events":[]},{"fd":-1,"events":["POLLIN"]}],"timeout_ms":-1 => 1 9:POLLNVAL
		send "proc":"a","fd":3,"text":"x" => 1
		later 10 send =>
		poll "proc":"b","fds":[{"fd":3,"events":["POLLIN"]},{"fd":4,"events":["POLLIN"]}],"timeout_ms":-1 => 1 4:POLLIN
		shutdown "proc":"a","fd":3,"how":"wr" => 0
		later 10 send =>
		poll "proc":"b","fds":[{"fd":4,"events":["POLLIN","POLLRDHUP"]}],"timeout_ms":-1 => 1 4:POLLIN|POLLRDHUP
		close "proc":"b","fd":4 => 0
		later 10 send =>
		poll "proc":"a","fds":[{"fd":3,"events":["POLLIN","POLLOUT"]}],"timeout_ms":-1 => 1 3:POLLIN|POLLOUT|POLLERR|POLLHUP`)
}

func TestPollOfASocketThatIsNoConnection(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"a","proto":"tcp" => 3
		poll "proc":"a","fds":[{"fd":3,"events":["POLLIN","POLLOUT"]}],"timeout_ms":0 => 1 3:POLLOUT|POLLHUP
		setsockopt "proc":"a","fd":3,"option":"O_NONBLOCK","value":1 => 0
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => EINPROGRESS
		poll "proc":"a","fds":[{"fd":3,"events":["POLLIN","POLLOUT"]}],"timeout_ms":1000 => blocked
		later 10 poll => 1 3:POLLIN|POLLOUT|POLLERR|POLLHUP
		getsockopt "proc":"a","fd":3,"option":"SO_ERROR" => 0 ECONNREFUSED
		socket "proc":"a","proto":"udp" => 4
		poll "proc":"a","fds":[{"fd":4,"events":["POLLIN","POLLOUT"]}],"timeout_ms":0 => 1 4:POLLOUT`)
}

func TestPollWaitsForAConnectionToAccept(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"b","proto":"tcp" => 3
		bind "proc":"b","fd":3,"port":80 => 0
		listen "proc":"b","fd":3 => 0
		poll "proc":"b","fds":[{"fd":3,"events":["POLLIN"]}],"timeout_ms":-1 => blocked
		socket "proc":"a","proto":"tcp" => 3
		connect "proc":"a","fd":3,"addr":"10.0.0.2","port":80 => blocked
		later 10 poll => 1 3:POLLIN
		poll "proc":"a","fds":[{"fd":3,"events":["POLLOUT"]}],"timeout_ms":0 => 1 3:POLLOUT`)
}

func TestPollWaitsForADatagram(t *testing.T) {
	newDesk(t).expect(`
		socket "proc":"b","proto":"udp" => 3
		bind "proc":"b","fd":3,"port":53 => 0
		poll "proc":"b","fds":[{"fd":3,"events":["POLLIN"]}],"timeout_ms":500 => blocked
		socket "proc":"a","proto":"udp" => 3
		sendto "proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"x" => 1
		later 10 poll => 1 3:POLLIN
		ioctl "proc":"b","fd":3,"request":"SIOCINQ" => 1`)
}

func TestPollReturnsZeroWhenTheTimeIsUp(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		poll "proc":"a","fds":[{"fd":3,"events":["POLLIN"]}],"timeout_ms":250 => blocked
		later 249 poll =>`)
	if calls := d.w.View().Calls; len(calls) != 1 || calls[0].Op != "poll" || calls[0].FD != -1 {
		t.Errorf("%+v", calls)
	}
	d.expect(`later 1 poll => 0`)
	last := d.w.Events().At(d.w.Events().Len())
	if b, ok := last.Body.(event.CallReturned); !ok || last.Rule != rfc.PollTimedOut ||
		d.w.Events().At(last.By).Kind() != "call.blocked" || b.Op != "poll" {
		t.Errorf("%+v", last)
	}
}

func TestAPollThatIsOverLeavesNoTimer(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		poll "proc":"b","fds":[{"fd":4,"events":["POLLIN"]}],"timeout_ms":60000 => blocked
		send "proc":"a","fd":3,"text":"x" => 1
		later 10 poll => 1 4:POLLIN
		later 70000 poll =>`)
}

func TestClosingWhatPollWatchesEndsIt(t *testing.T) {
	d := newDesk(t)
	d.expect(tcpPair + `
		poll "proc":"a","fds":[{"fd":3,"events":["POLLIN"]}],"timeout_ms":-1 => blocked`)
	from := d.w.Events().Len() + 1
	d.do("close", `"proc":"a","fd":3`)
	if got := d.outcome("poll", from); got != "1 3:POLLNVAL" {
		t.Error(got)
	}
	d.expect(`
		poll "proc":"b","fds":[{"fd":3,"events":["POLLIN"]}],"timeout_ms":-1 => blocked`)
	from = d.w.Events().Len() + 1
	d.do("proc.kill", `"proc":"b"`)
	if got := d.outcome("poll", from); got != "EBADF fd" || len(d.w.View().Calls) != 0 {
		t.Error(got, d.w.View().Calls)
	}
}

func TestPollWatchesOnlySoManyDescriptors(t *testing.T) {
	list := `{"fd":3,"events":[]}`
	for range 64 {
		list += `,{"fd":3,"events":[]}`
	}
	newDesk(t).expect(fmt.Sprintf(`
		poll "proc":"a","fds":[%s],"timeout_ms":0 => EINVAL fds`, list))
}

// POLLPRI is how a program learns of urgent data (RFC 9293 MUST-32, MUST-33).
func TestPollAndRecvSeeUrgentData(t *testing.T) {
	newDesk(t).expect(tcpPair + `
		recv "proc":"b","fd":4,"flags":["oob"] => EINVAL flags
		poll "proc":"b","fds":[{"fd":4,"events":["POLLPRI"]}],"timeout_ms":-1 => blocked
		send "proc":"a","fd":3,"text":"stop!","flags":["oob"] => 5
		later 10 poll => 1 4:POLLPRI
		ioctl "proc":"b","fd":4,"request":"SIOCATMARK" => 0
		recv "proc":"b","fd":4 => 4 stop
		ioctl "proc":"b","fd":4,"request":"SIOCATMARK" => 1
		recv "proc":"b","fd":4,"flags":["oob","peek"] => 1 !
		recv "proc":"b","fd":4,"flags":["oob"] => 1 !
		recv "proc":"b","fd":4,"flags":["oob"] => EINVAL flags
		poll "proc":"b","fds":[{"fd":4,"events":["POLLPRI"]}],"timeout_ms":0 => 0
		setsockopt "proc":"b","fd":4,"option":"SO_OOBINLINE","value":1 => 0
		send "proc":"a","fd":3,"text":"x","flags":["oob"] => 1
		later 10 send =>
		recv "proc":"b","fd":4 => 1 !
		recv "proc":"b","fd":4 => 1 x
		socket "proc":"a","proto":"udp" => 4
		recv "proc":"a","fd":4,"flags":["oob"] => EOPNOTSUPP flags
		connect "proc":"a","fd":4,"addr":"10.0.0.2","port":80 => 0
		send "proc":"a","fd":4,"text":"x","flags":["oob"] => EOPNOTSUPP flags`)
}
