// Package fault is the pages that say what went wrong.
//
// They must never tell a cause, an id that is not the reader's, or whether something
// exists that they may not see (docs/security.md §5).
package fault

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"labserver/web/app"
	"labserver/web/i18n"
	"labserver/web/page/layout"
)

// kind is one page: its status and what it says.
type kind struct {
	status      int
	title, text i18n.Key
	args        i18n.Args
}

// kinds lists the pages by status; what is not in it is an internal error.
func kinds() []kind {
	return []kind{
		{http.StatusBadRequest, i18n.FaultBadRequestTitle, i18n.FaultBadRequest, nil},
		{http.StatusForbidden, i18n.FaultForbiddenTitle, i18n.FaultForbidden, nil},
		{http.StatusNotFound, i18n.FaultNotFoundTitle, i18n.FaultNotFound, nil},
		{http.StatusMethodNotAllowed, i18n.FaultMethodTitle, i18n.FaultMethod, nil},
		{http.StatusConflict, i18n.FaultOldTitle, i18n.FaultOld, nil},
		{http.StatusRequestEntityTooLarge, i18n.FaultTooLargeTitle, i18n.FaultTooLarge, nil},
		{http.StatusTooManyRequests, i18n.FaultTooManyTitle, i18n.FaultTooMany, nil},
		{http.StatusInternalServerError, i18n.FaultInternalTitle, i18n.FaultInternal, nil},
		{http.StatusServiceUnavailable, i18n.FaultUnavailableTitle, i18n.FaultUnavailable, nil},
	}
}

func kindOf(status int) kind {
	for _, k := range kinds() {
		if k.status == status {
			return k
		}
	}
	return kind{http.StatusInternalServerError, i18n.FaultInternalTitle, i18n.FaultInternal, nil}
}

// Status writes the page of a status.
func Status(w http.ResponseWriter, r *http.Request, status int) {
	write(w, r, kindOf(status))
}

func write(w http.ResponseWriter, r *http.Request, k kind) {
	w.Header().Set("Cache-Control", "no-store")
	layout.Render(w, r, k.status, page(k))
}

// Error writes the page of an error: what its code says, when to come back if that is
// known, and nothing of its cause.
func Error(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		Status(w, r, http.StatusRequestEntityTooLarge)
		return
	}
	var known *app.Error
	if !errors.As(err, &known) {
		known = &app.Error{}
	}
	if known.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(ceil(known.Wait, time.Second)))
	}
	k := kindOf(app.Status(err))
	if k.status == http.StatusTooManyRequests {
		k = quota(k, known)
	}
	write(w, r, k)
}

// quota is the page of a limit that is a person's own rather than their address's.
func quota(k kind, e *app.Error) kind {
	switch e.Field {
	case app.QuotaNewSessions:
		k.title, k.text = i18n.FaultSessionsTitle, i18n.FaultSessions
		k.args = i18n.Args{"Limit": e.Limit, "Count": ceil(e.Wait, time.Minute)}
	case app.QuotaShares:
		k.title, k.text = i18n.FaultSharesTitle, i18n.FaultShares
		k.args = i18n.Args{"Limit": e.Limit}
	}
	return k
}

// ceil counts the units in a span of time, a begun one and at least one included.
func ceil(d, unit time.Duration) int { return max(int((d+unit-1)/unit), 1) }
