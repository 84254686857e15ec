package media

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"haggle/internal/chat"
)

const (
	sweepAfter  = time.Minute // of starting: leave the start to those who come back
	sweepPeriod = time.Hour
	sweepFor    = 10 * time.Minute
	sweepPage   = 100

	// orphanAge is how old bytes without a row must be: younger ones may belong to
	// an upload under way.
	orphanAge = 2 * time.Hour

	// sweepParts is how many sweeps it takes to look at all blobs. Being no divisor
	// of a day, it comes round to all of them also where the server runs in office
	// hours only.
	sweepParts = 25

	shardAlphabet = "abcdefghijklmnopqrstuvwxyz234567" // of a FileID
)

// Swept counts what a sweep removed.
type Swept struct {
	Files   int // uploads that no message ever carried
	Orphans int // files' bytes without a row
}

// Run sweeps every hour, and deletes recalled pictures all the time, until ctx
// ends, and then returns nil.
func (s *Service) Run(ctx context.Context) error {
	var g errgroup.Group
	g.Go(func() error {
		s.discardEvery(ctx) // not behind a sweep, which may take its time
		return nil
	})
	g.Go(func() error {
		s.sweepEvery(ctx)
		return nil
	})
	return g.Wait()
}

// sweepEvery sweeps every hour until ctx ends.
func (s *Service) sweepEvery(ctx context.Context) {
	timer := time.NewTimer(sweepAfter)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		swept, err := s.sweepInTime(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.ErrorContext(ctx, "sweep of files", "err", err)
		case swept != Swept{}:
			s.log.InfoContext(ctx, "swept files", "unattached", swept.Files, "orphans", swept.Orphans)
		}
		timer.Reset(sweepPeriod)
	}
}

func (s *Service) sweepInTime(ctx context.Context) (Swept, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepFor)
	defer cancel()
	return s.Sweep(ctx)
}

// Sweep removes the uploads that no message carried in time and, in this hour's
// part of the blobs, bytes that have no row. It may run on several nodes at once.
func (s *Service) Sweep(ctx context.Context) (Swept, error) {
	var swept Swept
	var err error
	if swept.Files, err = s.sweepUnattached(ctx); err != nil {
		return swept, fmt.Errorf("sweep unattached files: %w", err)
	}
	swept.Orphans, err = s.sweepOrphans(ctx)
	s.stats.removed.WithLabelValues("unattached").Add(float64(swept.Files))
	s.stats.removed.WithLabelValues("orphan").Add(float64(swept.Orphans))
	if err != nil {
		return swept, fmt.Errorf("sweep orphans: %w", err)
	}
	return swept, nil
}

// sweepUnattached removes rows first: a crash then leaves orphans.
func (s *Service) sweepUnattached(ctx context.Context) (int, error) {
	total, before := 0, time.Now().Add(-s.limits.UnattachedFor)
	for {
		files, err := s.files.UnattachedFiles(ctx, before, sweepPage)
		if err != nil {
			return total, err
		}
		removed := 0
		for _, f := range files {
			gone, err := s.files.DeleteUnattachedFile(ctx, f.ID)
			if err != nil {
				return total, err
			}
			if gone {
				removed++
				s.deleteBlobs(ctx, f.ID)
			}
		}
		total += removed
		if removed == 0 || len(files) < sweepPage {
			return total, nil
		}
	}
}

// sweepOrphans looks at the shards whose turn it is.
func (s *Service) sweepOrphans(ctx context.Context) (int, error) {
	total, part := 0, int(time.Now().Unix()/int64(sweepPeriod/time.Second)%sweepParts)
	for i, a := range shardAlphabet {
		for j, b := range shardAlphabet {
			if (i*len(shardAlphabet)+j)%sweepParts != part {
				continue
			}
			n, err := s.sweepShard(ctx, string(a)+string(b))
			total += n
			if err != nil {
				return total, err
			}
		}
	}
	return total, nil
}

// sweepShard removes the orphans of one shard.
func (s *Service) sweepShard(ctx context.Context, shard string) (int, error) {
	total, before := 0, time.Now().Add(-orphanAge)
	seen := make(map[chat.FileID]struct{}, sweepPage)
	for blob, err := range s.blobs.List(ctx, shard) {
		if err != nil {
			return total, err
		}
		file, _, ok := strings.Cut(strings.TrimPrefix(blob.Key, shard+"/"), "/")
		if !ok || blob.ModifiedAt.After(before) {
			continue
		}
		if seen[chat.FileID(file)] = struct{}{}; len(seen) < sweepPage {
			continue
		}
		n, err := s.deleteOrphans(ctx, seen)
		total += n
		if err != nil {
			return total, err
		}
		clear(seen)
	}
	n, err := s.deleteOrphans(ctx, seen)
	return total + n, err
}

// deleteOrphans removes the bytes of those files that have no row.
func (s *Service) deleteOrphans(ctx context.Context, seen map[chat.FileID]struct{}) (int, error) {
	if len(seen) == 0 {
		return 0, nil
	}
	ids := make([]chat.FileID, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	known, err := s.files.Files(ctx, ids)
	if err != nil {
		return 0, err
	}
	orphans := 0
	for _, id := range ids {
		if _, ok := known[id]; !ok {
			orphans++
			s.deleteBlobs(ctx, id)
		}
	}
	return orphans, nil
}
