// Package backup copies a data directory while its server runs, and puts such a copy
// in place again. It is for SQLite and pictures on disk, which is what a data
// directory holds; a database server and a bucket have means of their own.
//
// A backup is a directory, or a tar of one:
//
//	haggle.db      the database as of one moment
//	files/         the pictures that it knows of
//	SHA256SUMS     of all these, in this order, as sha256sum -c reads it
//	manifest.json  what is in it, and the hash of SHA256SUMS; it is written last
//
// Without its manifest it is no backup, and nothing takes it for one.
package backup
