//go:build race

package compat_test

// stormPages is how many pages come back at once. The race detector makes each of
// them ten times as dear.
const stormPages = 1000
