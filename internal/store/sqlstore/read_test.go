package sqlstore

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
)

// However many wait to read, nobody is passed over.
func TestRead_inTheOrderOfComing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openInternal(t)
		read := func(each func()) {
			err := s.query(t.Context(), func(row) error { each(); return nil }, selectSetting, epochName)
			if err != nil {
				t.Error(err)
			}
		}
		release := make(chan struct{})
		for range sqliteReaders {
			go read(func() { <-release })
		}
		synctest.Wait()
		const waiting = 50
		order := make(chan int, waiting)
		for i := range waiting {
			go read(func() { order <- i })
			synctest.Wait()
		}
		release <- struct{}{} // one connection, so that one comes after the other
		synctest.Wait()
		close(release)
		got := make([]int, waiting)
		for i := range got {
			got[i] = <-order
		}
		if !slices.IsSorted(got) {
			t.Errorf("read in the order %v", got)
		}
	})
}

// Who gives up while waiting to read has waited long enough.
func TestRead_whoGivesUpWaitsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openInternal(t)
		release := make(chan struct{})
		for range sqliteReaders {
			go func() {
				err := s.query(t.Context(), func(row) error { <-release; return nil }, selectSetting, epochName)
				if err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error, 1)
		go func() { got <- s.query(ctx, func(row) error { return nil }, selectSetting, epochName) }()
		synctest.Wait()
		cancel()
		if err := <-got; chat.AsError(err).Code != "canceled" {
			t.Errorf("query = %v", err)
		}
		close(release)
	})
}

// Of a server that does not answer it is known in time, also by those who wait for it.
func TestRead_waitsAsLongAsAReadMayTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openInternal(t)
		for range sqliteReaders {
			if !s.readers.TryAcquire(1) {
				t.Fatal("somebody reads")
			}
		}
		s.dialect.timeout = 20 * time.Second
		began := time.Now()
		err := s.query(t.Context(), func(row) error { return nil }, selectSetting, epochName)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != s.dialect.timeout {
			t.Errorf("query = %v after %v", err, time.Since(began))
		}
		s.readers.Release(sqliteReaders)
	})
}
