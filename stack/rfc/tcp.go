package rfc

func tcp() []Rule { return nil }
