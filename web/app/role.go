package app

// Role is what somebody is to a session.
type Role string

// The roles, from the weakest.
const (
	// Nobody has no part in the session: for them it does not exist.
	Nobody Role = ""
	// Watcher sees everything and changes nothing.
	Watcher Role = "watch"
	// CoDriver commands beside the driver, and its pace never holds the run back.
	CoDriver Role = "codrive"
	// Driver commands, and the simulation waits for its connection's credit.
	Driver Role = "drive"
)

// Action is what somebody wants to do with a session.
type Action string

// The actions. Each route and each message of the socket is one of them.
const (
	View    Action = "view"    // see it: page, socket, history, segments, status
	Command Action = "command" // world and note commands, and the clock
	Manage  Action = "manage"  // reset, finish, share, download the journal
)

// Object is the session an action is about, with the shares of it whose tokens the
// actor holds.
type Object struct {
	Session Session
	Shares  []Share // valid ones only
}

// RoleOf returns the strongest role an actor has on an object.
func RoleOf(a Actor, o Object) Role {
	if a.Admin || (a.Subject != "" && a.Subject == o.Session.Owner) {
		return Driver
	}
	role := Nobody
	for _, s := range o.Shares {
		if s.Session != o.Session.ID {
			continue
		}
		if s.Role == CoDriver || role == Nobody {
			role = s.Role
		}
	}
	return role
}

// Can is the one answer to "may they?". What is not allowed is answered as if it did
// not exist (ErrNotFound).
func Can(a Actor, act Action, o Object) bool { return Allows(RoleOf(a, o), act) }

// Allows reports whether a role includes an action.
func Allows(r Role, act Action) bool {
	switch r {
	case Driver:
		return act == View || act == Command || act == Manage
	case CoDriver:
		return act == View || act == Command
	case Watcher:
		return act == View
	}
	return false
}
