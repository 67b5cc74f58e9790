// Package e2e tests the built server from outside, as people meet it: a real process, a
// real Chromium, real sockets on the loopback. It holds only tests.
//
// It must never reach into another package's memory, and never leave the loopback.
// Without Chromium the browser tests skip with a clear word; with LABSERVER_E2E=1 that
// fails. Read CONTRIBUTING.md "Browser tests" first.
package e2e
