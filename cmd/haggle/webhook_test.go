package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hookShop is a shop's backend that is told by webhook.
type hookShop struct {
	mu    sync.Mutex
	posts []string // what arrived: the header Haggle-Id, a blank, and the body if it is signed, else "unsigned"

	secret string // file that holds it
}

func (h *hookShop) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	secret, _ := os.ReadFile(h.secret)
	mac := hmac.New(sha256.New, bytes.TrimSpace(secret))
	mac.Write([]byte(r.Header.Get("Haggle-Timestamp") + "." + string(body)))
	post := r.Header.Get("Haggle-Id") + " unsigned"
	if r.Header.Get("Haggle-Signature") == "v1="+hex.EncodeToString(mac.Sum(nil)) {
		post = r.Header.Get("Haggle-Id") + " " + string(body)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.posts = append(h.posts, post)
}

// hookKey is where a script has its shop.
type hookKey struct{}

// webhookCommands are what scripts about webhooks can do.
func webhookCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"hookshop": startHookShop,
		"hooked":   hooked,
		"send":     send,
	}
}

// hookshop VAR FILE starts a shop that verifies with the secret in FILE, and sets VAR
// to its address.
func startHookShop(ts *testscript.TestScript, _ bool, args []string) {
	h := &hookShop{secret: ts.MkAbs(args[1])}
	s := httptest.NewServer(h)
	ts.Defer(s.Close)
	shops, _ := ts.Value(hookKey{}).(*sync.Map)
	shops.Store(args[0], h)
	ts.Setenv(args[0], s.URL)
}

// hooked VAR N PATTERN waits until the shop has been told N times, and wants the last
// one to match.
func hooked(ts *testscript.TestScript, _ bool, args []string) {
	shops, _ := ts.Value(hookKey{}).(*sync.Map)
	found, _ := shops.Load(args[0])
	h, ok := found.(*hookShop)
	n, err := strconv.Atoi(args[1])
	if ts.Check(err); !ok {
		ts.Fatalf("there is no shop %s", args[0])
	}
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		h.mu.Lock()
		posts := h.posts
		h.mu.Unlock()
		if len(posts) > n {
			ts.Fatalf("the shop was told %d times, want %d: %q", len(posts), n, posts)
		}
		if n == 0 {
			return
		}
		if len(posts) == n {
			if !regexp.MustCompile(args[2]).MatchString(posts[n-1]) {
				ts.Fatalf("the shop was told %s, want %s", posts[n-1], args[2])
			}
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("the shop was told %d times, want %d: %q", len(posts), n, posts)
		}
		<-tick.C
	}
}

// send METHOD URL TOKENFILE BODY sends JSON and wants it taken.
func send(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, args[0], args[1], strings.NewReader(args[3]))
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[2])))
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }() // only read
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if resp.StatusCode >= http.StatusMultipleChoices {
		ts.Fatalf("%s %s answers %d: %s", args[0], args[1], resp.StatusCode, body)
	}
}
