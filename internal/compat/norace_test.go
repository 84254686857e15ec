//go:build !race

package compat_test

// stormPages is how many pages come back at once.
const stormPages = 5000
