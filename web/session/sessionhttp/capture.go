package sessionhttp

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"labserver/stack/capture"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/web/app"
	"labserver/web/i18n"
)

// captureWait is how long a reader may take for one part of a capture before it is given
// up: each that is being written takes a place.
const captureWait = 30 * time.Second

// lastRun stands in an address for the number of the last run.
const lastRun = "last"

// Capture answers GET /s/{session}/runs/{run}/pcapng?links=&hosts=&ends=&lang=: the frames
// of a run, of what has happened so far if it goes on.
func (f Files) Capture() http.Handler {
	return f.handle(app.Manage, func(w http.ResponseWriter, r *http.Request, id app.SessionID) error {
		no, err := captureRun(r)
		if err != nil {
			return err
		}
		opt, err := captureOptions(r)
		if err != nil {
			return err
		}
		begun := false
		err = f.Sessions.Export(r.Context(), id, int(no), opt, func(b []byte) error {
			if !begun && len(b) > 0 {
				begun = true
				attach(w, fmt.Sprintf("labserver-%s-%s.pcapng", shortened(id), runName(no)))
			}
			// Not every writer has a deadline; the server's has.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(captureWait))
			_, err := w.Write(b)
			return err
		})
		if err != nil && begun {
			// Half a file must not look like a whole one.
			panic(http.ErrAbortHandler)
		}
		return err
	})
}

func attach(w http.ResponseWriter, name string) {
	h := w.Header()
	h.Set("Content-Type", "application/x-pcapng")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
}

// captureRun reads which run is asked for; 0 is the last.
func captureRun(r *http.Request) (uint64, error) {
	run := r.PathValue("run")
	if run == lastRun {
		return 0, nil
	}
	no, err := number(run, "run", 1)
	if err != nil || no == 0 {
		return 0, app.ErrNotFound
	}
	return no, nil
}

// captureOptions reads what of the run is asked for, and in which language: the one of the
// address, else the reader's.
func captureOptions(r *http.Request) (capture.Options, error) {
	q := r.URL.Query()
	var opt capture.Options
	switch q.Get("ends") {
	case "", "sent":
	case "both":
		opt.Both = true
	default:
		return opt, app.ErrRange.At("ends")
	}
	lang := i18n.From(r.Context())
	if s := q.Get("lang"); s != "" {
		var ok bool
		if lang, ok = i18n.ParseLang(s); !ok {
			return opt, app.ErrRange.At("lang")
		}
	}
	for _, l := range names(q.Get("links")) {
		opt.Links = append(opt.Links, inet.LinkID(l))
	}
	for _, h := range names(q.Get("hosts")) {
		opt.Hosts = append(opt.Hosts, inet.HostID(h))
	}
	opt.Words = func(e event.Event) string { return i18n.Explain(lang, e) }
	return opt, nil
}

func names(list string) (all []string) {
	for _, n := range strings.Split(list, ",") {
		if n = strings.TrimSpace(n); n != "" {
			all = append(all, n)
		}
	}
	return all
}
