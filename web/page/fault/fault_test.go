package fault

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"labserver/web/app"
)

func TestAnErrorShowsItsPageAndNotItsCause(t *testing.T) {
	secret := errors.New("table share at /var/lib")
	for _, c := range []struct {
		err    error
		status int
	}{
		{app.ErrNotFound.Because(secret), 404}, {app.ErrMalformed.Because(secret), 400},
		{app.ErrQuota, 429}, {app.ErrFull, 503}, {app.ErrOtherBuild, 409}, {app.ErrForbidden, 403},
		{fmt.Errorf("list: %w", secret), 500},
		{fmt.Errorf("form: %w", &http.MaxBytesError{Limit: 1}), 413},
	} {
		w := httptest.NewRecorder()
		Error(w, httptest.NewRequest("GET", "/x", nil), c.err)
		if w.Code != c.status || strings.Contains(w.Body.String(), "share at") ||
			!strings.Contains(w.Body.String(), "<h1>") {
			t.Errorf("%v: %d", c.err, w.Code)
		}
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v: may be stored", c.err)
		}
	}
}

func TestAStatusWithoutAPageOfItsOwnIsAnInternalError(t *testing.T) {
	w := httptest.NewRecorder()
	Status(w, httptest.NewRequest("GET", "/x", nil), http.StatusTeapot)
	if w.Code != http.StatusInternalServerError {
		t.Error(w.Code)
	}
}
