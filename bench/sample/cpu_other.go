//go:build !unix

package sample

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
