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

// Target is the running server that a load is put on, or several on one database.
type Target struct {
	// URLs are the base URLs, http or https, one of each server. Connections are spread
	// over them, a buyer's and the seller's of a pair to different ones.
	URLs   []string
	APIKey string // to say what is for sale

	// Mint returns a token for uid, signed as the marketplace would.
	Mint func(uid string) (string, error)

	// PIDs are the server's processes, whose CPU time and memory are read from
	// /proc. Empty: neither is reported.
	PIDs []int

	// Beside tell how much processor time others have taken that the servers need, such
	// as their database.
	Beside []func() (time.Duration, error)

	// Admins are the base URLs of the servers' admin listeners, used to have them
	// collect their garbage before their memory is read. Empty: they are not asked to.
	Admins []string
}

// url is where a server is; those after the last are the first ones again.
func (t *Target) url(server int) string {
	return strings.TrimSuffix(t.URLs[server%len(t.URLs)], "/")
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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url(0)+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+t.APIKey)
	req.Header.Set("Content-Type", contentType)
	return roundTrip(req, `"ok":false`)
}

// collect has the servers collect their garbage, twice, so that pools are empty.
func (t *Target) collect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	for _, admin := range slices.Concat(t.Admins, t.Admins) {
		url := strings.TrimSuffix(admin, "/") + "/debug/pprof/heap?gc=1"
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
