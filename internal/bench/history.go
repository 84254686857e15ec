package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
)

// kept is what a load needs of a page of a conversation's history.
type kept struct {
	Messages []struct {
		Seq   int64  `json:"seq"`
		Nonce string `json:"nonce"`
	} `json:"messages"`
	More bool `json:"more"`
}

// checkHistory reads the conversation as its buyer would after a reload, and
// notes as a fault every acked message that is not in its place.
func (p *pair) checkHistory(ctx context.Context, t *Target) error {
	token, err := t.Mint(p.buyer.uid)
	if err != nil {
		return fmt.Errorf("mint token: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	first, last := p.ackedRange()
	stored := make(map[int64]string, len(p.seqs))
	for after := first - 1; after < last; {
		page, err := t.history(ctx, token, p.conversation, after)
		if err != nil {
			return fmt.Errorf("history of %s: %w", p.product, err)
		}
		if len(page.Messages) == 0 {
			break
		}
		for _, m := range page.Messages {
			stored[m.Seq] = m.Nonce
			after = m.Seq
		}
	}
	p.compare(stored)
	return nil
}

// ackedRange returns the lowest and the highest seq that was acked, last before
// first if there is none. The caller holds mu.
func (p *pair) ackedRange() (first, last int64) {
	first = math.MaxInt64
	for n, seq := range p.seqs {
		if p.acked[n] != 0 {
			first, last = min(first, seq), max(last, seq)
		}
	}
	return first, last
}

// compare notes acked messages that stored, nonces by seq, does not have. The
// caller holds mu.
func (p *pair) compare(stored map[int64]string) {
	for n, seq := range p.seqs {
		if want := p.run + "-" + strconv.Itoa(n); p.acked[n] != 0 && stored[seq] != want {
			p.fault("message %d was acked as seq %d, where the history has %q", n, seq, stored[seq])
		}
	}
}

// history returns the page of a conversation after a seq.
func (t *Target) history(ctx context.Context, token, conversation string, after int64) (page kept, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	url := fmt.Sprintf("%s/v1/conversations/%s/messages?after=%d", t.url(0), conversation, after)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return kept{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Timeout: requestTimeout}
	resp, err := client.Do(req)
	if err != nil {
		return kept{}, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return kept{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return kept{}, fmt.Errorf("%s: %.300s", resp.Status, body)
	}
	return page, json.Unmarshal(body, &page)
}
