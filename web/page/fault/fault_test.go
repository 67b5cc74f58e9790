package fault

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"labserver/web/app"
	"labserver/web/i18n"
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

func TestAQuotaSaysWhatIsUsedUpAndWhenToComeBack(t *testing.T) {
	for _, c := range []struct {
		err   *app.Error
		lang  i18n.Lang
		retry string
		text  string
	}{
		{&app.Error{Code: "quota", Field: app.QuotaNewSessions, Limit: "30",
			Wait: 90*time.Second + time.Millisecond}, i18n.English, "91", "30 runs within an hour"},
		{&app.Error{Code: "quota", Field: app.QuotaNewSessions, Limit: "30",
			Wait: 90 * time.Second}, i18n.English, "90", "in 2 minutes."},
		{&app.Error{Code: "quota", Field: app.QuotaNewSessions, Limit: "30",
			Wait: time.Millisecond}, i18n.English, "1", "in 1 minute."},
		{&app.Error{Code: "quota", Field: app.QuotaNewSessions, Limit: "30",
			Wait: time.Hour}, i18n.Korean, "3600", "60분 뒤"},
		{&app.Error{Code: "quota", Field: app.QuotaShares, Limit: "50"}, i18n.English, "", "50 links"},
		{&app.Error{Code: "quota", Field: app.QuotaShares, Limit: "50"}, i18n.Korean, "", "50개까지"},
		{&app.Error{Code: "rate"}, i18n.English, "", "Many requests"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/x", nil)
		Error(w, r.WithContext(i18n.With(r.Context(), c.lang)), fmt.Errorf("create: %w", c.err))
		if w.Code != 429 || w.Header().Get("Retry-After") != c.retry ||
			!strings.Contains(w.Body.String(), c.text) {
			t.Errorf("%+v: %d, retry after %q, want %q and %q", c.err, w.Code,
				w.Header().Get("Retry-After"), c.retry, c.text)
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
