package main

import (
	"fmt"
	"os"
	"testing"

	"haggle/internal/testkit"
)

// The words that are stored past the store are those that it stores itself, each in its place.
func TestFillWords(t *testing.T) {
	testkit.Need(t, testkit.HasMariaDB(), testkit.ErrNoMariaDB)
	dir, err := openTemp()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	e, err := openEngine(t.Context(), "mariadb", dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.close(); err != nil {
			t.Error(err)
		}
	}()
	e.perStretch = merchants
	fillUp(t, e, true)
	fillUp(t, e, true)
	want := wordsIn(t, e)
	for _, table := range []string{"search_words", "search_rows"} {
		if _, err := e.db.ExecContext(t.Context(), "DELETE FROM "+table); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.fillWords(t.Context(), 0, 1); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time some are there
		if err := e.fillWords(t.Context(), 0, 2); err != nil {
			t.Fatal(err)
		}
		if got := wordsIn(t, e); got != want {
			t.Errorf("stored past the store: %s, by the store: %s", got, want)
		}
	}
}

// wordsIn tells what is in the tables of words, whatever the order.
func wordsIn(t *testing.T, e *engine) string {
	t.Helper()
	var n, words, places int64
	err := e.db.QueryRowContext(t.Context(), "SELECT COUNT(*), SUM(CRC32(CONCAT_WS(' ', owner, HEX(word), place, nth))) FROM search_words").Scan(&n, &words)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.db.QueryRowContext(t.Context(), "SELECT SUM(CRC32(CONCAT_WS(' ', id, conversation, seq))) FROM search_rows").Scan(&places); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d words with the sum %d, places with the sum %d", n, words, places)
}
