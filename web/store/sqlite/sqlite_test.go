package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"labserver/web/app"
	"labserver/web/store"
	"labserver/web/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backend reopens one file; the process before is made to look crashed: its lock is
// taken away, as the kernel does, and its connections stay open.
func backend(t *testing.T) storetest.Backend {
	path := filepath.Join(t.TempDir(), "lab server?#%.db")
	var last *Store
	return func(node string) (store.Store, error) {
		if last != nil {
			last.lock.release()
		}
		s, err := Open(context.Background(), path, node)
		if err == nil {
			last = s
			t.Cleanup(func() { s.Close() })
		}
		return s, err
	}
}

func TestStore(t *testing.T) { storetest.Run(t, backend) }

func TestASecondProcessIsRefusedAndToldWhoHasTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s, err := Open(t.Context(), path, "one")
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() error{
		"serve":   func() error { _, err := Open(t.Context(), path, "two"); return err },
		"migrate": func() error { return Migrate(t.Context(), path) },
	} {
		err := open()
		if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), "held by process") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), path, "three")
	if err != nil {
		t.Fatalf("after the first process ended: %v", err)
	}
	again.Close()
}

func TestADatabaseThatIsNotDurableIsRefused(t *testing.T) {
	db, err := sql.Open("sqlite", "file:x?mode=memory")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = checkDurable(t.Context(), db)
	if err == nil || !strings.Contains(err.Error(), "not durable") {
		t.Errorf("a database in memory: %v", err)
	}
	s := open(t)
	if err := checkDurable(t.Context(), s.write); err != nil {
		t.Error(err)
	}
	if _, err := s.write.Exec(`PRAGMA synchronous = NORMAL`); err != nil {
		t.Fatal(err)
	}
	if err := checkDurable(t.Context(), s.write); err == nil {
		t.Error("synchronous=NORMAL passed")
	}
}

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), "one")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestASchemaFromTheFutureIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s, err := Open(t.Context(), path, "one")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.write.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	_, err = Open(t.Context(), path, "two")
	if err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("serve: %v", err)
	}
	if _, err := OpenReader(t.Context(), path); err == nil {
		t.Error("a reader took it")
	}
}

func TestAFileThatIsNoDatabaseIsRefusedAndLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	content := strings.Repeat("this is not a database. ", 100)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, "one"); err == nil {
		t.Error("it was opened")
	}
	if b, _ := os.ReadFile(path); string(b) != content {
		t.Error("it was changed")
	}
}

func TestAReaderReadsBesideTheServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s, err := Open(t.Context(), path, "one")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.UnixMilli(5).UTC()
	row := app.Session{ID: "s1", Owner: "alice", Created: now, Touched: now, Speed: app.RealTime}
	run := app.Run{Session: "s1", No: 1, World: []byte(`{}`)}
	if _, err := s.CreateSession(t.Context(), row, run); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := r.Session(t.Context(), "s1"); err != nil || got.Owner != "alice" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := r.db.Exec(`DELETE FROM session`); err == nil {
		t.Error("a reader could write")
	}
	backup := filepath.Join(t.TempDir(), "copy.db")
	if err := r.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), backup); err == nil {
		t.Error("a backup overwrote a file")
	}
	copied, err := OpenReader(t.Context(), backup)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if got, err := copied.Session(t.Context(), "s1"); err != nil || got.Owner != "alice" {
		t.Errorf("in the backup: %+v, %v", got, err)
	}
}

func TestOpenReaderOfNothingMakesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	if _, err := OpenReader(t.Context(), path); err == nil {
		t.Error("it was opened")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("it was made")
	}
}
