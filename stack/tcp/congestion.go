package tcp

func congestionByName(name string) (int, bool) { return 0, name == "reno" || name == "newreno" }
