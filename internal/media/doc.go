// Package media takes pictures in and gives them out again: it recognises an
// upload by its first bytes, bounds what decoding it may cost, draws it anew so
// that nothing of the sender's file survives but the picture, keeps the result
// in Blobs and serves it under signed, expiring URLs.
//
// Nothing that was uploaded is ever served: what leaves the process was encoded
// here.
package media
