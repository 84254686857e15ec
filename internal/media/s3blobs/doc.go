// Package s3blobs keeps blobs in a bucket of a service that speaks S3's protocol. A
// blob is one object, put by one request, so that it is there whole or not at all;
// every request has a deadline; a failure says whether to come back soon or to wait
// for the operator.
package s3blobs
