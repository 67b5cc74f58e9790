package e2e

import (
	"flag"
	"os"
	"testing"
)

// update writes the screenshots to docs/screens instead of a folder that goes away.
var update = flag.Bool("update", false, "write docs/screens")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if browser.cancel != nil {
		browser.cancel()
	}
	removeBinary()
	os.Exit(code)
}
