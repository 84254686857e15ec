package rest

import (
	"io"
	"strings"
	"testing"

	"haggle/internal/chat"
)

// Whatever is sent as a form, what comes of it is a file that is in there from its first
// byte to its last, or a refusal; and no more is read to find it than may come before it.
func FuzzOpenFile(f *testing.F) {
	const head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n"
	for _, body := range []string{
		"",
		"--b--",
		head + "\r\nbytes\r\n--b--\r\n",
		head + "Content-Transfer-Encoding: quoted-printable\r\n\r\nby=74es\r\n--b--\r\n",
		"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n" + head + "\r\nbytes\r\n--b\r\n",
		head + "\r\n\r\n--bytes\r\n--b-\r\n--b",
		head[:40],
		"--b\n" + strings.Repeat("X: y\n", 2000),
		strings.Repeat("x", formBytes) + "\r\n" + head + "\r\nbytes\r\n--b--\r\n",
	} {
		f.Add(body, "b")
	}
	f.Fuzz(func(t *testing.T, body, boundary string) {
		sent := strings.NewReader(body)
		file, err := openFile(sent, boundary)
		if read := len(body) - sent.Len(); read > formBytes {
			t.Errorf("%d bytes are read to find a file", read)
		}
		if err != nil {
			if kind := chat.KindOf(err); kind != chat.Invalid && kind != chat.TooLarge {
				t.Errorf("%v: kind %v", err, kind)
			}
			return
		}
		data, err := io.ReadAll(file)
		if err != nil {
			return
		}
		cut := "--" + boundary
		if len(data) > 0 {
			cut = "\n" + cut
		}
		if got := string(data); !strings.Contains(body, got+cut) && !strings.Contains(body, got+"\r"+cut) {
			t.Errorf("the file is %q, which the form does not have, or has no end of", got)
		}
	})
}
