package rfc

// ledgerCalls is about the OPEN call: §3.9.1.1.
func ledgerCalls() []Requirement {
	return []Requirement{
		{"MUST-41", "3.9.1.1", Met, ids(BindInUse), tests(
			"stack/tcp.TestOneEndpointHasOneListener",
			"stack/sock.TestOfTwoThatShareAPortOnlyOneListens")},
		{"MUST-42", "3.9.1.1", Met, ids(ListenCall), tests(
			"stack/tcp.TestOneListenerServesManyConnections",
			"stack/sock.TestAPortIsListenedOnWhileItConnects")},
		{"MUST-43", "3.9.1.1", Met, ids(BindCall),
			tests("stack/sock.TestAConnectionKeepsTheLocalAddressItBeganWith")},
		{"MUST-44", "3.9.1.1", Met, ids(TCPOpen),
			tests("stack/sock.TestAConnectionKeepsTheLocalAddressItBeganWith")},
		{"MUST-45", "3.9.1.1", Met, ids(TCPOpen),
			tests("stack/sock.TestAConnectionKeepsTheLocalAddressItBeganWith")},
		{"MUST-46", "3.9.1.1", Met, ids(ConnectUnicast), tests(
			"stack/tcp.TestOpenRefusesATakenPairAndImpossibleAddresses",
			"stack/sock.TestConnectSaysWhyNot")},
	}
}

// ledgerPush is about the SEND and RECEIVE calls: §3.9.1.2, §3.9.1.3 and §3.9.1.7.
func ledgerPush() []Requirement {
	return []Requirement{
		{"MAY-15", "3.9.1.2", NotMet, nil, nil},
		{"MUST-60", "3.9.1.2", Met, ids(TCPPush, TCPOverride), tests(
			"stack/tcp.TestTheLastSegmentIsPushed", "stack/tcp.TestSillyWindowsAreNotFilled")},
		{"MUST-61", "3.9.1.2", Met, ids(TCPPush), tests("stack/tcp.TestTheLastSegmentIsPushed")},
		{"MAY-16", "3.9.1.2", Met, ids(TCPNagle),
			tests("stack/tcp.TestNagleHoldsSmallSegmentsWhileDataIsOutstanding")},
		{"SHLD-27", "3.9.1.2", Met, ids(TCPFullSized),
			tests("stack/tcp.TestPushedPiecesAreJoinedIntoFullSegments")},
		{"SHLD-28", "3.9.1.2", Met, ids(TCPFullSized), tests(
			"stack/tcp.TestPushedPiecesAreJoinedIntoFullSegments",
			"stack/tcp.TestEveryMSSCarriesAStream")},
		{"MAY-17", "3.9.1.3", NotMet, nil, nil},
		{"MAY-14", "3.9.1.7", NotMet, nil, nil},
	}
}

// ledgerReports is about reports and the Differentiated Services field: §3.9.1.8, §3.9.1.9.
func ledgerReports() []Requirement {
	return []Requirement{
		{"MUST-47", "3.9.1.8", Met, ids(TCPReport, TCPR1Report, TCPUrgent), tests(
			"stack/tcp.TestASoftErrorIsReportedToWhoAsked",
			"stack/tcp.TestAtR1IPIsAdvisedAndTheProgramIsTold")},
		{"SHLD-20", "3.9.1.8", Met, ids(TCPReport),
			tests("stack/tcp.TestASoftErrorIsReportedToWhoAsked")},
		{"MUST-48", "3.9.1.9", Met, ids(OptionCall), tests(
			"stack/tcp.TestSegmentsCarryTheServiceThatWasAskedFor",
			"stack/sock.TestTOSAndTTLReachTheHeader")},
		{"SHLD-21", "3.9.1.9", Met, ids(OptionCall),
			tests("stack/sock.TestTOSAndTTLReachTheHeader")},
		{"SHLD-22", "3.9.1.9", Met, nil, tests("stack/sock.TestTOSAndTTLReachTheHeader")},
		{"MAY-9", "3.9.1.9", NotMet, nil, nil},
	}
}

// ledgerNetwork is about what lies below TCP: §3.9.2.
func ledgerNetwork() []Requirement {
	return []Requirement{
		{"MUST-49", "3.9.2", Met, ids(KnobTurned), tests("stack/host.TestKnobsAreSetVisibly",
			"stack/host.TestSegmentsCarryTheTTLTheyAreTold")},
		{"SHLD-23", "3.9.2", NoCase, nil, nil},
		{"MUST-50", "3.9.2", Met, nil, tests("stack/wire.TestIPv4OptionsAreSkipped",
			"stack/host.TestIPOptionsAroundASegmentChangeNothing")},
		{"MAY-10", "3.9.2", NotMet, nil, nil},
		{"MAY-11", "3.9.2", NotMet, nil, nil},
		{"MUST-51", "3.9.2.1", NoCase, nil,
			tests("stack/ip.TestASourceRouteIsDropped")},
		{"MUST-52", "3.9.2.1", NoCase, nil,
			tests("stack/ip.TestASourceRouteIsDropped")},
		{"MUST-53", "3.9.2.1", NoCase, nil,
			tests("stack/ip.TestASourceRouteIsDropped")},
		{"SHLD-24", "3.9.2.1", NoCase, nil, nil},
		{"MUST-54", "3.9.2.2", Met, ids(ICMPDelivered, ConnectNoRoute), tests(
			"stack/tcp.TestICMPErrors", "stack/host.TestICMPErrorsBecomeErrnoNames")},
		{"MUST-55", "3.9.2.2", Met, nil,
			tests("stack/host.TestSourceQuenchChangesNothing")},
		{"MUST-56", "3.9.2.2", Met, ids(ICMPDelivered), tests("stack/tcp.TestICMPErrors")},
		{"SHLD-25", "3.9.2.2", Met, ids(ConnFailed, ConnectNoRoute), tests(
			"stack/tcp.TestICMPErrors", "stack/sock.TestAConnectThatRoutersRefuseSaysSo")},
		{"SHLD-26", "3.9.2.2", Met, ids(TCPHardError), tests("stack/tcp.TestICMPErrors",
			"stack/tcp.TestAHardErrorEndsAConnectionOfTheRFCProfile")},
		{"MUST-63", "3.9.2.3", Met, ids(TCPBadSource),
			tests("stack/tcp.TestSegmentsToOrFromManyAreIgnored")},
		{"MUST-57", "3.9.2.3", Met, ids(TCPToMany),
			tests("stack/tcp.TestSegmentsToOrFromManyAreIgnored")},
	}
}

// ledgerArriving is about arriving segments: §3.10.7.4.
func ledgerArriving() []Requirement {
	return []Requirement{
		{"SHLD-31", "3.10.7.4", Met, ids(TCPHold), tests(
			"stack/tcp.TestHeldDataIsDeliveredWhenTheGapFills",
			"stack/tcp.TestSegmentsInAnyOrderGiveTheSameStream")},
		{"MAY-13", "3.10.7.4", Met, ids(TCPGapACK), tests(
			"stack/tcp.TestHeldDataIsDeliveredWhenTheGapFills",
			"stack/tcp.TestABareFINAheadOfAGapIsAnsweredAtOnce")},
		{"MUST-58", "3.10.7.4", Met, ids(TCPPiggyback),
			tests("stack/tcp.TestACKRidesOnTheAnswer")},
		{"MUST-59", "3.10.7.4", Met, ids(TCPGapACK),
			tests("stack/tcp.TestHeldDataIsDeliveredWhenTheGapFills")},
		{"MAY-12", "3.10.7.4", Met, ids(TCPACKRange),
			tests("stack/tcp.TestACKOlderThanAnyWindowIsNotBelieved")},
	}
}
