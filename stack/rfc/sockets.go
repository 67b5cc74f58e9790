package rfc

func sockets() []Rule { return nil }
