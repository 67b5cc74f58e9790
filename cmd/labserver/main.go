// Command labserver serves the labs and reads what it has saved. Without an argument it
// serves, on an empty folder too.
//
// It holds wiring and subcommands only: it must never know a protocol, a goal or a page.
// A bad argument, file or journal gets one line that says what is wrong, where, and what
// to do; the exit status is 2 and nothing is written. Read cli.go first.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit statuses.
const (
	exitOK    = 0
	exitFail  = 1 // it was tried and did not work: a sick server, a lab that fails its check
	exitWrong = 2 // what was asked for makes no sense; nothing was changed
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// wrong is a mistake of whoever called: what, where, and what to do, on one line.
type wrong struct{ line string }

func (w wrong) Error() string { return w.line }

func wrongf(format string, args ...any) error {
	return wrong{strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")}
}

// errFailed says that a subcommand has already reported what failed.
var errFailed = errors.New("failed")

// streams is where a subcommand writes.
type streams struct{ out, err io.Writer }

// run is main without the process: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var grammar cli
	exited := -1
	parser, err := kong.New(&grammar, kong.Name("labserver"),
		kong.Description("Teaches TCP, UDP and sockets by letting people do them."),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(streams{stdout, stderr}))
	if err != nil {
		panic("BUG: the command line's grammar: " + err.Error())
	}
	parsed, err := parser.Parse(withHelp(args))
	if exited >= 0 { // --help has been answered
		return exited
	}
	if err != nil {
		var bad wrong
		if !errors.As(err, &bad) {
			err = wrongf("%s; `labserver %s` lists what there is", inOurWords(err), helpFor(err))
		}
		return report(stderr, err)
	}
	return report(stderr, parsed.Run())
}

// inOurWords says of a flag without its value just that; the rest of what the parser says
// names the word at fault plainly enough.
func inOurWords(err error) string {
	flag, why, _ := strings.Cut(err.Error(), ": ")
	if strings.HasPrefix(flag, "--") &&
		(strings.HasPrefix(why, "missing value") || strings.Contains(why, " value but got ")) {
		return flag + " needs a value"
	}
	return err.Error()
}

// helpFor names the help that fits a parse error: that of the subcommand, if one was
// recognised.
func helpFor(err error) string {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if words := commandWords(parse.Context); words != "" {
			return words + " --help"
		}
	}
	return "--help"
}

// commandWords returns the subcommand's words without its arguments.
func commandWords(ctx *kong.Context) string {
	var words []string
	for _, p := range ctx.Path {
		if p.Command != nil {
			words = append(words, p.Command.Name)
		}
	}
	return strings.Join(words, " ")
}

func report(stderr io.Writer, err error) int {
	var bad wrong
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return exitFail
	case errors.As(err, &bad):
		fmt.Fprintln(stderr, "labserver:", bad.line)
		return exitWrong
	}
	fmt.Fprintln(stderr, "labserver:", strings.Join(strings.Fields(err.Error()), " "))
	return exitFail
}
