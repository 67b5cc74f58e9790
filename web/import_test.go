package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"labserver/web/app"
	"labserver/web/page/imports"
)

// upload is the form of /import with a file in it; without a name there is none.
func upload(t *testing.T, name string, octets []byte) (body *bytes.Buffer, kind string) {
	t.Helper()
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	if name != "" {
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(octets); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return body, w.FormDataContentType()
}

// send posts a body to the page.
func (f *fixture) send(t *testing.T, query string, body io.Reader, size int, kind string,
) *httptest.ResponseRecorder {
	t.Helper()
	r := request("POST", "/import"+query)
	r.Body, r.ContentLength = io.NopCloser(body), int64(size)
	r.Header.Set("Content-Type", kind)
	return f.do(t, r)
}

func TestACaptureIsOpenedByAForm(t *testing.T) {
	f := newFixture(t)
	if got := f.do(t, request("GET", "/import")); got.Code != http.StatusOK ||
		!strings.Contains(got.Body.String(), `enctype="multipart/form-data"`) {
		t.Fatalf("the form: %d", got.Code)
	}
	whole := []byte("\n\r\r\nand so on")
	for _, c := range []struct {
		name   string
		octets []byte
		want   string // of the file
	}{
		{"web.pcapng", whole, "web.pcapng"},
		{`C:\Users\kim\내 캡처.pcapng`, whole, "내 캡처.pcapng"},
		{"../../etc/passwd", whole, "passwd"},
		{strings.Repeat("x", 300), whole, strings.Repeat("x", 80)},
	} {
		f.imported = nil
		body, kind := upload(t, c.name, c.octets)
		got := f.send(t, "", body, body.Len(), kind)
		if got.Code != http.StatusSeeOther || !strings.HasPrefix(got.Header().Get("Location"), "/s/") {
			t.Errorf("%s: %d %s", c.name, got.Code, got.Body)
			continue
		}
		if len(f.imported) != 1 || f.imported[0].Name != c.want ||
			!bytes.Equal(f.imported[0].Octets, c.octets) {
			t.Errorf("%s arrived as %+v", c.name, f.imported)
		}
	}
}

func TestAFileThatIsNoCaptureGetsOneLineInTheReadersLanguage(t *testing.T) {
	for _, c := range []struct {
		name   string
		octets []byte
		lang   string
		says   string
	}{
		{"notes.txt", []byte("hello"), "en", "The file ends too early"},
		{"notes.txt", []byte("hello"), "ko", "파일이 중간에 끊겼어요."},
		{"notes.txt", []byte("hello"), "en", "block 1 &lt;is&gt; cut"},
		{"", nil, "en", "No file was chosen."},
		{"big.pcapng", make([]byte, imports.MaxOctets+1), "en", "The file is too large: up to 16 MiB"},
	} {
		f := newFixture(t)
		body, kind := upload(t, c.name, c.octets)
		got := f.send(t, "?lang="+c.lang, body, body.Len(), kind)
		if got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), c.says) {
			t.Errorf("%s in %s: %d, no %q", c.name, c.lang, got.Code, c.says)
		}
		if len(f.imported) != 0 {
			t.Errorf("%s was opened", c.name)
		}
	}
	f := newFixture(t)
	got := f.send(t, "", strings.NewReader("file=x"), 6, "application/x-www-form-urlencoded")
	if got.Code != http.StatusBadRequest {
		t.Errorf("a form without files: %d", got.Code)
	}
	got = f.send(t, "?lang=ko", strings.NewReader(""), imports.MaxOctets+imports.FormOctets+1,
		"multipart/form-data; boundary=x")
	if got.Code != http.StatusRequestEntityTooLarge ||
		!strings.Contains(got.Body.String(), "파일이 너무 커요. 16 MiB") ||
		!strings.Contains(got.Body.String(), `type="file"`) {
		t.Errorf("a body that says it is too large: %d, not told to choose another", got.Code)
	}
	if got := app.Status(app.ErrBadCapture); got != http.StatusUnprocessableEntity {
		t.Errorf("a bad capture is %d", got)
	}
}
