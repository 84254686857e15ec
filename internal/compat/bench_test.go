package compat_test

import (
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"
)

// BenchmarkOldPages is what a shop's old pages cost: a buyer's page posts, the text is
// stored and synced, and the merchant's page has it. Pairs of pages do so side by side.
func BenchmarkOldPages(b *testing.B) {
	w := newWorld(b, setup{})
	const pairs = 32
	type pair struct {
		buyer, seller *page
		product       string
	}
	all := make(chan pair, pairs)
	for i := range pairs {
		merchant := fmt.Sprintf("V_%d", 100+i)
		product := fmt.Sprint(5000 + i)
		w.sells(product, merchant)
		all <- pair{w.bound(fmt.Sprintf("U_%d", i+1)), w.bound(merchant), product}
	}
	var n atomic.Int64
	b.SetParallelism(pairs / 2)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			p := <-all
			a := p.buyer.post("SendMessageToMerchant", url.Values{
				"message": {fmt.Sprint("message ", n.Add(1))}, "toMid": {p.seller.who}, "pid": {p.product}, "client_id": {p.buyer.client}, "sendType": {"message"},
			})
			if a["status"] != 1.0 {
				b.Errorf("%v", a)
			}
			p.seller.next("reception")
			p.seller.kept = nil // pings
			all <- p
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkPush is what PHP pushes over one connection to one page, until the page has it.
func BenchmarkPush(b *testing.B) {
	w := newWorld(b, setup{php: true})
	php, buyer := w.shopPHP(), w.bound("U_7")
	for i := 0; b.Loop(); i++ {
		php.say(sendToUID, "", `["U_7"]`, `{"type":"order","id":12345,"text":"Your order is on its way"}`)
		if i%1000 == 999 { // less than what is kept for a page
			for range 1000 {
				buyer.next("order")
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pushes/s")
}
