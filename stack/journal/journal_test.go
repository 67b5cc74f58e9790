package journal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"labserver/stack/journal"
)

const header = `{"format":1,"behaviour":0,"build":"x","lab":{"slug":"","digest":""},"params":{},` +
	`"world":{"profile":"linux","commands":[{"op":"host.add","args":{"id":"A"}}]},"seed":"1","parent":null}`

const started = `{"seq":1,"n":2,"actor":"me","op":"proc.start","args":{"host":"A","id":"p"}}`

func file(lines ...string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }

func TestAJournalComesOutAsItWentIn(t *testing.T) {
	in := file(header, started, `{"seq":2,"t":5,"n":4,"op":"clock","args":{"playing":true}}`)
	h, entries, err := journal.Decode(in)
	if err != nil {
		t.Fatal(err)
	}
	if out := journal.Encode(h, entries); !bytes.Equal(out, in) {
		t.Errorf("in  %s\nout %s", in, out)
	}
	w, err := journal.Replay(h, entries)
	if err != nil {
		t.Fatal(err)
	}
	if w.Now() != 5 || w.Events().Len() != 4 {
		t.Errorf("replayed to t=%v, event %d", w.Now(), w.Events().Len())
	}
}

func TestACorruptJournalIsRefusedWithItsLine(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		line int
		says string
	}{
		"empty":            {[]byte(""), 1, "header"},
		"not JSON":         {file("hello"), 1, "header"},
		"unknown field":    {file(strings.Replace(header, `"build"`, `"built"`, 1)), 1, "built"},
		"future format":    {file(strings.Replace(header, `"format":1`, `"format":2`, 1)), 1, "format 2"},
		"broken entry":     {file(header, started, `{"seq":`), 3, "entry"},
		"two in a line":    {file(header, started+started), 2, "follows"},
		"a stray brace":    {file(header, started+"}"), 2, "follows"},
		"many empty lines": {append(file(header, started), append(bytes.Repeat([]byte("\n"), 1<<21), 'x')...), 0, "more than"},
		"no op":            {file(header, `{"seq":1}`), 2, "op"},
		"a wait":           {file(header, `{"seq":1,"op":"proc.start","wait":"true"}`), 2, "wait"},
		"going backwards":  {file(header, started, `{"seq":1,"n":4,"op":"clock"}`), 3, "out of order"},
		"time backwards":   {file(header, `{"seq":1,"t":9,"n":2,"op":"clock"}`, `{"seq":2,"t":8,"n":2,"op":"clock"}`), 3, "out of order"},
		"too large":        {bytes.Repeat([]byte("x"), journal.MaxOctets+1), 0, "larger"},
		"too many entries": {append(file(header), bytes.Repeat([]byte("{}\n"), journal.MaxEntries+1)...), 0, "more than"},
	} {
		_, _, err := journal.Decode(c.file)
		var bad *journal.Error
		if !errors.As(err, &bad) || bad.Line != c.line || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAJournalThatDoesNotFitItsWorldIsRefused(t *testing.T) {
	for name, lines := range map[string][]string{
		"bad seed":          {strings.Replace(header, `"seed":"1"`, `"seed":"one"`, 1)},
		"unknown world op":  {strings.Replace(header, "host.add", "host.ad", 1)},
		"other behaviour":   {strings.Replace(header, `"behaviour":0`, `"behaviour":7`, 1)},
		"impossible step":   {header, strings.Replace(started, `"n":2`, `"step":3,"n":2`, 1)},
		"another event":     {header, strings.Replace(started, `"n":2`, `"n":3`, 1)},
		"unknown host":      {header, strings.Replace(started, `"A"`, `"B"`, 1)},
		"malformed command": {header, strings.Replace(started, `"host"`, `"hots"`, 1)},
	} {
		h, entries, err := journal.Decode(file(lines...))
		if err == nil {
			_, err = journal.Replay(h, entries)
		}
		if err == nil || len(err.Error()) < 10 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(file(header, started))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		h, entries, err := journal.Decode(in)
		if err != nil {
			return
		}
		if _, err := journal.Replay(h, entries); err != nil {
			return
		}
		if !json.Valid(bytes.SplitN(journal.Encode(h, entries), []byte("\n"), 2)[0]) {
			t.Fatal("a header that is no JSON")
		}
	})
}
