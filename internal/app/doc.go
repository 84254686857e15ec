// Package app puts the parts together. It is the only package that knows which
// store, bus and blobs are in use, and the only one that starts and stops them,
// in order.
package app
