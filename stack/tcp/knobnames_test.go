package tcp

import "testing"

func TestEveryNameThatAKnobListsIsTakenAndNoOther(t *testing.T) {
	for _, info := range KnobTable() {
		if (info.Unit == UnitName) != (len(info.Names) > 0) {
			t.Errorf("%s: unit %v with %d names", info.Name, info.Unit, len(info.Names))
		}
		for _, name := range info.Names {
			k, _ := Profile("linux")
			if _, err := k.Set(info.Name, name); err != nil {
				t.Errorf("%s: %s: %v", info.Name, name, err)
			}
		}
		k, _ := Profile("linux")
		if _, err := k.Set(info.Name, "no-such-name"); err == nil {
			t.Errorf("%s takes anything", info.Name)
		}
	}
}
