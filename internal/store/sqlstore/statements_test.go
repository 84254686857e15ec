package sqlstore

import (
	"fmt"
	"strings"
	"testing"

	"haggle/internal/chat"
)

// countedConn counts what is asked of the server. What goes out together with something
// else counts by itself.
type countedConn struct {
	writerConn

	asked *[]string
}

func (c countedConn) exec(query string, args ...any) (int64, error) {
	*c.asked = append(*c.asked, query)
	return c.writerConn.exec(query, args...)
}

func (c countedConn) query(each func(row) error, query string, args ...any) error {
	*c.asked = append(*c.asked, query)
	return c.writerConn.query(each, query, args...)
}

// A batch takes as many statements for a hundred messages as for one.
func TestServerStatements(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		s := d.openAt(t, d.database(t))
		sendTogether(t, s, "first", 100)
		var asked []string
		err := s.write(t.Context(), "", func(tx) error {
			s.writer.conn = countedConn{s.writer.conn, &asked}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		counts := make(map[int]int)
		for _, n := range []int{1, 100} {
			asked = nil
			sendTogether(t, s, fmt.Sprint("of ", n), n)
			counts[n] = len(asked)
		}
		if counts[1] == 0 || counts[1] != counts[100] || counts[1] > 6 {
			t.Errorf("%d statements for one message, %d for a hundred:\n%s", counts[1], counts[100], strings.Join(asked, "\n"))
		}
	})
}

// sendTogether sends messages of as many buyers in one batch.
func sendTogether(t *testing.T, s *Store, nonce string, n int) {
	t.Helper()
	release := hold(t, s)
	done := make(chan error, n)
	for i := range n {
		go func() {
			a := draft(fmt.Sprint(nonce, i))
			a.Start.Buyer = chat.UID(fmt.Sprint("U_", i))
			a.Sender = a.Start.Buyer
			_, err := s.Append(t.Context(), a)
			done <- err
		}()
	}
	waiting(t, s, n)
	release()
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
