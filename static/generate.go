package static

// The bundles in dist come from src and from the libraries that `npm ci` puts into
// node_modules. Node is needed only here; building the server uses what is committed.
//go:generate go run ./bundle
