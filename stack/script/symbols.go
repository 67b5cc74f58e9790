package script

import "strings"

// symbol returns the number behind a name of C's headers, as Linux has it. Options of
// sockets are not here: they go by their names (see options.go).
func symbol(name string) (int64, bool) {
	for _, s := range symbols() {
		if s.name == name {
			return s.value, true
		}
	}
	if n := errnoNumber(name); n != 0 {
		return n, true
	}
	return 0, false
}

type named struct {
	name  string
	value int64
}

func symbols() []named {
	return []named{
		{"O_RDONLY", 0}, {"O_WRONLY", 1}, {"O_RDWR", 2}, {"O_NONBLOCK", 0x800}, {"O_NDELAY", 0x800},
		{"F_GETFL", 3}, {"F_SETFL", 4}, {"F_GETFD", 1}, {"F_SETFD", 2}, {"FD_CLOEXEC", 1},
		{"POLLIN", 1}, {"POLLPRI", 2}, {"POLLOUT", 4}, {"POLLERR", 8}, {"POLLHUP", 0x10},
		{"POLLNVAL", 0x20}, {"POLLRDNORM", 0x40}, {"POLLRDBAND", 0x80}, {"POLLWRNORM", 0x100},
		{"POLLWRBAND", 0x200}, {"POLLRDHUP", 0x2000},
		{"MSG_OOB", 1}, {"MSG_PEEK", 2}, {"MSG_CTRUNC", 8}, {"MSG_TRUNC", 0x20},
		{"MSG_DONTWAIT", 0x40}, {"MSG_EOR", 0x80}, {"MSG_WAITALL", 0x100}, {"MSG_SYN", 0x400},
		{"MSG_ERRQUEUE", 0x2000}, {"MSG_NOSIGNAL", 0x4000}, {"MSG_MORE", 0x8000},
		{"MSG_FASTOPEN", 0x20000000}, {"MSG_CMSG_CLOEXEC", 0x40000000},
		{"TCP_ESTABLISHED", 1}, {"TCP_SYN_SENT", 2}, {"TCP_SYN_RECV", 3}, {"TCP_FIN_WAIT1", 4},
		{"TCP_FIN_WAIT2", 5}, {"TCP_TIME_WAIT", 6}, {"TCP_CLOSE", 7}, {"TCP_CLOSE_WAIT", 8},
		{"TCP_LAST_ACK", 9}, {"TCP_LISTEN", 10}, {"TCP_CLOSING", 11},
		// FreeBSD's names of the states, by the numbers above.
		{"TCPS_ESTABLISHED", 1}, {"TCPS_SYN_SENT", 2}, {"TCPS_SYN_RECEIVED", 3},
		{"TCPS_FIN_WAIT_1", 4}, {"TCPS_FIN_WAIT_2", 5}, {"TCPS_TIME_WAIT", 6}, {"TCPS_CLOSED", 7},
		{"TCPS_CLOSE_WAIT", 8}, {"TCPS_LAST_ACK", 9}, {"TCPS_LISTEN", 10}, {"TCPS_CLOSING", 11},
		{"TCP_CA_Open", 0}, {"TCP_CA_Disorder", 1}, {"TCP_CA_CWR", 2}, {"TCP_CA_Recovery", 3},
		{"TCP_CA_Loss", 4},
		{"TCPI_OPT_TIMESTAMPS", 1}, {"TCPI_OPT_SACK", 2}, {"TCPI_OPT_WSCALE", 4},
		{"TCPI_OPT_ECN", 8}, {"TCPI_OPT_ECN_SEEN", 16}, {"TCPI_OPT_SYN_DATA", 32},
		{"IP_PMTUDISC_DONT", 0}, {"IP_PMTUDISC_WANT", 1}, {"IP_PMTUDISC_DO", 2},
		{"IP_PMTUDISC_PROBE", 3}, {"IPV6_PMTUDISC_DONT", 0}, {"IPV6_PMTUDISC_WANT", 1},
		{"IPV6_PMTUDISC_DO", 2}, {"IPV6_PMTUDISC_PROBE", 3},
		{"IPTOS_LOWDELAY", 0x10}, {"IPTOS_THROUGHPUT", 8}, {"IPTOS_RELIABILITY", 4},
		{"IPTOS_ECN_ECT0", 2}, {"IPTOS_ECN_ECT1", 1}, {"IPTOS_ECN_CE", 3},
		{"INT_MAX", 1<<31 - 1}, {"UINT_MAX", 1<<32 - 1}, {"INADDR_ANY", 0}, {"SOMAXCONN", 4096},
		{"NULL", 0}, {"true", 1}, {"false", 0}, {"SHUT_RD", 0}, {"SHUT_WR", 1}, {"SHUT_RDWR", 2},
		{"IPPROTO_IP", 0}, {"SOL_IP", 0}, {"SOL_SOCKET", 1}, {"IPPROTO_TCP", 6}, {"SOL_TCP", 6},
		{"IPPROTO_UDP", 17}, {"IPPROTO_IPV6", 41}, {"SOL_IPV6", 41}, {"IPPROTO_ICMP", 1},
		{"AF_INET", 2}, {"PF_INET", 2}, {"AF_INET6", 10}, {"PF_INET6", 10}, {"AF_UNSPEC", 0},
		{"SOCK_STREAM", 1}, {"SOCK_DGRAM", 2}, {"SOCK_NONBLOCK", 0x800}, {"SOCK_CLOEXEC", 0x80000},
	}
}

// errnos are the errno names of Linux by number.
const errnos = " 1:EPERM 2:ENOENT 4:EINTR 5:EIO 9:EBADF 11:EAGAIN 11:EWOULDBLOCK 12:ENOMEM" +
	" 13:EACCES 14:EFAULT 16:EBUSY 17:EEXIST 19:ENODEV 22:EINVAL 24:EMFILE 25:ENOTTY 29:ESPIPE" +
	" 32:EPIPE 33:EDOM 34:ERANGE 38:ENOSYS 71:EPROTO 74:EBADMSG 75:EOVERFLOW 88:ENOTSOCK" +
	" 89:EDESTADDRREQ 90:EMSGSIZE 91:EPROTOTYPE 92:ENOPROTOOPT 93:EPROTONOSUPPORT" +
	" 95:EOPNOTSUPP 95:ENOTSUP 96:EPFNOSUPPORT 97:EAFNOSUPPORT 98:EADDRINUSE 99:EADDRNOTAVAIL" +
	" 100:ENETDOWN 101:ENETUNREACH 102:ENETRESET 103:ECONNABORTED 104:ECONNRESET 105:ENOBUFS" +
	" 106:EISCONN 107:ENOTCONN 108:ESHUTDOWN 110:ETIMEDOUT 111:ECONNREFUSED 112:EHOSTDOWN" +
	" 113:EHOSTUNREACH 114:EALREADY 115:EINPROGRESS 125:ECANCELED "

// errnoNumber returns the number of an errno by its name; 0 if there is none.
func errnoNumber(name string) int64 {
	before, _, ok := strings.Cut(errnos, ":"+name+" ")
	if !ok || name == "" {
		return 0
	}
	var n int64
	for _, c := range before[strings.LastIndexByte(before, ' ')+1:] {
		n = n*10 + int64(c-'0')
	}
	return n
}

// canonicalErrno gives an errno of several names the one our calls return.
func canonicalErrno(name string) string {
	switch name {
	case "EWOULDBLOCK":
		return "EAGAIN"
	case "ENOTSUP":
		return "EOPNOTSUPP"
	}
	return name
}
