package rfc

// ledgerRetransmission is about resending and congestion: §3.8.1 and §3.8.2.
func ledgerRetransmission() []Requirement {
	return []Requirement{
		{"MUST-18", "3.8.1", Met, ids(TCPRTT, TCPRTTFirst, TCPRTTStamp), tests(
			"stack/tcp.TestRTTIsMeasuredByRFC6298",
			"stack/tcp.TestKarnForbidsToTimeWhatWasSentTwice")},
		{"MAY-4", "3.8.1", NotMet, nil, nil},
		{"MUST-19", "3.8.2", Met, ids(TCPSlowStart, TCPAvoidance, TCPRTOBackoff), tests(
			"stack/tcp.TestSlowStartDoublesTheWindowEachRoundTrip",
			"stack/tcp.TestCongestionAvoidanceGrowsByOneSegmentEachRoundTrip",
			"stack/tcp.TestDataIsRetransmittedWithDoublingTimeouts")},
		{"MAY-18", "3.8.2", Met, ids(TCPFastRetransmit), tests(
			"stack/tcp.TestRenoLeavesRecoveryWithTheFirstNewACK",
			"stack/tcp.TestPartialACKsRepairOneHoleEach")},
		{"SHLD-8", "3.8.2", Met, ids(TCPECNReduce), tests("stack/tcp.TestECNIsAgreedOnByTheSYNs",
			"stack/tcp.TestTheReceiverEchoesUntilCWR",
			"stack/tcp.TestTheSenderReducesOnceForAWindow")},
	}
}

// ledgerFailures is about giving up: §3.8.3.
func ledgerFailures() []Requirement {
	return []Requirement{
		{"MUST-20", "3.8.3", Met, ids(TCPR2, TCPR1),
			tests("stack/tcp.TestDataThatIsNeverAcknowledgedEndsTheConnection",
				"stack/tcp.TestAtR1IPIsAdvisedAndTheProgramIsTold")},
		{"SHLD-9", "3.8.3", Met, ids(TCPR1Report),
			tests("stack/tcp.TestAtR1IPIsAdvisedAndTheProgramIsTold")},
		{"MUST-21", "3.8.3", Met, ids(TCPUserTimeout), tests(
			"stack/tcp.TestTheUserTimeoutGivesUpWhatIsNotAcknowledged",
			"stack/tcp.TestTheUserTimeoutCountsWhileTheWindowIsClosed")},
		{"SHLD-10", "3.8.3", Met, ids(TCPR1),
			tests("stack/tcp.TestAtR1IPIsAdvisedAndTheProgramIsTold")},
		{"SHLD-11", "3.8.3", Met, ids(TCPR2), tests(
			"stack/tcp.TestDataThatIsNeverAcknowledgedEndsTheConnection",
			"stack/tcp.TestEveryProfileTriesToDeliverFor100Seconds")},
		{"MUST-22", "3.8.3", Met, ids(TCPR2SYN),
			tests("stack/tcp.TestSYNIsRetransmittedAt1_3_7AndSoOnThenTimesOut")},
		{"MUST-23", "3.8.3", Met, ids(TCPR2SYN),
			tests("stack/tcp.TestProfileRFCRetransmitsSYNsForAtLeastThreeMinutes")},
	}
}

// ledgerKeepAlive is about probes of idle connections: §3.8.4.
func ledgerKeepAlive() []Requirement {
	return []Requirement{
		{"MAY-5", "3.8.4", Met, ids(TCPKeepProbe),
			tests("stack/tcp.TestKeepAliveProbesAnIdlePeerAndGivesUpOnADeadOne")},
		{"MUST-24", "3.8.4", Met, ids(TCPKeepOff, OptionCall),
			tests("stack/tcp.TestKeepAliveIsOffByDefaultAndCanBeTurnedOff")},
		{"MUST-25", "3.8.4", Met, nil,
			tests("stack/tcp.TestKeepAliveIsOffByDefaultAndCanBeTurnedOff")},
		{"MUST-26", "3.8.4", Met, ids(TCPKeepProbe),
			tests("stack/tcp.TestKeepAliveWaitsWhileThereIsTraffic")},
		{"MUST-27", "3.8.4", Met, ids(TCPKeepIdle),
			tests("stack/tcp.TestKeepAliveProbesAnIdlePeerAndGivesUpOnADeadOne")},
		{"MUST-28", "3.8.4", Met, ids(TCPKeepIdle),
			tests("stack/tcp.TestNoProfileProbesAnIdlePeerBeforeTwoHours")},
		{"MUST-29", "3.8.4", Met, ids(TCPKeepDead),
			tests("stack/tcp.TestKeepAliveProbesAnIdlePeerAndGivesUpOnADeadOne")},
		{"SHLD-12", "3.8.4", Met, ids(TCPKeepProbe),
			tests("stack/tcp.TestKeepAliveProbesAnIdlePeerAndGivesUpOnADeadOne")},
		{"MAY-6", "3.8.4", NotMet, nil, nil},
	}
}

// ledgerUrgent is about urgent data: §3.8.5, and the advice of §3.9.1.2 against it.
func ledgerUrgent() []Requirement {
	return []Requirement{
		{"SHLD-13", "3.8.5", NoCase, nil, nil},
		{"MUST-30", "3.8.5", Met, ids(TCPUrgent, TCPUrgentSend), tests(
			"stack/tcp.TestTheUrgentPointerNamesTheOctetBehindTheUrgentData",
			"stack/tcp.TestAnUrgentOctetCanBeReadInLine")},
		{"MUST-62", "3.8.5", Met, ids(TCPUrgentSend),
			tests("stack/tcp.TestTheUrgentPointerNamesTheOctetBehindTheUrgentData")},
		{"MUST-31", "3.8.5", Met, ids(TCPUrgentSend),
			tests("stack/tcp.TestUrgentDataMayBeLongerThanThePointerReaches")},
		{"MUST-32", "3.8.5", Met, ids(TCPUrgent),
			tests("stack/tcp.TestUrgentModeBeginsBeforeTheDataIsThere")},
		{"MUST-33", "3.8.5", Met, ids(TCPUrgentOver), tests(
			"stack/tcp.TestTheUrgentPointerNamesTheOctetBehindTheUrgentData",
			"stack/tcp.TestALoneUrgentOctetWaitsToBeReadApart")},
	}
}

// ledgerWindow is about windows that shrink or close: §3.8.6 and §3.8.6.1.
func ledgerWindow() []Requirement {
	return []Requirement{
		{"SHLD-14", "3.8.6", Met, ids(TCPOfferWindow),
			tests("stack/tcp.TestRightEdgeNeverRetreats")},
		{"MUST-34", "3.8.6", Met, ids(TCPShrunk), tests("stack/tcp.TestShrunkenWindowIsSurvived")},
		{"SHLD-15", "3.8.6", Met, ids(TCPShrunk), tests("stack/tcp.TestShrunkenWindowIsSurvived")},
		{"SHLD-16", "3.8.6", Met, ids(TCPShrunk), tests("stack/tcp.TestShrunkenWindowIsSurvived")},
		{"MAY-7", "3.8.6", NotMet, nil, nil},
		{"SHLD-17", "3.8.6", Met, ids(TCPShrunk), tests("stack/tcp.TestShrunkenWindowIsSurvived")},
		{"MUST-35", "3.8.6", Met, ids(TCPProbe, TCPProbeStop), tests(
			"stack/tcp.TestShrunkenWindowIsSurvived",
			"stack/tcp.TestWindowClosesAndIsProbedWithDoublingIntervals")},
		{"MUST-36", "3.8.6.1", Met, ids(TCPProbe), tests(
			"stack/tcp.TestWindowClosesAndIsProbedWithDoublingIntervals",
			"stack/tcp.TestALostWindowUpdateIsMadeUpByAProbe")},
		{"MAY-8", "3.8.6.1", Met, ids(TCPProbeSlow),
			tests("stack/tcp.TestProbingGoesOnWhileTheWindowStaysShut")},
		{"MUST-37", "3.8.6.1", Met, ids(TCPProbeSlow),
			tests("stack/tcp.TestProbingGoesOnWhileTheWindowStaysShut")},
		{"SHLD-29", "3.8.6.1", Met, ids(TCPProbeWait),
			tests("stack/tcp.TestWindowClosesAndIsProbedWithDoublingIntervals")},
		{"SHLD-30", "3.8.6.1", Met, ids(TCPProbeSlow),
			tests("stack/tcp.TestWindowClosesAndIsProbedWithDoublingIntervals")},
	}
}

// ledgerSilly is about silly windows and delayed acknowledgments: §3.8.6.2 and §3.8.6.3.
func ledgerSilly() []Requirement {
	return []Requirement{
		{"MUST-38", "3.8.6.2.1", Met, ids(TCPSWSSender), tests(
			"stack/tcp.TestSillyWindowsAreNotFilled",
			"stack/tcp.TestHalfOfASmallWindowIsWorthASegment")},
		{"MUST-39", "3.8.6.2.2", Met, ids(TCPOfferWindow), tests(
			"stack/tcp.TestReadingReopensTheWindowAtOnce",
			"stack/tcp.TestTheWindowIsNotReopenedByAFewOctets")},
		{"SHLD-18", "3.8.6.3", Met, ids(TCPDelayedACK),
			tests("stack/tcp.TestEarlyDataIsAcknowledgedQuicklyThenDelayed")},
		{"MUST-40", "3.8.6.3", Met, ids(TCPDelayedOver),
			tests("stack/tcp.TestDelayedACKNeverWaitsHalfASecond")},
		{"SHLD-19", "3.8.6.3", Met, ids(TCPSecondACK),
			tests("stack/tcp.TestEverySecondFullSegmentIsAcknowledgedAtOnce")},
	}
}
