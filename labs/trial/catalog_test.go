package trial

import (
	"testing"

	"labserver/labs"
)

// TestEveryLabOfTheCatalogStandsItsTrial is the solver: every command list of every lab,
// with a hundred seeds.
func TestEveryLabOfTheCatalogStandsItsTrial(t *testing.T) {
	c, err := labs.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.All()) == 0 {
		t.Fatal("the catalog is empty")
	}
	seeds := Seeds
	if testing.Short() {
		seeds = 5
	}
	for _, l := range c.All() {
		t.Run(l.Folder(), func(t *testing.T) {
			t.Parallel()
			table := Check(l, seeds)
			t.Log("\n" + table.String())
			if !table.OK() {
				t.Error("something did not go as the lab says")
			}
		})
	}
}
