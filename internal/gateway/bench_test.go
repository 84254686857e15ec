package gateway

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/wire"
)

const (
	sessions = 5000 // that the idle benchmark holds

	pairs = 100 // of a buyer and a seller that talk at once
	each  = 300 // messages of each pair
)

// BenchmarkIdle holds sessions from another process and reports what each costs
// this one. Run it with -benchtime 1x.
func BenchmarkIdle(b *testing.B) {
	if base := os.Getenv("HAGGLE_IDLE_BASE"); base != "" {
		holdSessions(b, base, os.Getenv("HAGGLE_IDLE_VIA") == overSSE.name)
		return
	}
	for _, via := range []transport{{name: "WebSocket"}, overSSE} {
		b.Run(via.name, func(b *testing.B) { idle(b, via) })
	}
}

func idle(b *testing.B, via transport) {
	b.Helper()
	for b.Loop() {
		n := newNode(b, nodeOptions{via: via}).listen(b)
		before, rss := memory(), residentBytes(b)
		cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkIdle$", "-test.benchtime=1x")
		cmd.Env = append(os.Environ(), "HAGGLE_IDLE_BASE="+n.base, "HAGGLE_IDLE_VIA="+via.name)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		for deadline := time.Now().Add(30 * time.Second); len(n.hub.all()) < sessions; {
			if time.Now().After(deadline) {
				b.Fatalf("%d sessions after 30 s", len(n.hub.all()))
			}
			<-time.After(50 * time.Millisecond)
		}
		grown := float64(residentBytes(b) - rss)
		for range 4 { // stacks shrink by half at a collection
			runtime.GC()
		}
		after := memory()
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/sessions/1024, "heap-KiB/conn")
		b.ReportMetric(float64(after.StackInuse-before.StackInuse)/sessions/1024, "stack-KiB/conn")
		b.ReportMetric(grown/sessions/1024, "rss-before-gc-KiB/conn")
		b.ReportMetric(float64(residentBytes(b)-rss)/sessions/1024, "rss-KiB/conn")
		_ = stdin.Close()
		_ = cmd.Wait()
	}
}

// holdSessions opens the sessions and keeps them until its parent closes stdin.
func holdSessions(b *testing.B, base string, streams bool) {
	held := make([]any, sessions) // or the collector closes them
	for i := range held {
		var err error
		if token := fmt.Sprint("U_", i); streams {
			held[i], err = holdStream(b, base, token)
		} else {
			held[i], err = holdSocket(base, token)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	_, _ = os.Stdin.Read(make([]byte, 1))
	runtime.KeepAlive(held)
}

func holdSocket(base, token string) (*testkit.WS, error) {
	c, _, err := testkit.DialWS(base+"/v1/ws", nil)
	if err == nil {
		err = c.Send(hello(token))
	}
	if err == nil {
		_, _, err = c.Read()
	}
	return c, err
}

func holdStream(b *testing.B, base, token string) (*testkit.SSE, error) {
	b.Helper()
	c := testkit.NewSSE(b.Context(), new(http.Client), base, nil)
	err := c.Send(hello(token))
	if err == nil {
		_, err = c.Read()
	}
	return c, err
}

func memory() runtime.MemStats {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m
}

func residentBytes(b *testing.B) int64 {
	b.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(data))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// BenchmarkMessage is the whole way of a message without a real store: send in,
// ack out, message out, delivered in, delivered out. The clients are in another
// process, so cpu-µs/msg is the server's alone.
func BenchmarkMessage(b *testing.B) {
	if url := os.Getenv("HAGGLE_PAIRS_URL"); url != "" {
		runPairs(b, url)
		return
	}
	n := newNode(b, nodeOptions{limits: func(l *chat.Limits) { l.Rates = nil }}).listen(b)
	for i := range pairs {
		p := chat.Product{ID: chat.ProductID(fmt.Sprint("p", i)), Merchant: chat.UID(fmt.Sprint("V_p", i)), Kind: chat.Virtual}
		if err := n.store.PutProduct(b.Context(), p); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkMessage$", "-test.benchtime=1x")
		cmd.Env = append(os.Environ(), "HAGGLE_PAIRS_URL="+n.url)
		before, began := cpu(b), time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		b.ReportMetric(float64((cpu(b)-before).Microseconds())/(pairs*each), "cpu-µs/msg")
		b.ReportMetric(pairs*each/time.Since(began).Seconds(), "msg/s")
	}
}

// runPairs is buyers, each with a merchant of its own, who send one message after
// the other.
func runPairs(b *testing.B, url string) {
	var wg sync.WaitGroup
	for i := range pairs {
		wg.Go(func() {
			if err := runPair(url, i); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}

func runPair(url string, i int) error {
	buyer, _, err := testkit.DialWS(url, nil)
	if err != nil {
		return err
	}
	seller, _, err := testkit.DialWS(url, nil)
	if err != nil {
		return err
	}
	for c, token := range map[*testkit.WS]string{buyer: fmt.Sprintf("U_%d.%d", i, time.Now().UnixNano()), seller: fmt.Sprint("V_p", i)} {
		if err := c.Send(fmt.Sprintf(`{"id":1,"hello":{"token":%q}}`, token)); err != nil {
			return err
		}
		if _, _, err := c.Read(); err != nil {
			return err
		}
	}
	return pingPong(buyer, seller, fmt.Sprint("p", i))
}

func pingPong(buyer, seller *testkit.WS, product string) error {
	var conv string
	for k := range each {
		where := fmt.Sprintf(`"conversation":%q`, conv)
		if conv == "" {
			where = fmt.Sprintf(`"product":%q`, product)
		}
		if err := buyer.Send(fmt.Sprintf(`{"id":%d,"send":{%s,"nonce":"n-%d","blocks":[{"type":"text","text":"Is it still available? 还有货吗"}]}}`, k+2, where, k)); err != nil {
			return err
		}
		f, err := await(buyer, func(f *wire.ServerFrame) bool { return f.Ack != nil })
		if err != nil {
			return err
		}
		conv = f.Ack.Conversation
		if _, err := await(seller, func(f *wire.ServerFrame) bool { return f.Message != nil && f.Message.Message.Conversation == conv }); err != nil {
			return err
		}
		if err := seller.Send(fmt.Sprintf(`{"delivered":{"conversation":%q,"seq":%d}}`, conv, k+1)); err != nil {
			return err
		}
	}
	return nil
}

// await returns the next frame for which ok holds.
func await(c *testkit.WS, ok func(*wire.ServerFrame) bool) (f wire.ServerFrame, err error) {
	for !ok(&f) {
		_, data, err := c.Read()
		if err != nil {
			return f, err
		}
		f = wire.ServerFrame{}
		if err := json.Unmarshal(data, &f); err != nil {
			return f, err
		}
		if f.Error != nil || f.Bye != nil {
			return f, fmt.Errorf("%s", data)
		}
	}
	return f, nil
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
