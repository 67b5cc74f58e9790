// Package fault is the pages that say what went wrong.
//
// They must never tell a cause, an id that is not the reader's, or whether something
// exists that they may not see (docs/security.md §5).
package fault

import (
	"errors"
	"net/http"

	"labserver/web/app"
	"labserver/web/i18n"
	"labserver/web/page/layout"
)

// kind is one page: its status and what it says.
type kind struct {
	status      int
	title, text i18n.Key
}

// kinds lists the pages by status; what is not in it is an internal error.
func kinds() []kind {
	return []kind{
		{http.StatusBadRequest, i18n.FaultBadRequestTitle, i18n.FaultBadRequest},
		{http.StatusForbidden, i18n.FaultForbiddenTitle, i18n.FaultForbidden},
		{http.StatusNotFound, i18n.FaultNotFoundTitle, i18n.FaultNotFound},
		{http.StatusMethodNotAllowed, i18n.FaultMethodTitle, i18n.FaultMethod},
		{http.StatusConflict, i18n.FaultOldTitle, i18n.FaultOld},
		{http.StatusRequestEntityTooLarge, i18n.FaultTooLargeTitle, i18n.FaultTooLarge},
		{http.StatusTooManyRequests, i18n.FaultTooManyTitle, i18n.FaultTooMany},
		{http.StatusInternalServerError, i18n.FaultInternalTitle, i18n.FaultInternal},
		{http.StatusServiceUnavailable, i18n.FaultUnavailableTitle, i18n.FaultUnavailable},
	}
}

func kindOf(status int) kind {
	for _, k := range kinds() {
		if k.status == status {
			return k
		}
	}
	return kind{http.StatusInternalServerError, i18n.FaultInternalTitle, i18n.FaultInternal}
}

// Status writes the page of a status.
func Status(w http.ResponseWriter, r *http.Request, status int) {
	w.Header().Set("Cache-Control", "no-store")
	k := kindOf(status)
	layout.Render(w, r, k.status, page(k))
}

// Error writes the page of an error: what its code says, and nothing of its cause.
func Error(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		Status(w, r, http.StatusRequestEntityTooLarge)
		return
	}
	Status(w, r, app.Status(err))
}
