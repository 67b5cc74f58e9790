package labs

// Text is what a lab says in one language.
type Text struct {
	Lang       string
	Title      string
	Summary    string
	Objectives []string
	HTML       string              // the prose, sanitized
	Goals      map[string]GoalText // by goal id
}

// GoalText is what a lab says about one goal in one language.
type GoalText struct {
	Title   string
	Choices map[string]string // an answer's choices, by id
	Steps   map[string]string // what is still missing, by step name; may lack some
	Hints   []string          // in the order of Goal.Hints
}
