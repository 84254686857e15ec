package s3blobs

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"haggle/internal/chat"
)

// repairRetry is when to come back to a bucket that somebody has to see to.
const repairRetry = 5 * time.Second

// outcome counts a request to the service, logs when it ceases to work and when it
// works again, and makes of err what its receiver can act on. ctx is the caller's.
func (s *S3) outcome(ctx context.Context, call string, err error) error {
	err = failure(ctx, err)
	code := "ok"
	if err != nil {
		code = chat.AsError(err).Code
	}
	if err != nil && ctx.Err() != nil {
		code = "canceled"
	}
	s.calls.WithLabelValues(call, code).Inc()
	switch {
	case code == "canceled":
	case chat.KindOf(err) == chat.Unavailable && err != nil:
		if !s.failing.Swap(true) { // once: the next ones would say the same
			s.log.ErrorContext(ctx, "the bucket of the pictures does not work", "call", call, "err", err)
		}
	case err == nil && s.failing.Load() && s.failing.Swap(false):
		s.log.InfoContext(ctx, "the bucket of the pictures works again")
	}
	return err
}

// failure makes a chat.Error of what the service, or the way to it, did.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	answer := minio.ToErrorResponse(err)
	switch answer.Code {
	case minio.NoSuchKey:
		return chat.Errorf(chat.NotFound, "no such file")
	case "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded":
		return repair("store_full", err)
	case "NoSuchBucket", "PermanentRedirect", "AuthorizationHeaderMalformed", "RequestTimeTooSkewed":
		return repair("store_io", err)
	}
	switch answer.StatusCode {
	case http.StatusInsufficientStorage:
		return repair("store_full", err)
	case http.StatusUnauthorized, http.StatusForbidden:
		return repair("store_io", err)
	case http.StatusNotFound:
		return chat.Errorf(chat.NotFound, "no such file")
	}
	return chat.Codef(chat.Unavailable, "store_unreachable", "the server's pictures cannot be reached: %w", err)
}

// repair says that the operator has to do something.
func repair(code string, err error) error {
	e := chat.Codef(chat.Unavailable, code, "the server's pictures cannot be stored or read: %w", err)
	e.RetryAfter = repairRetry
	return e
}
