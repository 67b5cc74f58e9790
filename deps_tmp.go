//go:build deps

package deps

import (
	_ "cel.dev/cel-go/cel"
	_ "github.com/alecthomas/kong"
	_ "github.com/chromedp/chromedp"
	_ "github.com/go-chi/chi/v5"
	_ "github.com/go-chi/httprate"
	_ "github.com/goccy/go-yaml"
	_ "github.com/gopacket/gopacket/layers"
	_ "github.com/microcosm-cc/bluemonday"
	_ "github.com/nicksnyder/go-i18n/v2/i18n"
	_ "github.com/pressly/goose/v3"
	_ "github.com/yuin/goldmark"
	_ "github.com/a-h/templ"
	_ "go.uber.org/goleak"
	_ "golang.org/x/text/language"
	_ "golang.org/x/time/rate"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/tools/go/packages"
	_ "modernc.org/sqlite"
	_ "nhooyr.io/websocket"
	_ "pgregory.net/rapid"
)
