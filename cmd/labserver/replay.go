package main

import (
	"bufio"
	"context"
	"fmt"

	"labserver/stack"
	"labserver/stack/event"
)

type replayCmd struct {
	dataFlag
	Journal string `arg:"" help:"A journal file, or session:ID[/RUN] of the data folder." placeholder:"JOURNAL|session:ID[/RUN]"`
	JSON    bool   `help:"Events as NDJSON." xor:"form" env:"LABSERVER_REPLAY_JSON"`
	Hash    bool   `help:"Only the final hash." xor:"form" env:"LABSERVER_REPLAY_HASH"`
}

// Run replays and prints the events for people, as NDJSON, or only their hash.
func (c replayCmd) Run(ctx context.Context, s streams) error {
	rec, err := c.read(ctx, c.Journal)
	if err != nil {
		return err
	}
	if c.Hash {
		w, err := rec.play(nil)
		if err != nil {
			return err
		}
		hash := w.Hash()
		_, err = fmt.Fprintf(s.out, "%x\n", hash)
		return err
	}
	// Everything is computed before anything is printed: a damaged journal gives one
	// line of error and no half of a result.
	w, err := rec.play(nil)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(s.out)
	for e := range w.Events().Since(1) {
		if err := c.print(out, e); err != nil {
			return err
		}
	}
	if !c.JSON {
		hash := w.Hash()
		fmt.Fprintf(out, "%d events, t=%s, hash %x\n", w.Events().Len(), seconds(w), hash)
	}
	return out.Flush()
}

func (c replayCmd) print(out *bufio.Writer, e event.Event) error {
	if c.JSON {
		if _, err := out.Write(e.AppendJSON(nil)); err != nil {
			return err
		}
		return out.WriteByte('\n')
	}
	where := string(e.Host)
	if e.Conn != "" {
		where += " " + string(e.Conn)
	}
	_, err := fmt.Fprintf(out, "%6d %14.9f %-8s %-24s by %-6d %s\n",
		e.N, float64(e.T)/1e9, where, e.Kind(), e.By, e.Rule)
	return err
}

func seconds(w *stack.World) string { return fmt.Sprintf("%.9f s", float64(w.Now())/1e9) }
