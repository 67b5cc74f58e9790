// Package rfc is the one table of rules: every event names one of them as its reason.
//
// It must never hold prose in a human language: the texts of rules are messages, in
// web/i18n. A rule is an id of RFC 9293 Appendix B ("MUST-8"), a section of an RFC
// ("rfc6298:5.1"), what POSIX says of a call ("posix:bind.EADDRINUSE"), or a choice of
// ours with its reason ("policy:link-loss"). Read docs/events.md §3 and §7.
package rfc

// ID names a rule.
type ID string

// Roots: the reasons of events that nothing inside the world caused.
const (
	ByCommand ID = "command" // a person or program asked for it
	ByNote    ID = "note"    // said about the run, not done to it
	ByStart   ID = "world"   // part of the start world
)
