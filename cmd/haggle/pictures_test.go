package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"

	"haggle/internal/testkit"
	"haggle/internal/testkit/s3server"
	"haggle/internal/wire"
)

// startS3 starts gofakes3, a stand-in for S3 in the test's own process, which checks
// neither signatures nor rights. It returns where it is, and what --blobs is called there.
func startS3(t *testing.T) (origin, blobs string) {
	t.Helper()
	s3, err := s3server.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(s3)
	t.Cleanup(s.Close)
	return s.URL, "s3://shop/chat?style=path&endpoint=" + url.QueryEscape(s.URL)
}

// photo is larger than a thumbnail.
func photo(t *testing.T) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 900, 700))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * i >> 7)
	}
	m.SetNRGBA(0, 0, color.NRGBA{R: 255, A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ask sends a request as somebody, to any of the servers, and decodes the answer.
func (p *person) ask(at *server, method, path, contentType string, body []byte, out any) {
	p.s.c.t.Helper()
	ctx, cancel := context.WithTimeout(p.s.c.t.Context(), clusterWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, at.base+path, bytes.NewReader(body))
	if err != nil {
		p.s.c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", contentType)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		p.s.c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		p.s.c.t.Fatalf("%s %s = %d %s, %v", method, path, resp.StatusCode, answer, err)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		p.s.c.t.Fatalf("%s %s = %s: %v", method, path, answer, err)
	}
}

// addresses returns where a picture can be fetched, as one of the servers says.
func (p *person) addresses(at *server, file string) (whole, thumb string) {
	p.s.c.t.Helper()
	var urls wire.FileURLs
	p.ask(at, http.MethodPost, "/v1/files/urls", "application/json", fmt.Appendf(nil, `{"ids":[%q]}`, file), &urls)
	refs := [2]string{urls.Files[file].URL, urls.Files[file].Thumb}
	for i, ref := range refs {
		u, err := url.Parse(ref)
		if err != nil || ref == "" {
			p.s.c.t.Fatalf("%s is at %q, %v", file, ref, err)
		}
		refs[i] = u.RequestURI()
	}
	return refs[0], refs[1]
}

// fetchPicture asks a server for what it signed, or another one did, as browsers do:
// without a token. via is where they were sent on to, "" for nowhere.
func (s *server) fetchPicture(ref string) (status int, data []byte, via string) {
	s.c.t.Helper()
	ctx, cancel := context.WithTimeout(s.c.t.Context(), clusterWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+ref, http.NoBody)
	if err != nil {
		s.c.t.Fatal(err)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(to *http.Request, _ []*http.Request) error { via = to.URL.String(); return nil },
	}
	resp, err := client.Do(req)
	if err != nil {
		s.c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if data, err = io.ReadAll(resp.Body); err != nil {
		s.c.t.Fatal(err)
	}
	return resp.StatusCode, data, via
}

// Pictures in one bucket are there at every node: whichever took them in, whichever
// signed their address, and whether or not that one still lives. What is taken back is
// gone from all.
func TestCluster_pictures(t *testing.T) {
	t.Parallel()
	c := newCluster(t, testkit.Engines()[0])
	origin, blobs := startS3(t)
	bucket := []string{"--blobs", blobs, "--s3-access-key", "AK", "--s3-secret-key", "hush"}
	a, b := c.start(bucket...), c.start(bucket...)
	sendsOn := c.start(slices.Concat(bucket, []string{"--blobs-redirect"})...)
	a.backend(http.MethodPut, "/v1/server/products/1001", mug)
	buyer, seller := a.enter("U_1", nil), b.enter("V_7", nil)

	picture := photo(t)
	var file wire.File
	buyer.ask(a, http.MethodPut, "/v1/files/photo-1", "image/png", picture, &file)
	ack := buyer.sendPicture(file.ID)
	got := seller.hear("the picture", func(f *wire.ServerFrame) bool { return f.Message != nil }).Message.Message
	if len(got.Blocks) != 1 || got.Blocks[0].Image == nil || string(got.Blocks[0].Image.File) != file.ID {
		t.Fatalf("the seller is shown %+v", got.Blocks)
	}

	whole, thumb := seller.addresses(sendsOn, file.ID) // of which the two others know nothing
	for _, ref := range []string{whole, thumb} {
		wantPicture(t, origin, ref, sendsOn, a, b)
	}

	a.stop(syscall.SIGKILL)
	buyer = b.enter("U_1", nil)
	var again wire.File // the device had no answer, and asks another node
	buyer.ask(b, http.MethodPut, "/v1/files/photo-1", "image/png", picture, &again)
	if again.ID != file.ID {
		t.Errorf("the same upload is another picture: %s and %s", file.ID, again.ID)
	}
	signedByB, _ := buyer.addresses(b, file.ID)
	for _, at := range []struct {
		s   *server
		ref string
	}{{b, whole}, {sendsOn, signedByB}} {
		if status, data, _ := at.s.fetchPicture(at.ref); status != http.StatusOK || len(data) == 0 {
			t.Errorf("without the node that took it in, %s answers %d", at.s.base, status)
		}
	}

	buyer.say(wire.ClientFrame{Recall: &wire.RecallReq{Conversation: ack.Conversation, Seq: ack.Seq}})
	seller.hear("a recall", func(f *wire.ServerFrame) bool { return f.Recall != nil && f.Recall.Recall.Seq == ack.Seq })
	c.eventually("what is taken back is gone from all", func() bool {
		one, _, _ := b.fetchPicture(whole)
		other, _, _ := sendsOn.fetchPicture(thumb)
		return one == http.StatusNotFound && other == http.StatusNotFound
	})
}

// wantPicture checks that servers have the same picture, from which browsers are sent on
// to the bucket by one of them and by no other.
func wantPicture(t *testing.T, bucket, ref string, sendsOn *server, others ...*server) {
	t.Helper()
	status, want, via := sendsOn.fetchPicture(ref)
	if status != http.StatusOK || len(want) == 0 || !strings.HasPrefix(via, bucket+"/") {
		t.Errorf("%s: %d, %d bytes, sent on to %q", ref, status, len(want), via)
	}
	for _, s := range others {
		if status, data, via := s.fetchPicture(ref); status != http.StatusOK || !bytes.Equal(data, want) || via != "" {
			t.Errorf("%s of %s: %d, %d bytes, want %d; sent on to %q", ref, s.base, status, len(data), len(want), via)
		}
	}
}

// sendPicture sends a picture to the seller of the mug.
func (p *person) sendPicture(file string) wire.Ack {
	p.s.c.t.Helper()
	id := p.say(wire.ClientFrame{Send: &wire.Send{Product: "1001", Nonce: "nonce-" + file, Blocks: []wire.DraftBlock{{Type: "image", File: file}}}})
	return *p.hear("an ack of the picture", func(f *wire.ServerFrame) bool { return f.ID == id && f.Ack != nil }).Ack
}
