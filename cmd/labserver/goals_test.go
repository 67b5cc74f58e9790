package main

import (
	"testing"

	"labserver/labs"
)

func TestASessionLearnsTheGoalsOfEveryLab(t *testing.T) {
	catalog, err := labs.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, lab := range catalog.All() {
		header, err := lab.Start(1)
		if err != nil {
			t.Fatal(err)
		}
		c, err := goals{catalog}.Checker(header)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range lab.Goals {
			if found, asks := c.Goal(g.ID); !found || asks != (g.Kind == labs.Answer) {
				t.Errorf("%s, %s of kind %s: found %v, asks %v", lab.Slug, g.ID, g.Kind, found, asks)
			}
		}
		if found, asks := c.Goal("no-such-goal"); found || asks {
			t.Errorf("%s: found %v, asks %v", lab.Slug, found, asks)
		}
	}
}
