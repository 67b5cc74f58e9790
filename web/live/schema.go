package live

//go:generate go run ./tsgen -o ../../static/src/gen/live.ts

import "labserver/web/session"

// Types lists what the browser's types are written from: the frames of both directions
// and the arguments of the session's own commands, by op.
type Types struct {
	Client, Server, Parts []any
	Commands              []CommandType
}

// CommandType is the arguments of one op.
type CommandType struct {
	Op   string
	Args any
}

// WireTypes returns them.
func WireTypes() Types {
	return Types{
		Client: []any{ClientHello{}, Ack{}, Cmd{}, ViewRate{}, Ping{}},
		Server: []any{Hello{}, Snap{}, Evs{}, Res{}, Pong{}, Lag{}, Lab{}, Clock{}, Who{},
			Sum{}, Bye{}},
		Parts: []any{Limits{}, WireError{}, Goal{}},
		Commands: []CommandType{
			{"clock.play", session.PlayArgs{}}, {"clock.pause", session.PauseArgs{}},
			{"clock.speed", session.SpeedArgs{}}, {"clock.step", session.StepArgs{}},
			{"clock.advance", session.AdvanceArgs{}}, {"reset", session.ResetArgs{}},
		},
	}
}
