//go:build !race

package hplog_test

// dirtRows is how large the table is.
const dirtRows = 100_000
