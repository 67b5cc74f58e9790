package stack_test

// optionsAndErrors is what options, fcntl and ioctl answer, and the errors they add.
func optionsAndErrors() scenario {
	return scenario{"socket-options", 31, pair, opened + `
@100 setsockopt {"proc":"client","fd":3,"option":"SO_SNDBUF","value":4096}
@100 setsockopt {"proc":"client","fd":3,"option":"TCP_CONGESTION","text":"reno"}
@100 setsockopt {"proc":"client","fd":3,"option":"TCP_CONGESTION","text":"no-such"}
@100 getsockopt {"proc":"client","fd":3,"option":"TCP_INFO"}
@100 setsockopt {"proc":"client","fd":3,"option":"IP_TOS","value":184}
@100 setsockopt {"proc":"client","fd":3,"option":"TCP_CORK","value":1}
@100 send {"proc":"client","fd":3,"octets":2000}
@100 ioctl {"proc":"client","fd":3,"request":"SIOCOUTQ"}
@100 ioctl {"proc":"client","fd":3,"request":"SIOCWHAT"}
@500 setsockopt {"proc":"server","fd":4,"option":"SO_RCVTIMEO","value":300}
@500 fcntl {"proc":"server","fd":4,"cmd":"F_SETFL","flags":["O_NONBLOCK"]}
@500 recv {"proc":"server","fd":4,"flags":["peek"]}
@500 read {"proc":"server","fd":4}
@500 read {"proc":"server","fd":4}
@500 fcntl {"proc":"server","fd":4,"cmd":"F_SETFL"}
@500 recv {"proc":"server","fd":4}
@1000 connect {"proc":"client","fd":3,"addr":"","port":0}
@1050 knob.set {"host":"A","knob":"tcp_fastopen","value":"0"}
@1050 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":80,"text":"early","flags":["fastopen"]}
@1050 knob.set {"host":"A","knob":"tcp_fastopen","value":"5"}
@1050 setsockopt {"proc":"client","fd":3,"option":"TCP_FASTOPEN_CONNECT","value":1}
@1050 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":80}
@1060 send {"proc":"client","fd":3,"text":"early"}
@1100 socket {"proc":"client","proto":"udp","family":"ip6"}
@1100 bind {"proc":"client","fd":4,"addr":"10.0.1.2","port":53}
@1100 setsockopt {"proc":"client","fd":4,"option":"IPV6_V6ONLY","value":1}
@1100 connect {"proc":"client","fd":4,"addr":"::ffff:10.0.2.2","port":53}
@1100 bind {"proc":"client","fd":4,"addr":"::1","port":53}
@1100 setsockopt {"proc":"client","fd":4,"option":"IPV6_V6ONLY","value":0}
@1100 socket {"proc":"client","proto":"udp"}
@1100 sendto {"proc":"client","fd":5,"addr":"10.0.1.255","port":53,"text":"all"}
@1100 sendto {"proc":"client","fd":5,"addr":"224.0.0.1","port":53,"text":"group"}
@1100 recv {"proc":"client","fd":5,"flags":["oob"]}
@1100 sendmsg {"proc":"client","fd":5,"addr":"10.0.2.2","port":53,"text":"one"}
`, 2e9}
}

// pollAndLinger is poll with and without a result, and close that waits.
func pollAndLinger() scenario {
	return scenario{"poll-and-linger", 32, pair, opened + `
@100 poll {"proc":"server","fds":[{"fd":3,"events":["POLLIN"]},{"fd":4,"events":["POLLIN","POLLRDHUP"]}],"timeout_ms":100}
@300 poll {"proc":"server","fds":[{"fd":4,"events":["POLLIN","POLLRDHUP"]}],"timeout_ms":-1}
@300 send {"proc":"client","fd":3,"text":"wake up"}
@400 setsockopt {"proc":"client","fd":3,"option":"SO_LINGER","value":2}
@400 close {"proc":"client","fd":3}
@500 poll {"proc":"server","fds":[{"fd":4,"events":["POLLIN","POLLRDHUP"]}],"timeout_ms":0}
@600 recv {"proc":"server","fd":4}
@700 setsockopt {"proc":"server","fd":4,"option":"SO_LINGER","value":1}
@700 link.set {"link":"RB","up":false}
@700 send {"proc":"server","fd":4,"text":"never heard"}
@700 close {"proc":"server","fd":4}
`, 5e9}
}

// urgentAndTimeout is urgent data read apart, then a peer that falls silent: R1, and the
// program's own R2.
func urgentAndTimeout() scenario {
	return scenario{"urgent-and-user-timeout", 33, pair, opened + `
@100 poll {"proc":"server","fds":[{"fd":4,"events":["POLLPRI"]}],"timeout_ms":-1}
@100 recv {"proc":"server","fd":4,"flags":["oob"]}
@100 send {"proc":"client","fd":3,"text":"stop!","flags":["oob"]}
@200 recv {"proc":"server","fd":4}
@200 ioctl {"proc":"server","fd":4,"request":"SIOCATMARK"}
@200 recv {"proc":"server","fd":4,"flags":["oob"]}
@300 send {"proc":"client","fd":3,"text":"go on"}
@400 recv {"proc":"server","fd":4}
@500 setsockopt {"proc":"client","fd":3,"option":"TCP_USER_TIMEOUT","value":8000}
@500 setsockopt {"proc":"client","fd":3,"option":"IP_RECVERR","value":1}
@500 link.set {"link":"RB","up":false}
@500 send {"proc":"client","fd":3,"text":"anybody there?"}
@600 recv {"proc":"client","fd":3}
`, 12e9}
}
