package script

import (
	"strconv"
	"strings"
	"time"
)

// scanner walks the text of a script. The first mistake stops it: bad unwinds to Parse.
type scanner struct {
	file  string
	text  string
	at    int
	line  int
	depth int
	bare  bool // a result is being read: * is no product
}

// mistake is what bad unwinds with.
type mistake struct{ err *Error }

func (s *scanner) bad(reason string) {
	panic(mistake{&Error{s.file, s.line, reason}})
}

// expected complains about what stands here in place of what.
func (s *scanner) expected(what string) {
	found := s.found()
	before := strings.TrimRight(s.text[:s.at], " \t\r\n")
	if crossed := strings.Count(s.text[len(before):s.at], "\n"); crossed > 0 && before != "" {
		s.line -= crossed
		found = "the end of the line"
	}
	s.bad("expected " + what + ", found " + found)
}

// found shows what stands here, for messages.
func (s *scanner) found() string {
	rest, _, _ := strings.Cut(s.text[s.at:], "\n")
	rest = strings.TrimRight(rest, "\r ")
	switch {
	case s.at >= len(s.text):
		return "the end of the script"
	case rest == "":
		return "the end of the line"
	case len(rest) > 24:
		rest = strings.ToValidUTF8(rest[:24], "") + "…"
	}
	return strconv.Quote(rest)
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) starts(prefix string) bool { return strings.HasPrefix(s.text[s.at:], prefix) }

// skip moves n octets on, counting lines.
func (s *scanner) skip(n int) {
	s.line += strings.Count(s.text[s.at:s.at+n], "\n")
	s.at += n
}

// space skips blanks, line ends and comments: //, /* */ and #.
func (s *scanner) space() {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v':
			s.skip(1)
		case s.starts("//") || c == '#':
			s.skipTo("\n")
		case s.starts("/*"):
			s.skip(2)
			end := strings.Index(s.text[s.at:], "*/")
			if end < 0 {
				s.bad("this comment never ends")
			}
			s.skip(end + 2)
		case s.starts("\ufeff") && s.at == 0:
			s.skip(len("\ufeff"))
		default:
			return
		}
	}
}

// skipTo moves to the next end, or to the end of the text.
func (s *scanner) skipTo(end string) {
	n := strings.Index(s.text[s.at:], end)
	if n < 0 {
		n = len(s.text) - s.at
	}
	s.skip(n)
}

// take skips what is written if it stands here, after blanks.
func (s *scanner) take(written string) bool {
	s.space()
	if !s.starts(written) {
		return false
	}
	s.skip(len(written))
	return true
}

func (s *scanner) must(written string) {
	if !s.take(written) {
		s.expected(strconv.Quote(written))
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || digit(c)
}

// word reads letters, digits and underscores; "" if none stand here.
func (s *scanner) word() string {
	s.space()
	from := s.at
	for letter(s.peek()) {
		s.at++
	}
	return s.text[from:s.at]
}

// peekWord is word without moving.
func (s *scanner) peekWord() string {
	s.space()
	at, line := s.at, s.line
	w := s.word()
	s.at, s.line = at, line
	return w
}

// takeWord skips a whole word if it stands here.
func (s *scanner) takeWord(w string) bool {
	if s.peekWord() != w {
		return false
	}
	s.at += len(w)
	return true
}

// number reads a decimal or 0x number up to 2^64-1, in C's notation.
func (s *scanner) number(what string) uint64 {
	s.space()
	w := s.peekWord()
	v, err := strconv.ParseUint(strings.TrimRight(w, "uUlL"), 0, 64)
	if err != nil && strings.Trim(w, "0123456789") == "" && w != "" { // 08 is eight here
		v, err = strconv.ParseUint(w, 10, 64)
	}
	if err != nil || w == "" || !digit(w[0]) {
		s.expected(what)
	}
	s.at += len(w)
	return v
}

// below is number with a limit.
func (s *scanner) below(what string, limit uint64) uint64 {
	v := s.number(what)
	if v >= limit {
		s.bad(what + " " + strconv.FormatUint(v, 10) + " is too large")
	}
	return v
}

// sequence reads a number of 32 bits, which may be negative: an octet before the first.
func (s *scanner) sequence(what string) uint32 {
	if s.take("-") {
		return -uint32(s.below(what, 1<<32))
	}
	return uint32(s.below(what, 1<<32))
}

// maxSeconds keeps times within virtual time.
const maxSeconds = 10_000_000 // of a script: timestamps go stale after 24 days

// duration reads seconds with decimals: 0, .1, 1.5, 0.000001.
func (s *scanner) duration() time.Duration {
	s.space()
	from := s.at
	for digit(s.peek()) {
		s.at++
	}
	whole := s.text[from:s.at]
	frac := ""
	if s.peek() == '.' && !s.starts("...") {
		s.at++
		from = s.at
		for digit(s.peek()) {
			s.at++
		}
		frac = s.text[from:s.at]
	}
	if whole == "" && frac == "" {
		s.expected("a time in seconds")
	}
	n, err := strconv.ParseUint("0"+whole, 10, 63)
	if err != nil || n > maxSeconds {
		s.bad("a time of more than " + strconv.Itoa(maxSeconds) + " seconds")
	}
	nanos, _ := strconv.ParseUint((frac + "000000000")[:9], 10, 63)
	return time.Duration(n)*time.Second + time.Duration(nanos)
}

// deeper guards against nests without end; its result undoes it.
func (s *scanner) deeper() func() {
	if s.depth++; s.depth > maxDepth {
		s.bad("nested too deeply")
	}
	return func() { s.depth-- }
}
