package gateway

import "sync"

// buffers lends the memory that batches are put together in.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *[]byte {
	if buf, ok := b.pool.Get().(*[]byte); ok {
		return buf
	}
	return new(make([]byte, 0, 1024))
}

func (b *buffers) put(buf *[]byte) {
	if cap(*buf) <= 2*batchBytes {
		b.pool.Put(buf)
	}
}
