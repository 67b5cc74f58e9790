package storetest

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/store"
)

// testModel holds the store to a few lines of Go: per session a list of entries, an
// epoch and the cids. Owners that lost the session keep trying.
func testModel(t *testing.T, f *fixture) {
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		m := &model{f: f, t: t, id: app.SessionID(fmt.Sprint("m", round)), first: map[string]uint64{}}
		m.fence = f.session(m.id, "carol")
		t.Repeat(map[string]func(*rapid.T){
			"append": m.append,
			"claim":  m.claim,
			"stale":  m.stale,
			"":       m.same,
		})
	})
}

type model struct {
	f     *fixture
	t     *rapid.T
	id    app.SessionID
	fence store.Fence
	old   []store.Fence
	cids  []string
	first map[string]uint64
}

func (m *model) append(t *rapid.T) {
	cid := rapid.StringMatching(`[a-e][0-9]?`).Draw(t, "cid")
	a, err := m.f.store.Append(m.f.ctx, m.fence, m.f.now, 1, command(cid, len(m.cids)))
	if err != nil {
		t.Fatal(err)
	}
	seq, known := m.first[cid]
	if !known {
		m.cids = append(m.cids, cid)
		seq = uint64(len(m.cids))
		m.first[cid] = seq
	}
	if a.Seq != seq || a.Duplicate != known {
		t.Fatalf("append %q: %+v, want seq %d", cid, a, seq)
	}
}

func (m *model) claim(t *rapid.T) {
	row, err := m.f.store.Claim(m.f.ctx, m.id)
	if err != nil || row.OwnerEpoch != m.fence.Epoch+1 {
		t.Fatalf("claim: %+v, %v", row, err)
	}
	m.old = append(m.old, m.fence)
	m.fence.Epoch = row.OwnerEpoch
}

func (m *model) stale(t *rapid.T) {
	if len(m.old) == 0 {
		t.Skip("no stale owner yet")
	}
	fence := rapid.SampledFrom(m.old).Draw(t, "owner")
	_, err := m.f.store.Append(m.f.ctx, fence, m.f.now, 1, journal.Entry{CID: "stale", Op: "bind"})
	if !errors.Is(err, store.ErrFenced) {
		t.Fatalf("stale append: %v", err)
	}
}

func (m *model) same(t *rapid.T) {
	list, err := m.f.store.Entries(m.f.ctx, m.id, 1)
	if err != nil || len(list) != len(m.cids) {
		t.Fatalf("%d entries, want %d (%v)", len(list), len(m.cids), err)
	}
	for i, e := range list {
		if e.CID != m.cids[i] || e.Seq != uint64(i+1) {
			t.Fatalf("entry %d is %+v, want cid %s", i, e, m.cids[i])
		}
	}
}
