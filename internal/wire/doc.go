// Package wire holds the JSON shapes that leave the process, socket frames and
// REST bodies, and makes them from the domain's values, once for all
// transports. The files in testdata are read by the Go tests here and by the
// TypeScript tests in web/src/protocol, so the two cannot drift.
//
// Times are Unix milliseconds, fields are snake_case. A field that is absent
// means its zero value. Clients ignore frames and fields they do not know; the
// server refuses them, as it does duplicate names, names in another letter case
// and invalid UTF-8: see Decode.
package wire
