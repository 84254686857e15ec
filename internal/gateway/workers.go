package gateway

import (
	"sync"
	"sync/atomic"
)

const (
	// maxSpare is how many workers wait for work. Their stacks have grown already,
	// which a new one has to do first.
	maxSpare = 256

	readBytes = 4 << 10 // what is read at once; most frames are far smaller
)

// work is a piece of a session's work. It may use buf until it returns.
type work func(buf []byte)

// workers do what is too much for the stack of a parked reader. There are as many
// as have work to do: each may be waiting for the store, and none of the others
// waits for it.
type workers struct {
	next    chan work
	spare   atomic.Int64
	buffers sync.Pool
	running sync.WaitGroup
	stopped sync.Once
}

// do has somebody do w.
func (ws *workers) do(w work) {
	select {
	case ws.next <- w:
	default:
		ws.running.Add(1)
		go ws.run(w)
	}
}

// run does w and then whatever comes, unless enough others wait for that.
func (ws *workers) run(w work) {
	defer ws.running.Done()
	for ok := true; ok; {
		ws.lend(w)
		if ws.spare.Add(1) > maxSpare {
			ws.spare.Add(-1)
			return
		}
		w, ok = <-ws.next
		ws.spare.Add(-1)
	}
}

func (ws *workers) lend(w work) {
	buf, ok := ws.buffers.Get().(*[readBytes]byte)
	if !ok {
		buf = new([readBytes]byte)
	}
	w(buf[:])
	ws.buffers.Put(buf)
}

// stop ends the workers. Nothing may be done after it. It may be called again.
func (ws *workers) stop() {
	ws.stopped.Do(func() { close(ws.next) })
	ws.running.Wait()
}
