package script

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse looks for a text that the parser does not survive, or whose packets do not
// mean the same when they are written back.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.pkt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("0 < 1 > 2: [ce,ttl 1] SEWA. 0:9(9) ack 1 win 3 urg 4 <FO 00,md5 11,sack 1:2>"))
	f.Add([]byte("0...1 sendmsg(4, {msg_iov(1)=[{\"\\x41\\0\", 2}]}, MSG_MORE|MSG_OOB) = 2~3 (x)"))
	f.Add([]byte("%{ if (a := 1): assert 1 <= tcpi_x[0] ** -2, '%d' % 3\nelse: print ~1 }%"))
	f.Fuzz(func(t *testing.T, text []byte) {
		sc, err := Parse("f", text)
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		sc.Unsupported()
		for _, e := range sc.Events {
			switch do := e.Do.(type) {
			case *Packet:
				again(t, do)
			case *Call:
				do.show()
			case *Code:
				s := scope{vars: map[string]value{}, info: func(string) (int64, bool) { return 7, true }}
				s.run(do.Stmts)
			}
		}
	})
}

// again writes a packet and reads it, twice the same.
func again(t *testing.T, p *Packet) {
	text := p.show(p)
	sc, err := Parse("again", []byte("0 "+text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	q := sc.Events[0].Do.(*Packet)
	if got := q.show(q); got != text {
		t.Fatalf("\n got %s\nwant %s", got, text)
	}
}

// FuzzRun runs whole scripts: whatever a text says, the runner ends and does not break.
func FuzzRun(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.pkt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 4096 {
			return
		}
		res := Run("f", text, Options{})
		if f := res.Failure; f != nil && (f.Reason == "" || f.Defect) {
			t.Fatal(f.Text())
		}
	})
}
