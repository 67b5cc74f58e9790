package main

import (
	"log/slog"

	"labserver/web"
	"labserver/web/app"
	"labserver/web/live"
	"labserver/web/session"
	"labserver/web/session/sessionhttp"
	"labserver/web/store"
)

// sessionHandlers gives the routes what answers for sessions: their sockets and files.
func sessionHandlers(sessions *session.Manager, db store.Store, identity app.Identifier,
	origin web.Origin, log *slog.Logger) web.SessionHandlers {
	files := sessionhttp.Files{Sessions: sessions, Shelf: db, Identity: identity, Log: log}
	return web.SessionHandlers{
		Live: live.New(live.Config{Sessions: sessions, Shelf: db, Identity: identity,
			Ours: origin.Ours, Log: log}),
		Status:  files.Status(),
		Journal: files.Journal(),
		Events:  files.Events(),
		Segment: files.Segment(),
		Capture: files.Capture(), Imported: files.Imported(),
	}
}
