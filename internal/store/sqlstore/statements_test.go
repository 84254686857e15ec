package sqlstore

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// A batch takes as many statements for a hundred messages, or marks, as for one. Of what is
// taken back each takes its own: how many is said in docs/adr/0002-group-commit.md.
func TestServerStatements(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		s := d.openAt(t, d.database(t))
		const most = 100
		send(t, s, "first", most)
		var asked []string
		err := s.write(t.Context(), "", func(tx) error {
			s.writer.conn = countedConn{s.writer.conn, &asked}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		count := func(do func(n int)) (one, many int) {
			counts := make(map[int]int)
			for _, n := range []int{1, most} {
				asked = nil
				do(n)
				counts[n] = len(asked)
			}
			return counts[1], counts[most]
		}
		var sent []chat.Message
		one, many := count(func(n int) { sent = send(t, s, fmt.Sprint("of ", n), n) })
		if one == 0 || one != many || one > 6 {
			t.Errorf("%d statements for one message, %d for a hundred:\n%s", one, many, strings.Join(asked, "\n"))
		}
		one, many = count(func(n int) {
			together(t, s, n, func(i int) error {
				m := sent[len(sent)-1-i]
				_, err := s.Advance(t.Context(), []chat.Mark{{Conversation: m.Conversation, Side: chat.MerchantSide, Read: m.Seq - 1}})
				return err
			})
		})
		if one == 0 || one != many || one > 6 {
			t.Errorf("%d statements for one mark, %d for a hundred:\n%s", one, many, strings.Join(asked, "\n"))
		}
		indexAll(t, s)
		each := map[string]int{"postgres": 5, "mariadb": 7}[d.name]
		asked = nil
		together(t, s, most, func(i int) error {
			_, err := s.Recall(t.Context(), chat.RecallRequest{
				Conversation: sent[i].Conversation, Seq: sent[i].Seq, By: sent[i].Sender, At: sent[i].SentAt, NotBefore: time.UnixMilli(1),
			})
			return err
		})
		if rest := len(asked) - each*most; rest < 1 || rest > 6 {
			t.Errorf("%d statements for a hundred that are taken back, want %d each and a few for all:\n%s", len(asked), each, strings.Join(asked[:20], "\n"))
		}
	})
}

// send sends messages of as many buyers in one batch.
func send(t *testing.T, s *Store, nonce string, n int) []chat.Message {
	t.Helper()
	sent := make([]chat.Message, n)
	together(t, s, n, func(i int) error {
		a := draft(fmt.Sprint(nonce, i))
		a.Start.Buyer = chat.UID(fmt.Sprint("U_", i))
		a.Sender = a.Start.Buyer
		r, err := s.Append(t.Context(), a)
		sent[i] = r.Message
		return err
	})
	return sent
}

// together has that many writes share a batch.
func together(t *testing.T, s *Store, n int, write func(i int) error) {
	t.Helper()
	release := hold(t, s)
	done := make(chan error, n)
	for i := range n {
		go func() { done <- write(i) }()
	}
	waiting(t, s, n)
	release()
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
