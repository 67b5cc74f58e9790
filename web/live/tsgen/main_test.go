package main

import (
	"bytes"
	"os"
	"testing"

	"labserver/web/live"
)

func TestTheBrowsersTypesAreThoseOfTheStructs(t *testing.T) {
	have, err := os.ReadFile("../../../static/src/gen/live.ts")
	if err != nil {
		t.Fatal(err)
	}
	if want := Generate(live.WireTypes()); !bytes.Equal(have, want) {
		t.Error("static/src/gen/live.ts is not what web/live says: run go generate ./web/live")
	}
}
