// Package imports is the page on which a capture is opened: a form, and what is wrong with
// a file that cannot be.
//
// It must never read what is in a file (stack/pcapng and stack/infer do) nor hold more of
// one in memory than a capture may have. Read docs/import.md.
package imports

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/i18n"
	"labserver/web/page/fault"
	"labserver/web/page/layout"
)

// Importer makes a session of a capture; session.Manager is one.
type Importer interface {
	Import(ctx context.Context, owner app.SubjectID, file app.Capture) (app.SessionID, error)
}

// MaxOctets is the largest file that is taken.
const MaxOctets = 16 << 20

// FormOctets is what a request may have beside the file.
const FormOctets = 64 << 10

// atOnce is how many files are received at the same time, so that they cannot fill the
// server's memory together.
const atOnce = 4

// within is how long receiving one may take: each takes a place.
const within = 2 * time.Minute

// maxName is how much is kept of a file's name, in characters.
const maxName = 80

// Page serves /import.
type Page struct {
	Imports Importer
	Auth    *auth.Auth
	gate    chan struct{}
	within  time.Duration
}

// New returns the page.
func New(imports Importer, who *auth.Auth) Page {
	return Page{Imports: imports, Auth: who, gate: make(chan struct{}, atOnce), within: within}
}

// view is what the template shows. The zero value is the form alone.
type view struct {
	trouble i18n.Key
	line    string // what exactly is wrong with the file
}

// ServeHTTP shows the form.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	layout.Render(w, r, http.StatusOK, page(view{}))
}

// Open takes a file and sends the reader to its run, or says what is wrong with it.
func (p Page) Open(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	select {
	case p.gate <- struct{}{}:
		defer func() { <-p.gate }()
	default:
		w.Header().Set("Retry-After", "5")
		fault.Error(w, r, app.ErrFull)
		return
	}
	actor, err := p.Auth.Ensure(w, r)
	if err != nil {
		fault.Error(w, r, err)
		return
	}
	// Not every reader has a deadline; the server's has.
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(p.within))
	file, err := receive(r)
	_ = deadline.SetReadDeadline(time.Time{}) // or it would end the work that follows
	var id app.SessionID
	if err == nil {
		id, err = p.Imports.Import(r.Context(), actor.Subject, file)
	}
	if err == nil {
		http.Redirect(w, r, "/s/"+string(id), http.StatusSeeOther)
		return
	}
	var bad *app.Error
	if !errors.As(err, &bad) || bad.Code != app.ErrBadCapture.Code {
		fault.Error(w, r, err)
		return
	}
	layout.Render(w, r, app.Status(err), page(view{troubleOf(bad.Field), bad.Got}))
}

// TooLarge answers a form that says that it is too large, before it is read.
func TooLarge(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	layout.Render(w, r, http.StatusRequestEntityTooLarge, page(view{trouble: troubleOf(tooMuch)}))
}

// The kinds of trouble that this page finds itself, beside those of stack/pcapng and
// stack/infer.
const (
	noFile  = "no-file"
	tooMuch = "too-large"
)

// receive reads the form's file: the first part that is called so.
func receive(r *http.Request) (app.Capture, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return app.Capture{}, app.ErrMalformed.Because(err)
	}
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return app.Capture{}, app.ErrBadCapture.At(noFile)
		case err != nil:
			return app.Capture{}, large(err)
		case part.FormName() == "file":
			return read(part)
		}
	}
}

func read(part *multipart.Part) (app.Capture, error) {
	if part.FileName() == "" {
		return app.Capture{}, app.ErrBadCapture.At(noFile)
	}
	octets, err := io.ReadAll(io.LimitReader(part, MaxOctets+1))
	switch {
	case err != nil:
		return app.Capture{}, large(err)
	case len(octets) > MaxOctets:
		return app.Capture{}, app.ErrBadCapture.At(tooMuch)
	}
	return app.Capture{Name: name(part.FileName()), Octets: octets}, nil
}

// large tells a body that is too large from one that cannot be read.
func large(err error) error {
	var most *http.MaxBytesError
	if errors.As(err, &most) {
		return app.ErrBadCapture.At(tooMuch)
	}
	return app.ErrMalformed.Because(err)
}

// name is a file's name as people will see it: without folders, of either kind, and
// without what cannot be printed.
func name(of string) string {
	of = path.Base(strings.ReplaceAll(of, `\`, "/"))
	of = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, of)
	if runes := []rune(of); len(runes) > maxName {
		of = string(runes[:maxName])
	}
	if of == "" || of == "." || of == "/" {
		return "capture"
	}
	return of
}

// troubleOf is what is said of a kind of trouble.
func troubleOf(kind string) i18n.Key {
	switch kind {
	case noFile:
		return i18n.ImportNoFile
	case tooMuch:
		return i18n.ImportTooLarge
	case "truncated":
		return i18n.ImportTruncated
	case "not-a-capture":
		return i18n.ImportNotACapture
	case "nothing-to-show":
		return i18n.ImportNothing
	case "link-type":
		return i18n.ImportLinkType
	case "too-long":
		return i18n.ImportTooLong
	}
	return i18n.ImportDamaged
}
