package inet

// Errno is why a socket call failed, by its POSIX name. The zero value is success.
type Errno string

// The errno names the calls return (POSIX.1-2017, and Linux where POSIX is silent).
const (
	OK            Errno = ""
	EACCES        Errno = "EACCES"
	EAFNOSUPPORT  Errno = "EAFNOSUPPORT"
	EADDRINUSE    Errno = "EADDRINUSE"
	EADDRNOTAVAIL Errno = "EADDRNOTAVAIL"
	EAGAIN        Errno = "EAGAIN"
	EALREADY      Errno = "EALREADY"
	EBADF         Errno = "EBADF"
	ECONNABORTED  Errno = "ECONNABORTED"
	ECONNREFUSED  Errno = "ECONNREFUSED"
	ECONNRESET    Errno = "ECONNRESET"
	EDESTADDRREQ  Errno = "EDESTADDRREQ"
	EHOSTUNREACH  Errno = "EHOSTUNREACH"
	EINPROGRESS   Errno = "EINPROGRESS"
	EINVAL        Errno = "EINVAL"
	EINTR         Errno = "EINTR"
	EISCONN       Errno = "EISCONN"
	EMFILE        Errno = "EMFILE"
	EMSGSIZE      Errno = "EMSGSIZE"
	ENETUNREACH   Errno = "ENETUNREACH"
	ENOBUFS       Errno = "ENOBUFS"
	ENODEV        Errno = "ENODEV"
	ENOENT        Errno = "ENOENT"
	ENOPROTOOPT   Errno = "ENOPROTOOPT"
	ENOTCONN      Errno = "ENOTCONN"
	ENOTTY        Errno = "ENOTTY"
	EOPNOTSUPP    Errno = "EOPNOTSUPP"
	EPIPE         Errno = "EPIPE"
	EPROTO        Errno = "EPROTO"
	ETIMEDOUT     Errno = "ETIMEDOUT"
)
