package web

import (
	"net/http"
	"strings"
)

// Policy is the one content security policy, for every response (docs/security.md §1).
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; " +
	"img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
	"trusted-types 'none'"

// unused lists the browser features no page asks for. Only names that current browsers
// know stand here, because they log an error for any other.
func unused() []string {
	return []string{
		"accelerometer", "autoplay", "browsing-topics", "camera", "display-capture",
		"encrypted-media", "geolocation", "gyroscope", "hid", "idle-detection",
		"local-fonts", "magnetometer", "microphone", "midi", "otp-credentials", "payment",
		"picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial",
		"sync-xhr", "usb", "xr-spatial-tracking",
	}
}

func permissions() string {
	names := unused()
	for i, n := range names {
		names[i] = n + "=()"
	}
	return strings.Join(names, ", ")
}

// headers sets what every response carries, errors and sockets too.
func (s *server) headers(next http.Handler) http.Handler {
	features := permissions()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// Not no-referrer: with that, forms on plain http would send "Origin: null".
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", features)
		h.Set("Cache-Control", "private, no-cache")
		h.Set("Vary", "Accept-Language, Cookie")
		if s.Origin.Secure(r) {
			// Elsewhere browsers log that they ignore it.
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			if s.HSTS {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
		}
		next.ServeHTTP(w, r)
	})
}
