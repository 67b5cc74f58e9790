package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheDocumentIsUpToDate(t *testing.T) {
	got, err := os.ReadFile("../../../docs/knobs.md")
	if err != nil || !bytes.Equal(got, document()) {
		t.Errorf("docs/knobs.md is not what the table says now: run go generate ./web/i18n (%v)", err)
	}
}
