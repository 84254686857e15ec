//go:build race

package hplog_test

// dirtRows is how large the table is. The race detector makes each row ten times as
// dear; "make test" runs this package without it, too.
const dirtRows = 5000
