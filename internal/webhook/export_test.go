package webhook

import "time"

// GoBy has the worker go by another clock. It does not run yet.
func (w *Worker) GoBy(now func() time.Time) { w.now = now }
