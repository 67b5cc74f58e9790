package event

//go:generate go run labserver/static/eventgen -root ../..
