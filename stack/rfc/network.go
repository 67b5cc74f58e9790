package rfc

func network() []Rule { return nil }
