package check

// What tests outside the package may look into.
var (
	Touches  = touches
	EventSet = func() []string { return kindNames() }
)
