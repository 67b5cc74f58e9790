package script

import (
	"strings"
	"testing"
)

// runText runs code against a few values of tcp_info.
func runText(t *testing.T, text string) (failed, printed string) {
	t.Helper()
	stmts, wrong := parseCode(text)
	if wrong != "" {
		return "parse: " + wrong, ""
	}
	s := &scope{vars: map[string]value{}, info: func(name string) (int64, bool) {
		v, ok := map[string]int64{"tcpi_snd_cwnd": 10, "tcpi_rtt": 99_500, "tcpi_options": 7,
			"tcpi_state": 1}[name]
		return v, ok
	}}
	return s.run(stmts)
}

func TestAssertionsThatHold(t *testing.T) {
	for _, text := range []string{
		"assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd",
		"assert tcpi_snd_cwnd == 10, 'cwnd=%d' % tcpi_snd_cwnd",
		"assert (tcpi_options & TCPI_OPT_SACK) != 0, tcpi_options",
		"assert tcpi_state == TCP_ESTABLISHED and not tcpi_snd_cwnd < 3",
		"assert 9 <= tcpi_snd_cwnd <= 10 < 11",
		"assert not (10 < tcpi_snd_cwnd or 3 > 4)",
		"assert abs(tcpi_rtt - 100 * 1000) < 1000",
		"assert 0.99 * tcpi_rtt < 99.5 * 1000 and 7 / 2 == 3.5 and 7 // 2 == 3 and -7 // 2 == -4",
		"assert 2 ** 10 == 1 << 10 == 0x400 and 7 % 4 == 3 and -1 % 4 == 3 and 6 ^ 5 == 3 and ~0 == -1",
		"x = 3; x += 4\nassert x == 7; x -= 1; x *= 10; x //= 7; assert x == 8; x |= 1; assert x == 9",
		"assert min(4, 3, 5) == 3 and max(4, 3) == 4 and int(7.9) == 7 and round(2.5) == 3",
		"if tcpi_snd_cwnd > 5:\n  x = 1\n  y = 2\nelse:\n  x = 3\nassert x + y == 3",
		"if tcpi_snd_cwnd > 50: x = 1\nelif tcpi_snd_cwnd == 10: x = 2\nelse: x = 3\nassert x == 2",
		"assert (1 +\n 2) == 3 # said so",
		"assert True and not False and (5 if 1 < 2 else 6) == 5",
		"assert 1, f'cwnd {1}'\nassert 2, 'x {}'.format(tcpi_rtt)",
		"assert 'a' == \"a\" and 'a' != 'b' and str(3) == '3'",
		"    assert 1\n    assert 2\n",
		"pass",
	} {
		if failed, _ := runText(t, text); failed != "" {
			t.Errorf("%s\n%s", text, failed)
		}
	}
}

func TestAnAssertionThatFailsShowsTheValues(t *testing.T) {
	for text, want := range map[string]string{
		"assert tcpi_snd_cwnd == 11": "assert tcpi_snd_cwnd == 11: tcpi_snd_cwnd is 10",
		"x = 0.5; assert x > tcpi_snd_cwnd / 3, x": "assert x > tcpi_snd_cwnd / 3, x: " +
			"x is 0.5, tcpi_snd_cwnd is 10",
		"assert 1 > 2":                     "assert 1 > 2",
		"assert tcpi_wat == 1":             "tcpi_wat is not known here",
		"assert 1 / 0":                     "division by zero",
		"assert wat(3)":                    "the function wat is not known here",
		"assert abs()":                     "abs() without an argument",
		"assert 'a' < 3 + 'b'":             "text where a number is needed",
		"x = 1 << 63":                      "a shift by 63",
		"x = 2 ** 99":                      "a power too large to compute with",
		"x = 9223372036854775807 * 2":      "a number too large to compute with",
		"assert (1, 2)":                    "a tuple where a number is needed",
		"assert 1 +":                       "parse: an expression ends too early: 1 +",
		"assert 1 $ 2":                     "parse: not understood: $ 2",
		"assert (1":                        "parse: a bracket that never closes",
		"x = 'a":                           "parse: a string that never ends",
		"x = 1z":                           "parse: not a number: 1z",
		"assert\n  x":                      "parse: an assert without a condition",
		"if 1: x = 1\n    y = 2":           "",
		"if 1":                             "parse: an if without a colon: if 1",
		"if 1:\nx = 2":                     "parse: an if without a body",
		"else: x = 2":                      "parse: code with else is not understood here",
		"while 1: x = 2":                   "parse: code with while is not understood here",
		"x = (1 if 2)":                     "parse: an if without an else inside an expression",
		"x = " + strings.Repeat("(", 99):   "parse: nested too deeply",
		"x = " + strings.Repeat("-", 99):   "parse: nested too deeply",
		"assert 1, 2\nassert 0, 'because'": "assert 0, 'because'",
	} {
		failed, _ := runText(t, text)
		if failed != want {
			t.Errorf("%q:\n got %s\nwant %s", text, failed, want)
		}
	}
}

func TestPrintWritesWhatItIsGiven(t *testing.T) {
	failed, printed := runText(t, "print tcpi_snd_cwnd, 'and', 1.25\nprint(tcpi_rtt / 1000, 'ms')\nprint")
	if failed != "" || printed != "10 and 1.25\n99.5 ms\n\n" {
		t.Errorf("%q, %s", printed, failed)
	}
	if got := fraction(-1, 3).show(); got != "-0.333333" {
		t.Error(got)
	}
}
