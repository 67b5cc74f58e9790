package stack

func (a NATSet) checkRanges() error     { return nil }
func (a NATForward) checkRanges() error { return nil }

func (w *World) checkNATSet(a NATSet) error {
	return &ArgError{Code: CodeNotRouter, Field: "host", Got: string(a.Host)}
}

func (w *World) checkNATForward(a NATForward) error {
	return &ArgError{Code: CodeNotRouter, Field: "host", Got: string(a.Host)}
}

func (w *World) nat(Command, uint64) { panic("BUG: a translation that passed Check") }
