package wechat

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
	"haggle/internal/media"
	"haggle/internal/store/sqlstore"
	"haggle/internal/wechat/standin"
)

type freely struct{}

func (freely) Allow(chat.Action, chat.Actor) error { return nil }

// write answers with bytes of a type.
func write(contentType, data string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, data)
	}
}

func redirect(to string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}
}

// endless writes for as long as anybody reads.
func endless(w http.ResponseWriter, _ *http.Request) {
	chunk := bytes.Repeat([]byte("\xff\xd8\xff\xe0"), 16<<10)
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// The eleventh attack: what WeChat hands over is anything but a picture. It ends in a
// refusal with a code, and nothing is kept.
func TestAttack11_WeChatMediaIsNoPicture(t *testing.T) {
	dir := t.TempDir()
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(dir, "haggle.db"))
	if err != nil {
		t.Fatal(err)
	}
	disk, err := media.OpenDisk(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(disk.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	}()
	limits := chat.DefaultLimits()
	uploads := media.NewService(store, disk, freely{}, media.NewLine(limits), limits, slog.New(slog.DiscardHandler))
	w := standin.New(appID, secret)
	c := client(w, store)
	var img bytes.Buffer
	if err := png.Encode(&img, image.NewRGBA(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	take := func(id string) error {
		data, err := c.Media(t.Context(), id)
		if err == nil {
			_, err = uploads.Upload(t.Context(), chat.Actor{UID: "U_1"}, chat.Nonce(id), data)
		}
		return err
	}
	for _, a := range []struct {
		name string
		with func(http.ResponseWriter, *http.Request)
		code string
	}{
		{"error-as-json", write("application/json", `{"errcode":40007,"errmsg":"invalid media_id"}`), "wechat_media_invalid"},
		{"error-as-text", write("text/plain", ` {"errcode":40007,"errmsg":"invalid media_id"}`), "wechat_media_invalid"},
		{"error-as-picture", write("image/jpeg", `{"errcode":40007,"errmsg":"invalid media_id"}`), "wechat_media_invalid"},
		{"busy", write("application/json", `{"errcode":-1,"errmsg":"system error"}`), "wechat_unavailable"},
		{"video", write("application/json", `{"video_url":"http://127.0.0.1/x"}`), "unsupported_image"},
		{"html", write("image/jpeg", "<!doctype html><script>alert(1)</script>"), "unsupported_image"},
		{"svg", write("image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "unsupported_image"},
		{"php", write("image/png", "<?php system('id'); ?>"), "unsupported_image"},
		{"voice", write("audio/amr", "#!AMR\n"), "unsupported_image"},
		{"empty", write("image/jpeg", ""), "unsupported_image"},
		{"half", write("image/png", img.String()[:40]), "broken_image"},
		{"two-hundred-megabytes", endless, "upload_too_large"},
		{"to-this-machine", redirect("http://127.0.0.1:1/"), "wechat_unavailable"},
		{"to-the-metadata", redirect("http://169.254.169.254/latest/meta-data/"), "wechat_unavailable"},
		{"status-500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "wechat_unavailable"},
	} {
		w.Answer(a.name, a.with)
		if err := take(a.name); chat.AsError(err).Code != a.code {
			t.Errorf("%s: %v with code %q, want %q", a.name, err, chat.AsError(err).Code, a.code)
		}
	}
	if files, err := store.UnattachedFiles(t.Context(), time.Now().Add(time.Hour), 10); err != nil || len(files) > 0 {
		t.Errorf("%d files are kept, %v", len(files), err)
	}
	err = filepath.WalkDir(filepath.Join(dir, "files"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			t.Errorf("%s is kept", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	// And what is a picture is taken.
	id := w.Put("image/jpeg", img.Bytes())
	if err := take(id); err != nil {
		t.Errorf("a picture: %v", err)
	}
}

// A medium that comes a byte at a time is given up.
func TestAttack11_WeChatMediaDrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := standin.New(appID, secret)
		w.Answer("drip", func(rw http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := rw.Write([]byte{0xff}); err != nil {
					return
				}
				select {
				case <-time.After(time.Second):
				case <-r.Context().Done():
				}
			}
		})
		start := time.Now()
		_, err := client(w, newTickets()).Media(context.WithoutCancel(t.Context()), "drip")
		synctest.Wait()
		if chat.AsError(err).Code != "wechat_unavailable" || time.Since(start) > mediaWithin+time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
