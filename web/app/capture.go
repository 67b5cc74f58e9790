package app

// CaptureSlug stands where a run names its lab, for a run that was read from a capture.
const CaptureSlug = "capture"

// Capture is a file that somebody opened: packets of a real network. Its session has one
// run, which is read from the file whenever it is opened and takes no commands.
type Capture struct {
	Name   string // of the file, without folders
	Octets []byte
}

// The errors about captures.
var (
	// ErrCapture refuses a command to a run that was read from a capture.
	ErrCapture = &Error{Code: "capture"}
	// ErrBadCapture refuses a file. Field is what kind of trouble it is, Got says in one
	// line what is wrong and where.
	ErrBadCapture = &Error{Code: "bad_capture"}
)

// QuotaCaptures is the Field of an ErrQuota for who opens too many captures at once.
const QuotaCaptures = "captures"
