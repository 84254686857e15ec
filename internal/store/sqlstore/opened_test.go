package sqlstore

import "testing"

// CloseWithTest takes what opening a store returned, and has it closed with the test.
func CloseWithTest(t testing.TB, s *Store, err error) *Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
