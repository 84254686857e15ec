package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// pushTimeout is how long the server may take to learn what is for sale.
const pushTimeout = 10 * time.Second

// bulkLine is one line of POST /v1/server/bulk, as the API's document has it.
type bulkLine struct {
	Product     *apiProduct     `json:"product,omitempty"`
	Participant *apiParticipant `json:"participant,omitempty"`
}

type apiProduct struct {
	ID       string `json:"id"`
	Merchant string `json:"merchant"`
	Title    string `json:"title"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Image    string `json:"image"`
	URL      string `json:"url"`
	Kind     string `json:"kind"`
	Stock    *int64 `json:"stock,omitempty"`
}

type apiParticipant struct {
	UID    string `json:"uid"`
	Name   string `json:"name"`
	Avatar string `json:"avatar"`
}

// Open tells the server who the shops and buyers are and what is for sale. A
// marketplace would do so whenever any of it changes.
func (m *Market) Open(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	body, err := m.lines()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.site.APIURL+"/v1/server/bulk", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("tell what is for sale: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+m.site.APIKey)
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		return fmt.Errorf("tell what is for sale: %w", err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("tell what is for sale: the server answers %s", resp.Status)
	}
	return readResults(resp)
}

// lines returns everything the server is told, one JSON object a line.
func (m *Market) lines() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	var errs []error
	for _, s := range m.shops {
		errs = append(errs, enc.Encode(bulkLine{Participant: m.participant(s.UID, s.Name)}))
	}
	for _, p := range m.buyers {
		errs = append(errs, enc.Encode(bulkLine{Participant: m.participant(p.UID, p.Name)}))
	}
	for _, p := range m.products {
		line := &apiProduct{
			ID: p.ID, Merchant: p.Shop, Title: p.Title.both(), Amount: p.Cents, Currency: "CNY",
			Image: m.site.BaseURL + artPath(p.ID), URL: m.site.BaseURL + productPath(p.ID), Kind: "physical",
		}
		if p.Virtual {
			line.Kind = "virtual"
		}
		if p.Stock >= 0 {
			line.Stock = &p.Stock
		}
		errs = append(errs, enc.Encode(bulkLine{Product: line}))
	}
	return b.Bytes(), errors.Join(errs...)
}

func (m *Market) participant(uid string, name text) *apiParticipant {
	return &apiParticipant{UID: uid, Name: name.both(), Avatar: m.site.BaseURL + artPath(uid)}
}

// readResults fails if the server refused a line.
func readResults(resp *http.Response) error {
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		var result struct {
			Line  int  `json:"line"`
			OK    bool `json:"ok"`
			Error struct {
				Code    string `json:"code"`
				Message string `json:"message"`
			} `json:"error"`
		}
		if err := json.Unmarshal(lines.Bytes(), &result); err != nil {
			return fmt.Errorf("read what the server says: %w", err)
		}
		if !result.OK {
			return fmt.Errorf("the server refuses line %d: %s (%s)", result.Line, result.Error.Message, result.Error.Code)
		}
	}
	return lines.Err()
}
