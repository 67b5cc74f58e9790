package rfc

// ledgerHeader is about the header and its options: RFC 9293 §3.1 and §3.2.
func ledgerHeader() []Requirement {
	return []Requirement{
		{"MUST-1", "3.1", Met, ids(TCPWindow),
			tests("stack/tcp.TestAWindowOf65535OctetsIsNotNegative")},
		{"REC-1", "3.1", Met, ids(TCPOfferWindow), tests(
			"stack/tcp.TestWindowScaleIsAgreedOnlyByBoth",
			"stack/tcp.TestReceiveBufferGrowsWithAFastReader")},
		{"MUST-2", "3.1", Met, nil, tests("stack/wire.TestGopacketReadsOurSegments",
			"stack/wire.TestOneFlippedBitIsAlwaysNoticed")},
		{"MUST-3", "3.1", Met, ids(TCPChecksum), tests("stack/tcp.TestBadChecksumIsRefused",
			"stack/host.TestDamagedPacketsAreDroppedEachForItsReason")},
		{"MUST-4", "3.1", Met, ids(TCPSendMSS), tests("stack/wire.TestOptionsOfAnyShapeAreRead",
			"stack/tcp.TestSendMSSByTheSYN")},
		{"MUST-5", "3.1", Met, nil,
			tests("stack/tcp.TestOptionsAreReadInAnySegmentAndUnknownOnesPassedOver")},
		{"MUST-6", "3.1", Met, nil, tests("stack/wire.TestOptionsOfAnyShapeAreRead",
			"stack/tcp.TestOptionsAreReadInAnySegmentAndUnknownOnesPassedOver")},
		{"MUST-68", "3.1", Met, nil, tests("stack/wire.TestGopacketReadsOurSegments",
			"stack/wire.TestOptionsOfAnyShapeAreRead")},
		{"MUST-7", "3.1", Met, ids(BadSegment), tests("stack/wire.TestOptionsOfAnyShapeAreRead",
			"stack/host.TestDamagedPacketsAreDroppedEachForItsReason")},
		{"MUST-69", "3.1", Met, nil, tests("stack/wire.TestWhatFollowsTheOptionsIsZero")},
		{"MUST-65", "3.2", Met, nil, tests("stack/tcp.TestMSSGoesOnlyWithSYNs")},
		{"MUST-64", "3.2", Met, nil, tests("stack/wire.TestOptionsOfAnyShapeAreRead")},
	}
}

// ledgerOpening is about sequence numbers and opening: §3.4 and §3.5.
func ledgerOpening() []Requirement {
	return []Requirement{
		{"MUST-66", "3.4", Met, ids(TCPZeroWindow, TCPRST), tests(
			"stack/tcp.TestZeroWindowStillTakesACKAndRST",
			"stack/tcp.TestAnUrgentPointerCountsThoughTheWindowIsZero")},
		{"MUST-8", "3.4.1", Met, ids(TCPISN),
			tests("stack/tcp.TestISNComesFromAClockAndASecret")},
		{"SHLD-1", "3.4.1", Met, ids(TCPISN),
			tests("stack/tcp.TestISNComesFromAClockAndASecret")},
		{"MUST-9", "3.4.1", Met, ids(TCPISN),
			tests("stack/tcp.TestISNComesFromAClockAndASecret")},
		{"MUST-10", "3.5", Met, ids(TCPSimultaneous), tests("stack/tcp.TestRFC9293Figure7",
			"stack/tcp.TestSynSentBySection3_10_7_3")},
		{"MUST-11", "3.5", Met, ids(TCPBackToListen), tests(
			"stack/tcp.TestRSTInSynReceivedGoesBackToWhereTheConnectionCameFrom",
			"stack/tcp.TestRFC9293Figure8")},
		{"SHLD-2", "3.5.3", Met, ids(TCPRST),
			tests("stack/tcp.TestARSTMayCarryData")},
	}
}

// ledgerClosing is about the end of connections: §3.6.
func ledgerClosing() []Requirement {
	return []Requirement{
		{"MUST-12", "3.6", Met, ids(RecvEnd, WasReset), tests(
			"stack/tcp.TestErrorIsToldOnceAfterWhatCanStillBeRead",
			"stack/sock.TestCloseEndsTheStreamForThePeer",
			"stack/sock.TestClosingWithUnreadDataResets")},
		{"MAY-1", "3.6.1", Met, ids(TCPUnread, TCPLateData), tests(
			"stack/tcp.TestCloseWithUnreadDataResets",
			"stack/tcp.TestDataForAClosedSocketResets")},
		{"SHLD-3", "3.6.1", Met, ids(TCPLateData, TCPUnread), tests(
			"stack/tcp.TestDataForAClosedSocketResets",
			"stack/tcp.TestCloseWithUnreadDataResets")},
		{"MUST-13", "3.6.1", Met, ids(TCPTimeWait), tests("stack/tcp.TestRFC9293Figure12",
			"stack/tcp.TestTimeWaitAcknowledgesTheFINAgainAndRestarts2MSL")},
		{"MAY-2", "3.6.1", Met, ids(TCPReuse), tests("stack/tcp.TestANewSYNReopensTimeWait",
			"stack/tcp.TestAnOldSYNDoesNotReopenTimeWait")},
		{"SHLD-4", "3.6.1", Met, ids(TCPReuseTS), tests(
			"stack/tcp.TestOpenFromTimeWaitNeedsTheKnobAndTime",
			"stack/tcp.TestAnOlderTimestampDoesNotReopenTimeWait")},
	}
}

// ledgerSizes is about segment sizes and Nagle's algorithm: §3.7.
func ledgerSizes() []Requirement {
	return []Requirement{
		{"MUST-14", "3.7.1", Met, ids(TCPSendMSS), tests("stack/tcp.TestSendMSSByTheSYN",
			"stack/tcp.TestMSSGoesOnlyWithSYNs")},
		{"SHLD-5", "3.7.1", Met, ids(TCPOpen), tests("stack/tcp.TestMSSGoesOnlyWithSYNs")},
		{"MAY-3", "3.7.1", Met, ids(TCPOpen), tests("stack/tcp.TestMSSGoesOnlyWithSYNs")},
		{"MUST-15", "3.7.1", Met, ids(TCPDefaultMSS), tests("stack/tcp.TestSendMSSByTheSYN",
			"stack/tcp.TestDefaultMSSOverIPv6")},
		{"MUST-16", "3.7.1", Met, ids(TCPSendMSS), tests("stack/tcp.TestSendMSSByTheSYN",
			"stack/tcp.TestSACKBlocksTakeRoomFromData", "stack/tcp.TestEveryMSSCarriesAStream")},
		{"MUST-67", "3.7.1", Met, ids(TCPOpen, TCPListenSYN),
			tests("stack/sock.TestTheAcceptingSideAnnouncesTheMSSOfThePathOfTheSYN")},
		{"SHLD-6", "3.7.3", Met, ids(TCPOpen, TCPListenSYN),
			tests("stack/sock.TestTheAcceptingSideAnnouncesTheMSSOfThePathOfTheSYN")},
		{"SHLD-7", "3.7.4", Met, ids(TCPNagle), tests(
			"stack/tcp.TestNagleHoldsSmallSegmentsWhileDataIsOutstanding",
			"stack/tcp.TestNagleHoldsHalfAWindowToo")},
		{"MUST-17", "3.7.4", Met, ids(OptionCall), tests("stack/tcp.TestNoDelayTurnsNagleOff",
			"stack/tcp.TestTurningNagleOffReleasesWhatItHeld")},
	}
}
