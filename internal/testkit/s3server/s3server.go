// Package s3server is a stand-in for S3 in a test's own process: gofakes3 speaks the
// protocol, keeps objects in memory and checks neither signatures nor rights. It is a
// package by itself as few tests need it; the program has none of it.
package s3server

import (
	"net/http"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket is the one that there is.
const Bucket = "shop"

// Handler answers as S3 would that has an empty Bucket.
func Handler() (http.Handler, error) {
	backend := s3mem.New()
	if err := backend.CreateBucket(Bucket); err != nil {
		return nil, err
	}
	return gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server(), nil
}
