package media

import (
	"context"
	"fmt"
	"time"
)

// recalledEvery is how often the service looks for pictures that were taken back.
// Their URLs are good until their bytes are gone, so it is often.
const recalledEvery = 5 * time.Second

// discardEvery deletes the bytes of recalled pictures until ctx ends.
func (s *Service) discardEvery(ctx context.Context) {
	tick := time.NewTicker(recalledEvery)
	defer tick.Stop()
	working := true
	for {
		n, err := s.discardRecalled(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && working: // once: the next ones would say the same every few seconds
			s.log.ErrorContext(ctx, "delete recalled pictures", "err", err)
		case n > 0:
			s.log.InfoContext(ctx, "deleted recalled pictures", "files", n)
		}
		working = err == nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// discardRecalled deletes bytes first: a crash then repeats what did no harm. What
// cannot be deleted now stays listed.
func (s *Service) discardRecalled(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepFor)
	defer cancel()
	total := 0
	for {
		files, err := s.files.RecalledFiles(ctx, sweepPage)
		if err != nil {
			return total, err
		}
		for _, f := range files {
			for _, v := range variants() {
				if err := s.blobs.Delete(ctx, blobKey(f, v)); err != nil {
					return total, fmt.Errorf("file %s: %w", f, err)
				}
			}
			if err := s.files.ForgetRecalledFile(ctx, f); err != nil {
				return total, err
			}
			s.stats.removed.WithLabelValues("recalled").Inc()
			total++
		}
		if len(files) < sweepPage {
			return total, nil
		}
	}
}
