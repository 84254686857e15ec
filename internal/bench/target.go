package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"haggle/internal/wire"
)

// requestTimeout bounds every request of the preparation.
const requestTimeout = 30 * time.Second

// Target is the running server that a load is put on.
type Target struct {
	URL    string // base URL, http or https
	APIKey string // to say what is for sale

	// Mint returns a token for uid, signed as the marketplace would.
	Mint func(uid string) (string, error)

	// PIDs are the server's processes, whose CPU time and memory are read from
	// /proc. Empty: neither is reported.
	PIDs []int

	// Admin is the base URL of the server's admin listener, used to have it
	// collect its garbage before its memory is read. Empty: it is not asked to.
	Admin string
}

func buyerUID(i int) string    { return fmt.Sprintf("U_bench-%d", i) }
func merchantUID(i int) string { return fmt.Sprintf("V_bench-%d", i) }
func productID(i int) string   { return fmt.Sprintf("bench-%d", i) }

// stock tells the target of one product for each of n pairs.
func (t *Target) stock(ctx context.Context, n int) error {
	products := make([]wire.Product, n)
	for i := range products {
		products[i] = wire.Product{ID: productID(i), Merchant: merchantUID(i), Title: "Load", Currency: "CNY", Kind: "virtual"}
	}
	return t.Stock(ctx, products)
}

// Stock says what is for sale, as the shop's backend does.
func (t *Target) Stock(ctx context.Context, products []wire.Product) error {
	const perRequest = 1000
	for some := range slices.Chunk(products, perRequest) {
		var body bytes.Buffer
		for i := range some {
			line, err := wire.Encode(map[string]wire.Product{"product": some[i]})
			if err != nil {
				return err
			}
			body.Write(line)
			body.WriteByte('\n')
		}
		if err := t.post(ctx, "/v1/server/bulk", "application/x-ndjson", &body); err != nil {
			return fmt.Errorf("say what is for sale: %w", err)
		}
	}
	return nil
}

func (t *Target) post(ctx context.Context, path, contentType string, body io.Reader) (err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(t.URL, "/")+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+t.APIKey)
	req.Header.Set("Content-Type", contentType)
	return roundTrip(req, `"ok":false`)
}

// collect has the server collect its garbage, twice, so that pools are empty.
func (t *Target) collect(ctx context.Context) error {
	if t.Admin == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	for range 2 {
		url := strings.TrimSuffix(t.Admin, "/") + "/debug/pprof/heap?gc=1"
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		if err := roundTrip(req, ""); err != nil {
			return fmt.Errorf("collect the server's garbage: %w", err)
		}
	}
	return nil
}

// roundTrip sends req and fails on any answer but a 2xx without refusal in it.
func roundTrip(req *http.Request, refusal string) (err error) {
	client := &http.Client{Timeout: requestTimeout}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode/100 != 2, refusal != "" && bytes.Contains(answer, []byte(refusal)):
		return fmt.Errorf("%s: %s: %.300s", req.URL.Path, resp.Status, answer)
	}
	return nil
}
