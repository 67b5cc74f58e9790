package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"labserver/web/store"
	"labserver/web/store/sqlite"
)

// What the data folder holds.
const (
	databaseFile   = "labserver.sqlite"
	adminTokenFile = "admin-token"
)

// openFolder makes the data folder if need be. It is for its owner alone.
func openFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return wrongf("--data %s is a file, not a folder; name a folder", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return wrongf("--data %s cannot be made: %v; name a folder you may write to", dir, cause(err))
	}
	return nil
}

// database returns the path of the database in a folder that must have one.
func database(dir string) (string, error) {
	path := filepath.Join(dir, databaseFile)
	if _, err := os.Stat(path); err != nil {
		return "", wrongf("--data %s holds no %s: %v; name the folder a server has served",
			dir, databaseFile, cause(err))
	}
	return path, nil
}

// openStore opens the database for serving: locked for this process, of this schema.
func openStore(ctx context.Context, dir string) (*sqlite.Store, error) {
	db, err := sqlite.Open(ctx, filepath.Join(dir, databaseFile), "node-"+rand.Text())
	return db, storeError(dir, err)
}

// openReader opens the database for reading, beside a process that may be serving it.
func openReader(ctx context.Context, dir string) (*sqlite.Reader, error) {
	path, err := database(dir)
	if err != nil {
		return nil, err
	}
	db, err := sqlite.OpenReader(ctx, path)
	return db, storeError(dir, err)
}

// storeError says what is wrong with a database in words for the caller.
func storeError(dir string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrLocked):
		return wrongf("--data %s is in use: %v", dir, err)
	}
	return wrongf("--data %s: the database cannot be used: %v", dir, err)
}

// adminToken returns the folder's token, which lets other subcommands speak to the
// server as its administrator; it is made when the folder is new.
func adminToken(dir string) (string, error) {
	path := filepath.Join(dir, adminTokenFile)
	data, err := os.ReadFile(path)
	if err == nil {
		if token := strings.TrimSpace(string(data)); len(token) >= 32 {
			return token, nil
		}
		return "", wrongf("%s is damaged; remove it and start again: a new one is made", path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", wrongf("%s cannot be read: %v", path, cause(err))
	}
	raw := make([]byte, 32)
	rand.Read(raw) // never fails: it ends the process rather
	token := hex.EncodeToString(raw)
	return token, os.WriteFile(path, []byte(token+"\n"), 0o600)
}

// cause strips the path, which the message has named already, from a file error.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
